//! The MCP server of Viseme: an agent checks, prices, runs and downloads lip-syncs as tools.
//!
//! - **A paid run needs a confirmed price.** The tool `run` asks the user through the client if the client
//!   can, and otherwise returns the price, which the next call must confirm.
//! - **A key pays for one job.** Each run has an idempotency key in a [ledger](viseme::ledger), so a call
//!   that is repeated after a cancellation or a crash returns the same job.
//! - **Only allowed folders are read and written**, and no file is replaced.
//!
//! `viseme mcp` serves it on standard input and output.

mod arguments;
mod call;
mod confirm;
mod folders;
mod input;
mod job;
mod media_tools;
mod output;
mod query_tools;
mod run;
mod schema;
mod server;
mod state;
mod tool_error;
mod tools;
mod uploads;

pub use server::{ServeError, serve, standard_streams};
pub use state::Settings;
