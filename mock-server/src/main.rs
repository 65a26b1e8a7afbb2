//! The program `viseme-mock`.
#![allow(clippy::print_stderr, reason = "a program prints")]

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use viseme_mock::{DEFAULT_KEY, MockArgs, MockCommand, Signals, exec};

/// An exchange makes some dozen small allocations, most of which the journal frees much later.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Run a mock of WaveSpeedAI's API on this machine.
///
/// The first line on standard output is JSON: {"url": …, "port": …, "version": …, "key": …}.
#[derive(Parser)]
#[command(name = "viseme-mock", version)]
struct Arguments {
    #[command(flatten)]
    mock: MockArgs,
}

// One thread is enough, and uses little memory.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse().mock).await {
        Ok(code) => code.into(),
        Err((code, message)) => {
            eprintln!("error: {message}");
            code.into()
        }
    }
}

async fn run(arguments: MockArgs) -> Result<u8, (u8, String)> {
    // Before the first line: its reader may send a signal at once.
    let mut signals = Signals::listen().map_err(|error| (1, error.to_string()))?;
    let server = arguments.server.start().await.map_err(|message| (1, message))?;
    if let Some(MockCommand::Exec { command }) = &arguments.command {
        let executed = exec(&server, command, signals).await;
        return executed.map_err(|error| (error.code, error.message));
    }
    let hello = json!({
        "url": server.url(),
        "port": server.port(),
        "version": env!("CARGO_PKG_VERSION"),
        "key": DEFAULT_KEY,
    });
    let mut output = std::io::stdout();
    // The server runs even if nobody reads the line.
    let _ = writeln!(output, "{hello}").and_then(|()| output.flush());
    arguments.stopped(&mut signals).await;
    Ok(0)
}
