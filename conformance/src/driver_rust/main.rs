//! The driver of the Rust client: does what the harness says, and reports what it saw.
//!
//! It is started by the harness, which says in the environment where it listens. `--mutant NAME`
//! spoils one thing on purpose, so that the suite can show that it notices.
#![allow(clippy::print_stderr, reason = "what it cannot do is told where the harness keeps it")]

mod clients;
mod inputs;
mod logs;
mod mutant;
mod ops;
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

/// Every feature of this driver; profiles/rust.yaml says the same.
const FEATURES: &[&str] = &[
    "run",
    "run_many",
    "check",
    "validate",
    "upload",
    "upload_tickets",
    "submit",
    "job_wait",
    "job_updates",
    "job_refresh",
    "download",
    "recover",
    "history",
    "models",
    "price",
    "balance",
    "delete",
    "webhook_verify",
    "webhook_receive",
    "any_model",
    "media_path",
    "media_bytes",
    "media_url",
    "media_checks",
    "sync",
    "base64",
    "webhook",
    "deadline",
    "request_timeout",
    "pacing",
    "retry_settings",
    "recovery",
    "submit_limits",
    "client_name",
    "progress",
    "logs",
    "error_codes",
    "error_attributes",
    "cancel",
    "lockstep",
    "parallel",
];

/// The driver of the Rust client.
#[derive(Parser)]
struct Arguments {
    /// Be wrong in this way
    #[arg(long)]
    mutant: Option<Mutant>,
    /// Fail the harness in this way
    #[arg(long)]
    slip: Option<Slip>,
}

/// How a driver may fail the harness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Slip {
    /// Claims a feature that its profile does not name.
    Hello,
    /// Ends in the middle of a case about trouble.
    Crash,
    /// Never answers a case about trouble.
    Silence,
    /// Says something that is no message.
    Garbage,
}

/// What all operations share.
struct Shared {
    clients: Clients,
    logs: Logs,
    /// Operations under way, by id: sending cancels.
    open: Mutex<HashMap<String, oneshot::Sender<()>>>,
    mutant: Option<Mutant>,
    proxy: OnceCell<Proxy>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match drive(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn drive(arguments: Arguments) -> Result<()> {
    let address = std::env::var(ADDRESS).with_context(|| format!("{ADDRESS} is not set"))?;
    let stream = TcpStream::connect(&address).await.context(address)?;
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let (answers, mut outbox) = mpsc::unbounded_channel::<FromDriver>();
    let writing = tokio::spawn(async move {
        while let Some(message) = outbox.recv().await {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            writer.write_all(&line).await?;
        }
        anyhow::Ok(())
    });
    let mut greeting = hello();
    if arguments.slip == Some(Slip::Hello) {
        greeting.features.push("media_stream".to_owned());
    }
    answers.send(FromDriver::Hello(greeting))?;
    let shared = Arc::new(Shared {
        clients: Clients::default(),
        logs: Logs::install(),
        open: Mutex::default(),
        mutant: arguments.mutant,
        proxy: OnceCell::new(),
    });
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line).context("a message that is none")? {
            ToDriver::Run(run) => match arguments.slip.filter(|_| run.case.starts_with("trouble/"))
            {
                Some(Slip::Crash) => std::process::exit(3),
                Some(Slip::Silence) => {}
                Some(Slip::Garbage) => {
                    let nonsense = Outcome { id: run.id, ..Outcome::default() };
                    answers.send(FromDriver::Outcome(Box::new(nonsense)))?;
                }
                Some(Slip::Hello) | None => begin(&shared, *run, answers.clone()),
            },
            ToDriver::Cancel { id } => drop(shared.open().remove(&id)),
            ToDriver::Close { client } => shared.clients.close(&client),
            ToDriver::Bye => break,
        }
    }
    drop(answers);
    writing.abort();
    Ok(())
}

fn hello() -> Hello {
    Hello {
        protocol: VERSION,
        name: "rust".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        language: "rust".to_owned(),
        features: FEATURES.iter().map(|feature| (*feature).to_owned()).collect(),
    }
}

/// Carries an operation out beside all others, until it is done or cancelled.
fn begin(shared: &Arc<Shared>, run: Run, answers: mpsc::UnboundedSender<FromDriver>) {
    let (cancel, cancelled) = oneshot::channel();
    shared.open().insert(run.id.clone(), cancel);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let id = run.id.clone();
        let mut outcome = if run.cancelled_before {
            // Made and dropped without a single poll, as a user's future may be.
            drop(ops::carry_out(&shared.clients, run));
            cancelled_outcome()
        } else if shared.mutant == Some(Mutant::PollAfterCancel) {
            let going_on = Arc::clone(&shared);
            let work = tokio::spawn(async move { ops::carry_out(&going_on.clients, run).await });
            tokio::select! {
                outcome = work => outcome.unwrap_or_default(),
                _ = cancelled => cancelled_outcome(),
            }
        } else {
            tokio::select! {
                outcome = carry_out(&shared, run) => outcome,
                _ = cancelled => cancelled_outcome(),
            }
        };
        shared.open().remove(&id);
        outcome.id = id;
        outcome.logs.extend(shared.logs.take());
        // The harness may be gone.
        let _ = answers.send(FromDriver::Outcome(Box::new(outcome)));
    });
}

/// Carries an operation out, rightly or, as a mutant, wrongly.
async fn carry_out(shared: &Shared, mut run: Run) -> Outcome {
    let Some(mutant) = shared.mutant else {
        return ops::carry_out(&shared.clients, run).await;
    };
    mutant.spoil_run(&mut run);
    if let Some(client) = run.client.as_mut().filter(|_| mutant.spoils_traffic()) {
        let upstream = client.base_url.clone();
        match shared.proxy.get_or_try_init(|| Proxy::start(mutant, &upstream)).await {
            Ok(proxy) => client.base_url = proxy.url(),
            Err(error) => {
                return Outcome { driver_error: Some(error.to_string()), ..Outcome::default() };
            }
        }
    }
    let mut outcome = ops::carry_out(&shared.clients, run.clone()).await;
    let failed = outcome.error.as_ref().is_some_and(|it| it.code.as_deref() == Some("job_failed"));
    if mutant == Mutant::RunFailedJobsAgain && failed {
        outcome = ops::carry_out(&shared.clients, run.clone()).await;
    }
    mutant.spoil_outcome(&run, &mut outcome);
    outcome
}

fn cancelled_outcome() -> Outcome {
    Outcome {
        cancelled: Some(serde_json::json!({"class": "dropped future"})),
        ..Outcome::default()
    }
}

impl Shared {
    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
