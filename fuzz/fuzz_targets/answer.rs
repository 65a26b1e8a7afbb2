//! See `viseme::fuzzing::answer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| viseme::fuzzing::answer(data));
