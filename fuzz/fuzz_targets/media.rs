//! See `viseme::fuzzing::media`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| viseme::fuzzing::media(data));
