//! Tests of the client through real sockets, against the mock server. One binary, because linking is
//! most of the time that building tests takes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and may print what it measured"
)]

#[path = "../../examples/webhook_receiver.rs"]
mod example;
#[path = "../media/media_files/mod.rs"]
#[allow(dead_code, reason = "the other test binary uses the rest")]
mod media_files;
mod media_server;
mod support;

mod account;
mod billing_safety;
mod downloads;
mod fuzz_corpus;
mod http2;
mod learned_pacing;
mod lifecycle;
mod models;
mod network;
mod pacing_file;
mod polling;
mod rate_limit;
mod recovery;
mod recovery_history;
mod remote_media;
mod remote_media_hostile;
mod remote_media_runs;
mod run_many;
mod secrets;
mod submit_safety;
mod sync_and_base64;
mod unusual_responses;
mod uploads;
mod webhooks;
