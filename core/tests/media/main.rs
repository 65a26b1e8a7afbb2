//! Tests of the media checks and of the model descriptions. They need no server.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and may print what it measured"
)]

mod media_files;

mod corrupt;
mod hostile;
mod images;
mod model_docs;
mod probe;
mod range_probe;
mod real_world;
mod verdicts;
