//! What a ledger promises, in a file and in a database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[macro_use]
mod place;

mod broken;
mod commit_cost;
mod cost_limit;
mod crashes;
mod files;
mod idempotency;
mod rules;
