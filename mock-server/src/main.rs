//! `viseme-mock`: the mock server as a program.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to its user")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::json;
use viseme_mock::{DEFAULT_KEY, MockServer, Scenario};

/// A mock of WaveSpeedAI's API on this machine.
///
/// The first line on standard output is JSON: {"url": …, "port": …, "version": …, "key": …}.
#[derive(Parser)]
#[command(name = "viseme-mock", version)]
struct Arguments {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// The address to listen on. Other machines can reach any but a loopback address.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// A scenario in YAML or JSON for the world of the key `mock-key`.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,

    /// Let webhooks go to other machines; by default they go to this one alone.
    #[arg(long)]
    remote_webhooks: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run a command with WAVESPEED_BASE_URL and WAVESPEED_API_KEY set to the mock; end with it.
    Exec {
        /// The command and its arguments.
        #[arg(trailing_var_arg = true, required = true, allow_hyphen_values = true)]
        command: Vec<std::ffi::OsString>,
    },
}

// One thread is enough for a mock, and keeps it small.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let scenario = match &arguments.scenario {
        Some(path) => read_scenario(path)?,
        None => Scenario::default(),
    };
    let address = SocketAddr::new(arguments.host, arguments.port);
    let server = MockServer::builder()
        .address(address)
        .scenario(scenario)
        .remote_webhooks(arguments.remote_webhooks)
        .start()
        .await
        .map_err(|error| format!("Cannot listen on {address}: {error}."))?;
    match arguments.command {
        Some(Command::Exec { command }) => execute(&server, &command).await,
        None => {
            // Before the first line: who reads it may ask for the end at once.
            let stop = listen_for_stop().map_err(|error| error.to_string())?;
            println!(
                "{}",
                json!({
                    "url": server.url(),
                    "port": server.port(),
                    "version": env!("CARGO_PKG_VERSION"),
                    "key": DEFAULT_KEY,
                })
            );
            stop.await;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Listens for Ctrl-C, and on Unix for SIGTERM too, with which supervisors end programs; the future
/// waits for either.
#[cfg(unix)]
fn listen_for_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Listens for Ctrl-C.
#[cfg(not(unix))]
fn listen_for_stop() -> std::io::Result<impl Future<Output = ()>> {
    let interrupt = tokio::signal::ctrl_c();
    // Without a handler the interrupt ends the process by itself.
    Ok(async move {
        if interrupt.await.is_err() {
            std::future::pending().await
        }
    })
}

fn read_scenario(path: &Path) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("Cannot read the scenario {}: {error}.", path.display()))?;
    Scenario::parse(&text)
}

async fn execute(server: &MockServer, command: &[std::ffi::OsString]) -> Result<ExitCode, String> {
    let (program, rest) = command.split_first().ok_or("No command was given.")?;
    let status = tokio::process::Command::new(program)
        .args(rest)
        .env("WAVESPEED_BASE_URL", server.url())
        .env("WAVESPEED_API_KEY", DEFAULT_KEY)
        .status()
        .await
        .map_err(|error| format!("Cannot run {}: {error}.", program.to_string_lossy()))?;
    Ok(ExitCode::from(exit_code(status)))
}

/// The command's exit code; where a signal ended it, 128 and the signal, as shells have it.
fn exit_code(status: std::process::ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let signal = None;
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
