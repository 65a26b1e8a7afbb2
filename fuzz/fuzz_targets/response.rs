//! See `viseme::fuzzing::response`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| viseme::fuzzing::response(data));
