//! See `dubbing/tests/suite/any_input.rs`.
#![no_main]

#[path = "../../dubbing/tests/suite/any_input.rs"]
mod any_input;

libfuzzer_sys::fuzz_target!(|data: &[u8]| any_input::dub_any(data));
