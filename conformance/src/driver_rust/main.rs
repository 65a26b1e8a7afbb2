//! The driver of the Rust client: runs the operations of the harness and reports their outcomes.
//!
//! The harness starts it and passes its address in the environment. `--mutant NAME` adds one
//! deliberate bug, which the suite must detect.
#![allow(clippy::print_stderr, reason = "the harness records stderr")]

mod clients;
mod inputs;
mod logs;
mod mutant;
mod operations;
mod values;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use clap::Parser;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, mpsc, oneshot};
use viseme_conformance::protocol::{ADDRESS, FromDriver, Hello, Outcome, Run, ToDriver, VERSION};

use clients::Clients;
use logs::Logs;
use mutant::{Mutant, Proxy};

/// Every feature of this driver. profiles/rust.yaml has the same list.
const FEATURES: &[&str] = &[
    "run",
    "run_many",
    "check",
    "validate",
    "upload",
    "presigned_uploads",
    "submit",
    "job_wait",
    "job_updates",
    "job_refresh",
    "download",
    "download_outputs",
    "recover",
    "history",
    "models",
    "price",
    "balance",
    "delete",
    "webhook_verify",
    "webhook_receive",
    "set_api_key",
    "any_model",
    "media_path",
    "media_bytes",
    "media_url",
    "media_checks",
    "sync",
    "base64",
    "webhook",
    "request_headers",
    "before_submit",
    "save_record",
    "ledger",
    "deadline",
    "request_timeout",
    "pacing",
    "learned_pacing",
    "retry_settings",
    "recovery",
    "submit_limits",
    "client_name",
    "progress",
    "logs",
    "error_codes",
    "error_attributes",
    "cancel",
    "virtual_clock",
    "parallel",
];

/// The driver of the Rust client.
#[derive(Parser)]
struct Arguments {
    /// Run with this deliberate bug
    #[arg(long)]
    mutant: Option<Mutant>,
    /// Violate the protocol in this way
    #[arg(long)]
    misbehavior: Option<Misbehavior>,
}

/// A violation of the driver protocol, for tests of the harness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Misbehavior {
    /// Lists a feature that is not in the profile.
    Hello,
    /// Exits in the middle of a case of the group `failing`.
    Crash,
    /// Never outcomes a case of the group `failing`.
    Silence,
    /// Sends an outcome without a value, for a case of the group `failing`.
    InvalidMessage,
}

/// The state that all operations share.
struct Shared {
    clients: Clients,
    logs: Logs,
    /// The operations in progress, by id. Sending cancels the operation.
    in_progress: Mutex<HashMap<String, oneshot::Sender<()>>>,
    mutant: Option<Mutant>,
    proxy: OnceCell<Proxy>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run_driver(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run_driver(arguments: Arguments) -> Result<()> {
    let address = std::env::var(ADDRESS).with_context(|| format!("{ADDRESS} is not set"))?;
    let stream = TcpStream::connect(&address).await.context(address)?;
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let (outcomes, mut outbox) = mpsc::unbounded_channel::<FromDriver>();
    let writing = tokio::spawn(async move {
        while let Some(message) = outbox.recv().await {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            writer.write_all(&line).await?;
        }
        anyhow::Ok(())
    });
    let mut hello = introduction();
    if arguments.misbehavior == Some(Misbehavior::Hello) {
        hello.features.push("media_stream".to_owned());
    }
    outcomes.send(FromDriver::Hello(hello))?;
    let shared = Arc::new(Shared {
        clients: Clients::default(),
        logs: Logs::install(),
        in_progress: Mutex::default(),
        mutant: arguments.mutant,
        proxy: OnceCell::new(),
    });
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line).context("invalid message")? {
            ToDriver::Run(run) => {
                match arguments.misbehavior.filter(|_| run.case.starts_with("failing/")) {
                    Some(Misbehavior::Crash) => std::process::exit(3),
                    Some(Misbehavior::Silence) => {}
                    Some(Misbehavior::InvalidMessage) => {
                        let invalid = Outcome { id: run.id, ..Outcome::default() };
                        outcomes.send(FromDriver::Outcome(Box::new(invalid)))?;
                    }
                    Some(Misbehavior::Hello) | None => start(&shared, *run, outcomes.clone()),
                }
            }
            ToDriver::Cancel { id } => drop(shared.in_progress().remove(&id)),
            ToDriver::Close { client } => shared.clients.close(&client),
            ToDriver::Bye => break,
        }
    }
    drop(outcomes);
    writing.abort();
    Ok(())
}

fn introduction() -> Hello {
    Hello {
        protocol: VERSION,
        name: "rust".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        language: "rust".to_owned(),
        features: FEATURES.iter().map(|feature| (*feature).to_owned()).collect(),
    }
}

/// Runs an operation in its own task, until it ends or is cancelled.
fn start(shared: &Arc<Shared>, run: Run, outcomes: mpsc::UnboundedSender<FromDriver>) {
    let (cancel, cancelled) = oneshot::channel();
    shared.in_progress().insert(run.id.clone(), cancel);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let id = run.id.clone();
        let mut outcome = if run.cancelled_before {
            // Created and dropped without being polled, as a user's future can be.
            drop(operations::execute(&shared.clients, run));
            cancelled_outcome()
        } else if shared.mutant == Some(Mutant::PollAfterCancel) {
            let task = Arc::clone(&shared);
            let work = tokio::spawn(async move { operations::execute(&task.clients, run).await });
            tokio::select! {
                outcome = work => outcome.unwrap_or_default(),
                _ = cancelled => cancelled_outcome(),
            }
        } else {
            tokio::select! {
                outcome = execute(&shared, run) => outcome,
                _ = cancelled => cancelled_outcome(),
            }
        };
        shared.in_progress().remove(&id);
        outcome.id = id;
        outcome.logs.extend(shared.logs.take());
        // The harness may have exited.
        let _ = outcomes.send(FromDriver::Outcome(Box::new(outcome)));
    });
}

/// Runs an operation, with the bug of the mutant if there is one.
async fn execute(shared: &Shared, mut run: Run) -> Outcome {
    let Some(mutant) = shared.mutant else {
        return operations::execute(&shared.clients, run).await;
    };
    mutant.alter_run(&mut run);
    if let Some(client) = run.client.as_mut().filter(|_| mutant.alters_traffic()) {
        let upstream = client.base_url.clone();
        match shared.proxy.get_or_try_init(|| Proxy::start(mutant, &upstream)).await {
            Ok(proxy) => client.base_url = proxy.url(),
            Err(error) => {
                return Outcome { driver_error: Some(error.to_string()), ..Outcome::default() };
            }
        }
    }
    let mut outcome = operations::execute(&shared.clients, run.clone()).await;
    let failed = outcome.error.as_ref().is_some_and(|it| it.code.as_deref() == Some("job_failed"));
    if mutant == Mutant::RerunFailedJobs && failed {
        outcome = operations::execute(&shared.clients, run.clone()).await;
    }
    mutant.alter_outcome(&run, &mut outcome);
    outcome
}

fn cancelled_outcome() -> Outcome {
    Outcome {
        cancelled: Some(serde_json::json!({"class": "dropped future"})),
        ..Outcome::default()
    }
}

impl Shared {
    fn in_progress(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.in_progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
