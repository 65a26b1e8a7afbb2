//! `viseme balance`, `viseme history` and `viseme delete`.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::{Duration, SystemTime};

use serde_json::json;
use viseme::{HistoryFilter, Prediction, Status};

use crate::client;
use crate::failure::{Failure, Outcome, Result};
use crate::options::{Options, parse_duration, parse_whole};
use crate::output::{eprint_line, money, print_line};

#[derive(Debug, clap::Args)]
pub(crate) struct History {
    /// Only jobs of this model.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,

    /// Only jobs with this status: created, processing, completed, failed, cancelled or timeout.
    #[arg(long)]
    status: Option<String>,

    /// Only jobs of the last hours or days, such as `2h` or `3days`. The service keeps seven days.
    #[arg(long, value_parser = parse_duration, value_name = "TIME")]
    since: Option<Duration>,

    /// At most this many jobs, the newest first.
    #[arg(long, short = 'n', default_value_t = 20, value_name = "NUMBER", value_parser = parse_whole::<usize>, allow_hyphen_values = true)]
    limit: usize,

    /// Include each job's input in the output of --json.
    #[arg(long)]
    inputs: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Delete {
    /// The jobs' ids.
    #[arg(required = true)]
    jobs: Vec<String>,

    /// Do not ask for confirmation. A deletion cannot be undone.
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn balance(options: &Options) -> Result<Outcome> {
    let balance = client::online(options)?.balance().await.map_err(Failure::query)?;
    if options.json {
        print_line(json!({"balance": balance, "currency": "USD"}))?;
    } else {
        print_line(format_args!("{} USD", money(balance)))?;
    }
    Ok(Outcome::Done)
}

pub(crate) async fn history(options: &Options, history: History) -> Result<Outcome> {
    let limit = history.limit;
    let mut jobs = client::online(options)?.history(filter(history));
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(job) = jobs.next().await else { break };
        let job = job.map_err(Failure::query)?;
        if !options.json {
            print_line(history_line(&job))?;
        }
        found.push(job);
    }
    if options.json {
        print_line(json!({"jobs": found}))?;
    }
    Ok(Outcome::Done)
}

fn filter(history: History) -> HistoryFilter {
    let size = u32::try_from(history.limit).unwrap_or(u32::MAX);
    let mut filter = HistoryFilter::new().include_inputs(history.inputs).page_size(size);
    if let Some(model) = history.model {
        filter = filter.model(model);
    }
    if let Some(word) = history.status {
        filter = filter.status(Status::from_word(&word));
    }
    if let Some(since) = history.since {
        filter = filter
            .created_after(SystemTime::now().checked_sub(since).unwrap_or(SystemTime::UNIX_EPOCH));
    }
    filter
}

fn history_line(job: &Prediction) -> String {
    let at = job.created_at.map(|at| humantime::format_rfc3339_seconds(at).to_string());
    let at = at.unwrap_or_else(|| "unknown time".to_owned());
    format!("{at:20}  {:10}  {}  {}", job.status.as_str(), job.id, job.model)
}

pub(crate) async fn delete(options: &Options, delete: Delete) -> Result<Outcome> {
    let count = delete.jobs.len();
    if !delete.yes && !confirmed(count)? {
        eprint_line("Nothing was deleted.");
        return Ok(Outcome::Done);
    }
    let client = client::online(options)?;
    let deleted = client.delete(delete.jobs).await.map_err(Failure::query)?;
    if options.json {
        print_line(json!({"requested": count, "deleted": deleted}))?;
    } else {
        print_line(format_args!("{deleted} of {count} deleted"))?;
    }
    Ok(Outcome::Done)
}

/// Asks the user for confirmation.
fn confirmed(count: usize) -> Result<bool> {
    if !io::stdin().is_terminal() {
        let message =
            "A deletion cannot be undone, and there is no terminal to confirm it: pass --yes.";
        return Err(Failure::Usage(message.to_owned()));
    }
    let jobs =
        if count == 1 { "this job and its".to_owned() } else { format!("{count} jobs and their") };
    eprint_line(format_args!("Delete {jobs} outputs permanently? Type `yes`:"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Failure::local("read the confirmation", &error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
