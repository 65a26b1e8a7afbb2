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

    /// End when standard input ends: with the program that started this one, however that ends.
    #[arg(long)]
    end_with_stdin: bool,

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
    // Before the first line: who has read it may ask to stop at once.
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
                    () = stop.asked() => {}
                    () = end_of_stdin() => {}
                }
                // The thread that reads would be waited for.
                std::process::exit(0);
            }
            stop.asked().await;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads standard input to its end, on a thread, as it may block.
async fn end_of_stdin() {
    // Whatever the error, there is nothing more to come.
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
    let (program, rest) = command.split_first().ok_or("No command was given.")?;
    let cannot =
        |error: std::io::Error| format!("Cannot run {}: {error}.", program.to_string_lossy());
    let mut child = tokio::process::Command::new(program)
        .args(rest)
        .env("WAVESPEED_BASE_URL", server.url())
        .env("WAVESPEED_API_KEY", DEFAULT_KEY)
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    let status = tokio::select! {
        status = child.wait() => status,
        () = stop.asked_but_by_terminal() => {
            child.kill().await.map_err(cannot)?;
            child.wait().await
        }
    };
    Ok(ExitCode::from(exit_code(status.map_err(cannot)?)))
}

/// The command's exit code; where a signal ended it, 128 and the signal, as shells have it.
fn exit_code(status: std::process::ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let signal = None;
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The wish that the program stops: Ctrl-C, and on Unix SIGTERM, with which supervisors end
/// programs.
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
    async fn asked(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Ctrl-C goes to the command as well, which decides by itself.
    #[cfg(unix)]
    async fn asked_but_by_terminal(mut self) {
        self.terminate.recv().await;
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn asked(self) {
        // Without a handler the system ends the program by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }

    #[cfg(not(unix))]
    async fn asked_but_by_terminal(self) {
        std::future::pending().await
    }
}
