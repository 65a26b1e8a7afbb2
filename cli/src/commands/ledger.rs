//! `viseme ledger`.

use std::path::Path;

use serde_json::json;
use viseme::ledger::LedgerError;
use viseme_ledger::{AnyLedger, GIVEN_UP, SubmitRow, SubmitState};

use crate::failure::{Failure, Outcome, Result};
use crate::options::Options;
use crate::output::print_line;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum LedgerCommand {
    /// List the submits, the oldest first.
    List(List),
    /// Record the job of a submit with an unknown outcome, which you found in the history.
    Adopt(Adopt),
    /// Give up a submit with an unknown outcome: the next call with its key submits again. If its job
    /// exists after all, it is paid for twice.
    GiveUp(GiveUp),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// A file, or the URL of a PostgreSQL database.
    #[arg(value_name = "FILE|URL")]
    ledger: String,

    /// Only submits with an unknown outcome.
    #[arg(long)]
    open: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Adopt {
    /// A file, or the URL of a PostgreSQL database.
    #[arg(value_name = "FILE|URL")]
    ledger: String,

    /// The key of the submit.
    #[arg(value_name = "KEY")]
    key: String,

    /// The id of its job.
    #[arg(value_name = "JOB")]
    job_id: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GiveUp {
    /// A file, or the URL of a PostgreSQL database.
    #[arg(value_name = "FILE|URL")]
    ledger: String,

    /// The key of the submit.
    #[arg(value_name = "KEY")]
    key: String,
}

pub(crate) async fn ledger(options: &Options, command: LedgerCommand) -> Result<Outcome> {
    match command {
        LedgerCommand::List(args) => list(options, &args).await,
        LedgerCommand::Adopt(args) => {
            let ledger = open(&args.ledger).await?;
            ledger.adopt(&args.key, &args.job_id).await.map_err(failed)?;
            decided(options, &args.key)
        }
        LedgerCommand::GiveUp(args) => {
            let ledger = open(&args.ledger).await?;
            ledger.give_up(&args.key, GIVEN_UP).await.map_err(failed)?;
            decided(options, &args.key)
        }
    }
}

/// Opens a ledger that exists: a new one would have no submits.
async fn open(path_or_url: &str) -> Result<AnyLedger> {
    // A URL of another kind is refused below, without its password.
    if !path_or_url.contains("://") && !Path::new(path_or_url).exists() {
        return Err(Failure::Usage(format!("There is no ledger {path_or_url}. Name its file.")));
    }
    AnyLedger::open(path_or_url).await.map_err(failed)
}

fn failed(error: LedgerError) -> Failure {
    Failure::batch(error.into())
}

async fn list(options: &Options, args: &List) -> Result<Outcome> {
    let submits = open(&args.ledger).await?.submits().await.map_err(failed)?;
    let is_listed = |submit: &&SubmitRow| !args.open || submit.state == SubmitState::Sent;
    let submits: Vec<_> = submits.iter().filter(is_listed).collect();
    if options.json {
        let submits: Vec<_> = submits.iter().map(|submit| json_of(submit)).collect();
        print_line(json!({ "submits": submits }))?;
    } else {
        submits.iter().try_for_each(|submit| print_line(line(submit)))?;
    }
    Ok(Outcome::Done)
}

fn line(submit: &SubmitRow) -> String {
    let at = humantime::format_rfc3339_seconds(submit.record.sent_at);
    let job = submit.job_id.as_deref().unwrap_or("-");
    format!("{at}  {:9}  {job}  {}  {}", submit.state.as_str(), submit.record.model, submit.key)
}

fn json_of(submit: &SubmitRow) -> serde_json::Value {
    json!({
        "key": submit.key,
        "state": submit.state.as_str(),
        "record": submit.record,
        "job_id": submit.job_id,
        "status": submit.status,
        "reason": submit.reason,
        "price_micros": submit.price,
    })
}

fn decided(options: &Options, key: &str) -> Result<Outcome> {
    if options.json {
        print_line(json!({ "key": key }))?;
    } else {
        print_line(key)?;
    }
    Ok(Outcome::Done)
}
