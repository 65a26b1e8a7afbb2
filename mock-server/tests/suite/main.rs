//! Tests of the mock server over real sockets, with HTTP clients and raw connections.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on says so by failing"
)]

mod support;

mod access;
mod account;
mod auth;
mod clocks;
mod control;
mod documentation;
mod downloads;
mod dubbing;
mod events;
mod faults_content;
mod faults_request;
mod faults_status;
mod faults_wire;
mod history;
mod immediate;
mod journal;
mod ledger;
mod limits;
mod pages;
mod program;
mod records;
mod submit;
mod sync_mode;
mod uploads;
mod webhooks;
mod worlds;
