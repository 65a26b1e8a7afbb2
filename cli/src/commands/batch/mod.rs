//! `viseme batch`: runs the rows of a manifest.

mod check;
mod folder;
mod run;
mod view;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use viseme::SubmitLimits;
use viseme_batch::{Batch, ItemState, Manifest, Summary, dollars};
use viseme_ledger::{AnyLedger, PostgresLedger};

use super::fit::FitArgs;
use crate::failure::{Failure, Outcome, Result};
use crate::options::Options;

/// How long a batch waits for its database before it ends: longer than a restart takes.
const DATABASE_PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum BatchCommand {
    /// Check every row of a manifest. Uploads and submits nothing.
    Check(check::Check),
    /// Run a manifest; the same command resumes it after any interruption.
    Run(Box<run::Run>),
    /// Print how many rows are in each state, and what they cost.
    Status(folder::Status),
    /// Write report.csv and report.jsonl, and print their paths.
    Report(folder::Report),
    /// Let the next run submit rows again whose jobs failed. Each submit is paid for.
    Retry(folder::Retry),
    /// List the rows whose job was not found, and decide what becomes of them.
    Unknown(folder::Unknown),
}

/// A manifest.
#[derive(Debug, clap::Args)]
pub(crate) struct ManifestArgs {
    /// A .csv or .jsonl file with a row for each video, or a folder in which each video has an audio
    /// file of the same name; docs/batches.md describes the columns.
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,

    /// Pay for each of several equal rows, instead of letting them share one job.
    #[arg(long)]
    repeat: bool,

    /// Treat warnings as errors.
    #[arg(long)]
    pub(crate) strict: bool,

    /// The tier of the account, which limits submits: bronze, silver, gold or ultra.
    #[arg(long, value_name = "TIER")]
    tier: Option<Tier>,

    #[command(flatten)]
    pub(crate) fit: FitArgs,
}

impl ManifestArgs {
    fn path(&self) -> &Path {
        &self.manifest
    }

    fn read(&self) -> Result<Manifest> {
        Manifest::read(&self.manifest).map_err(|error| Failure::batch(error.into()))
    }

    fn limits(&self) -> Option<SubmitLimits> {
        self.tier.map(Tier::limits)
    }
}

/// A batch of many machines.
#[derive(Debug, clap::Args)]
pub(crate) struct SharedArgs {
    /// The PostgreSQL database with the state of a batch that many machines run at once.
    #[arg(long, value_name = "URL")]
    ledger: Option<String>,

    /// The name of the batch in that database. [default: that of the manifest's file, without its
    /// extension]
    #[arg(long, value_name = "NAME", requires = "ledger")]
    name: Option<String>,
}

impl SharedArgs {
    fn is_given(&self) -> bool {
        self.ledger.is_some()
    }

    /// Opens the ledger of the batch in the database, if the user wants one.
    async fn open(&self, manifest: Option<&Path>) -> Result<Option<PostgresLedger>> {
        let Some(url) = &self.ledger else { return Ok(None) };
        if !AnyLedger::is_url(url) {
            let message = "--ledger needs the URL of a PostgreSQL database, such as \
                           postgres://user@host/database. Without it, the state is in the folder of the \
                           batch.";
            return Err(Failure::Usage(message.to_owned()));
        }
        let stem = manifest.and_then(Path::file_stem).map(|stem| stem.to_string_lossy());
        let Some(name) = self.name.as_deref().or(stem.as_deref()) else {
            return Err(Failure::Usage("--ledger needs --name, the name of the batch.".to_owned()));
        };
        let ledger = PostgresLedger::connect_to(url, name, DATABASE_PATIENCE).await;
        Ok(Some(ledger.map_err(|error| Failure::batch(error.into()))?))
    }
}

/// The tier of an account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tier(SubmitLimits);

impl Tier {
    pub(crate) fn limits(self) -> SubmitLimits {
        self.0
    }
}

impl FromStr for Tier {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(Self(match text {
            "bronze" => SubmitLimits::BRONZE,
            "silver" => SubmitLimits::SILVER,
            "gold" => SubmitLimits::GOLD,
            "ultra" => SubmitLimits::ULTRA,
            _ => return Err("must be bronze, silver, gold or ultra"),
        }))
    }
}

pub(crate) async fn batch(options: &Options, command: BatchCommand) -> Result<Outcome> {
    match command {
        BatchCommand::Check(args) => check::check(options, &args).await,
        BatchCommand::Run(args) => run::run(options, &args).await,
        BatchCommand::Status(args) => folder::status(options, &args).await,
        BatchCommand::Report(args) => folder::report(options, &args).await,
        BatchCommand::Retry(args) => folder::retry(options, &args).await,
        BatchCommand::Unknown(args) => folder::unknown(options, &args).await,
    }
}

/// Returns a summary as one line: `297 done, 3 failed; $8.40`.
fn summary_line(summary: &Summary) -> String {
    let states: Vec<_> =
        summary.states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let states = if states.is_empty() { "no rows".to_owned() } else { states.join(", ") };
    if summary.spent_micros == 0 {
        return states;
    }
    format!("{states}; ${}", dollars(summary.spent_micros))
}

/// Returns a summary as JSON.
fn summary_json(summary: &Summary) -> serde_json::Value {
    let states: serde_json::Map<_, _> = summary
        .states
        .iter()
        .map(|(state, count)| (state.to_string(), serde_json::json!(count)))
        .collect();
    serde_json::json!({
        "total": summary.total,
        "states": states,
        "spent_micros": summary.spent_micros,
    })
}

/// Returns the outcome of a batch in this state: some rows are unknown, failed or unfinished, or all are
/// done.
fn outcome(summary: &Summary) -> Outcome {
    let count = |state| summary.count(state);
    if count(ItemState::Unknown) > 0 {
        return Outcome::Exit(6);
    }
    // A duplicate waits for another row, which counts itself.
    let failed = [ItemState::Failed, ItemState::Refused, ItemState::Expired];
    if failed.into_iter().any(|state| count(state) > 0) {
        return Outcome::Exit(4);
    }
    if count(ItemState::Done) < summary.total { Outcome::Exit(5) } else { Outcome::Done }
}

/// Parses dollars, such as `200`, `$200` or `0.5`, as millionths.
pub(crate) fn parse_dollars(text: &str) -> std::result::Result<u64, String> {
    let expected = || "must be an amount in US dollars, such as `200` or `12.50`".to_owned();
    let number = text.strip_prefix('$').unwrap_or(text);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(decimals) || decimals.len() > 6 {
        return Err(expected());
    }
    format!("{whole}{decimals:0<6}").parse().map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, micros) in [
            ("200", 200_000_000),
            ("$12.5", 12_500_000),
            ("0.0462", 46_200),
            ("0", 0),
            ("0.000001", 1),
        ] {
            assert_eq!(parse_dollars(text), Ok(micros));
        }
        for text in ["", "-1", "1e3", "1,5", "five", "$", ".5", "0.0000001", "99999999999999999999"]
        {
            assert!(parse_dollars(text).is_err(), "{text}");
        }
    }
}
