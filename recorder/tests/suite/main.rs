//! Records the mock server through real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]
#![allow(unreachable_pub, reason = "the modules of a test are not public")]

mod bodies;
mod failures;
mod flows;
mod process;
mod secrets;
mod support;
