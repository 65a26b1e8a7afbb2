//! See `viseme::fuzzing::headers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| viseme::fuzzing::headers(data));
