//! See `viseme::fuzzing::webhook`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| viseme::fuzzing::webhook(data));
