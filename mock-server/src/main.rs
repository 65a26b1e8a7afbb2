//! The program `viseme-mock`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::json;
use viseme_mock::{DEFAULT_KEY, MockServer, Scenario};

/// Run a mock of WaveSpeedAI's API on this machine.
///
/// The first line on standard output is JSON: {"url": …, "port": …, "version": …, "key": …}.
#[derive(Parser)]
#[command(name = "viseme-mock", version)]
struct Arguments {
    /// The port to listen on; 0 for a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// The address to listen on. Other machines can connect to any but a loopback address.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// A scenario file in YAML or JSON, for the key `mock-key`.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,

    /// Allow webhooks to other machines; by default they are sent to this machine only.
    #[arg(long)]
    remote_webhooks: bool,

    /// Stop when standard input ends, for example because the parent process ended.
    #[arg(long)]
    end_with_stdin: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run a command with WAVESPEED_BASE_URL and WAVESPEED_API_KEY set to the mock; stop with it.
    Exec {
        /// The command and its arguments.
        #[arg(trailing_var_arg = true, required = true, allow_hyphen_values = true)]
        command: Vec<std::ffi::OsString>,
    },
}

// One thread is enough, and uses little memory.
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
    // Before the first line: its reader may send a signal at once.
    let stop = Stop::listen().map_err(|error| error.to_string())?;
    let server = MockServer::builder()
        .address(address)
        .scenario(scenario)
        .remote_webhooks(arguments.remote_webhooks)
        .start()
        .await
        .map_err(|error| format!("Cannot listen on {address}: {error}."))?;
    match arguments.command {
        Some(Command::Exec { command }) => execute(&server, &command, stop).await,
        None => {
            println!(
                "{}",
                json!({
                    "url": server.url(),
                    "port": server.port(),
                    "version": env!("CARGO_PKG_VERSION"),
                    "key": DEFAULT_KEY,
                })
            );
            if arguments.end_with_stdin {
                tokio::select! {
                    () = stop.requested() => {}
                    () = end_of_stdin() => {}
                }
                // A normal return would wait for the thread that reads.
                std::process::exit(0);
            }
            stop.requested().await;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads standard input to its end, on a thread because it blocks.
async fn end_of_stdin() {
    // After an error there is nothing more to read.
    let read = || drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
    drop(tokio::task::spawn_blocking(read).await);
}

fn read_scenario(path: &Path) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("Cannot read the scenario {}: {error}.", path.display()))?;
    Scenario::parse(&text)
}

async fn execute(
    server: &MockServer,
    command: &[std::ffi::OsString],
    stop: Stop,
) -> Result<ExitCode, String> {
    let (program, arguments) = command.split_first().ok_or("No command was given.")?;
    let cannot =
        |error: std::io::Error| format!("Cannot run {}: {error}.", program.to_string_lossy());
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env("WAVESPEED_BASE_URL", server.url())
        .env("WAVESPEED_API_KEY", DEFAULT_KEY)
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    let status = tokio::select! {
        status = child.wait() => status,
        () = stop.terminated() => {
            child.kill().await.map_err(cannot)?;
            child.wait().await
        }
    };
    Ok(ExitCode::from(exit_code(status.map_err(cannot)?)))
}

/// Returns the command's exit code; 128 plus the signal if a signal ended it, as shells do.
fn exit_code(status: std::process::ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let signal = None;
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The signals that stop the program: Ctrl-C, and SIGTERM on Unix.
struct Stop {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn requested(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for SIGTERM alone: Ctrl-C reaches the command too, which handles it.
    #[cfg(unix)]
    async fn terminated(mut self) {
        self.terminate.recv().await;
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn requested(self) {
        // Without a handler, Ctrl-C ends the program anyway.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }

    #[cfg(not(unix))]
    async fn terminated(self) {
        std::future::pending().await
    }
}
