//! Puts voices into videos that ffmpeg made, and lets ffmpeg decode the results.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod any_input;
mod fuzz_corpus;
mod hostile;
mod lengths;
mod matrix;
mod media;
mod memory;
mod unusable;
