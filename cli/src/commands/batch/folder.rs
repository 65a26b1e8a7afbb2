//! `viseme batch status`, `report`, `retry` and `unknown`.

use std::path::PathBuf;

use serde_json::json;
use viseme_batch::{BatchFolder, Item, ItemState, Summary};

use super::{SharedArgs, outcome, summary_json, summary_line};
use crate::failure::{Failure, Outcome, Result};
use crate::options::Options;
use crate::output::{in_cli_words, print_line};

/// A batch that was run before.
#[derive(Debug, clap::Args)]
pub(crate) struct BatchArgs {
    /// The folder of the batch. With --ledger, only `report` needs one, into which it writes.
    #[arg(value_name = "DIR", required_unless_present = "ledger")]
    folder: Option<PathBuf>,

    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    batch: BatchArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Report {
    #[command(flatten)]
    batch: BatchArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Retry {
    #[command(flatten)]
    batch: BatchArgs,

    /// The ids of the rows. [default: all rows whose jobs failed]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Unknown {
    #[command(flatten)]
    batch: BatchArgs,

    /// Record that a row has this job, which you found in the history of your account.
    #[arg(long, value_name = "ID=JOB", value_parser = parse_adoption)]
    adopt: Vec<(String, String)>,

    /// Submit this row again with the next run. If its job exists after all, it is paid for twice.
    #[arg(long, value_name = "ID")]
    give_up: Vec<String>,
}

fn parse_adoption(text: &str) -> std::result::Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((id, job)) if !id.is_empty() && !job.is_empty() => Ok((id.to_owned(), job.to_owned())),
        _ => Err("must be the id of a row, `=` and the id of a job".to_owned()),
    }
}

async fn open(batch: &BatchArgs) -> Result<BatchFolder> {
    let folder = batch.folder.clone();
    let opened = match (batch.shared.open(None).await?, folder) {
        (Some(ledger), folder) => {
            BatchFolder::open_shared(folder.unwrap_or_default(), ledger).await
        }
        (None, Some(folder)) => BatchFolder::open(folder).await,
        (None, None) => {
            return Err(Failure::Usage("Name the folder of the batch, or --ledger.".to_owned()));
        }
    };
    opened.map_err(Failure::batch)
}

pub(crate) async fn status(options: &Options, args: &Status) -> Result<Outcome> {
    let folder = open(&args.batch).await?;
    let items = folder.items().await.map_err(Failure::batch)?;
    let summary = Summary::new(&items, folder.spent_micros().await.map_err(Failure::batch)?);
    if options.json {
        print_line(summary_json(&summary))?;
        return Ok(outcome(&summary));
    }
    print_line(summary_line(&summary))?;
    for item in items.iter().filter(|item| item.error.is_some()) {
        print_line(error_line(item))?;
    }
    Ok(outcome(&summary))
}

pub(crate) async fn report(options: &Options, args: &Report) -> Result<Outcome> {
    if args.batch.folder.is_none() {
        return Err(Failure::Usage(
            "Name the folder into which the reports are written.".to_owned(),
        ));
    }
    let folder = open(&args.batch).await?;
    let paths = folder.write_report().await.map_err(Failure::batch)?;
    if options.json {
        let files: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
        print_line(json!({ "files": files }))?;
    } else {
        paths.iter().try_for_each(|path| print_line(path.display()))?;
    }
    Ok(Outcome::Done)
}

pub(crate) async fn retry(options: &Options, args: &Retry) -> Result<Outcome> {
    let folder = open(&args.batch).await?;
    // With --ledger there is no folder, and the first word is an id.
    let first = args.batch.folder.as_ref().filter(|_| args.batch.shared.is_given());
    let ids: Vec<String> = first
        .map(|id| id.to_string_lossy().into_owned())
        .into_iter()
        .chain(args.ids.iter().cloned())
        .collect();
    let count = folder.retry(&ids).await.map_err(Failure::batch)?;
    if options.json {
        print_line(json!({ "rows": count }))?;
    } else {
        print_line(format_args!(
            "The next run submits {} again.",
            if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
        ))?;
    }
    Ok(Outcome::Done)
}

pub(crate) async fn unknown(options: &Options, args: &Unknown) -> Result<Outcome> {
    let folder = open(&args.batch).await?;
    for (id, job) in &args.adopt {
        folder.adopt(id, job).await.map_err(Failure::batch)?;
    }
    if !args.give_up.is_empty() {
        folder.give_up(&args.give_up).await.map_err(Failure::batch)?;
    }
    let items = folder.items().await.map_err(Failure::batch)?;
    let unknown: Vec<_> = items.iter().filter(|item| item.state == ItemState::Unknown).collect();
    if options.json {
        print_line(json!({ "items": unknown }))?;
    } else {
        unknown.iter().try_for_each(|item| print_line(error_line(item)))?;
        if unknown.is_empty() {
            print_line("No row is unknown.")?;
        }
    }
    Ok(if unknown.is_empty() { Outcome::Done } else { Outcome::Exit(6) })
}

/// Returns an item and what is wrong with it.
pub(super) fn error_line(item: &Item) -> String {
    let error = in_cli_words(item.error.as_deref().unwrap_or_default(), &Options::default());
    format!("{} ({}): {}: {error}", item.row, item.id, item.state)
}
