//! Batches: their runs, and what a host reads about them.

use std::collections::HashMap;
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use serde_json::{Map, Value};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use viseme::Client;
use viseme_batch::{
    Batch, BatchError, BatchFolder, BatchRun, Item, Manifest, ManifestError, OnUnknown, Row,
    RowError, StopReason,
};

use crate::dto::{
    BatchEnd, BatchItem, BatchManifest, BatchOptions, BatchStart, BatchStopReason, BatchSummary,
    ErrorData, Request, Violation,
};
use crate::message;
use crate::run_many::messages_of;
use crate::task::{EventSender, Task};

/// How long a run that was stopped waits for the responses of submits in flight. The next run searches
/// for the jobs of those without one.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it checks whether submits are in flight.
const STOP_INTERVAL: Duration = Duration::from_millis(20);

/// Starts one of the operations of a batch.
pub(crate) fn start(client: &Client, request: Request) -> Result<Task, Box<ErrorData>> {
    Ok(match request {
        Request::Batch { manifest, out, options } => {
            let (sender, messages) = unbounded_channel();
            let stopped = CancellationToken::new();
            let run = Run {
                client: client.clone(),
                manifest,
                out,
                options: options.build()?,
                stopped: stopped.clone(),
                sender,
            };
            Task::from_messages(messages_of(run.drive().boxed(), messages)).with_stop(stopped)
        }
        Request::BatchItems { manifest, out } => Task::from_future(async move {
            outcome(items(manifest, &out).await.map(|(items, _)| items))
        }),
        Request::BatchSummary { manifest, out } => Task::from_future(async move {
            outcome(items(manifest, &out).await.map(|(items, spent)| summary(&items, spent)))
        }),
        _ => {
            let message = "The batch has no such operation.";
            return Err(ErrorData::new("invalid_input", message));
        }
    })
}

/// A run of a batch.
struct Run {
    client: Client,
    manifest: BatchManifest,
    out: String,
    options: viseme_batch::BatchOptions,
    stopped: CancellationToken,
    sender: EventSender,
}

impl Run {
    /// Runs the rows, and sends an item for each that ended, and the last message.
    async fn drive(self) {
        let sender = self.sender.clone();
        let last = outcome(self.run().await);
        // If the receiver is gone, the host has cancelled the task.
        let _ = sender.send(last.into());
    }

    async fn run(self) -> Result<BatchEnd, Box<ErrorData>> {
        let manifest = read(self.manifest)?;
        let batch = Batch::open(&manifest, &self.out, self.options).await?;
        let mut run = batch.run(&self.client, None).await?;
        let send = |message: String| {
            let _ = self.sender.send(message.into());
        };
        send(message::event(BatchStart { total: run.total() as u64 }));
        follow(&mut run, &self.stopped, |item| send(message::item(BatchItem::from(item)))).await;
        let reason = run.stop_reason();
        // Ends the items that are still at work: their jobs continue at the service.
        drop(run);
        batch.folder().write_report().await?;
        let stop_reason = match reason {
            None => None,
            Some(StopReason::Error(error)) => return Err(error.into()),
            Some(StopReason::Ledger(error)) => return Err(BatchError::from(error).into()),
            Some(reason) => Some(reason.into()),
        };
        Ok(BatchEnd { stop_reason })
    }
}

/// Calls `on_item` with each item that ends, until the last, or until the run was stopped and no submit
/// is in flight.
async fn follow(run: &mut BatchRun, stopped: &CancellationToken, on_item: impl Fn(Item)) {
    loop {
        tokio::select! {
            biased;
            () = stopped.cancelled() => break,
            item = run.next() => match item {
                Some(item) => on_item(item),
                None => return,
            },
        }
    }
    run.stop();
    let mut timeout = std::pin::pin!(tokio::time::sleep(STOP_TIMEOUT));
    while run.submitting() > 0 {
        tokio::select! {
            item = run.next() => match item {
                Some(item) => on_item(item),
                None => return,
            },
            () = tokio::time::sleep(STOP_INTERVAL) => {}
            () = &mut timeout => return,
        }
    }
}

/// Returns the items of the rows in their order, and what their jobs cost in millionths of a US dollar.
/// Rows that were never run are planned.
async fn items(
    manifest: BatchManifest,
    out: &str,
) -> Result<(Vec<BatchItem>, u64), Box<ErrorData>> {
    let manifest = read(manifest)?;
    let (mut items, spent) = match BatchFolder::open(out).await {
        Ok(folder) => {
            let items = folder.items().await?;
            let items = items.into_iter().map(|item| (item.id.clone(), BatchItem::from(item)));
            (items.collect(), folder.spent_micros().await?)
        }
        Err(BatchError::NoBatch(_)) => (HashMap::new(), 0),
        Err(error) => return Err(error.into()),
    };
    let rows = manifest.rows().iter();
    let items = rows.map(|row| items.remove(&row.id).unwrap_or_else(|| BatchItem::planned(row)));
    Ok((items.collect(), spent))
}

fn summary(items: &[BatchItem], spent_micros: u64) -> BatchSummary {
    let spent = spent_micros as f64 / 1e6;
    let total = items.len() as u64;
    let mut summary = BatchSummary { total, spent, ..BatchSummary::default() };
    for item in items {
        *summary.states.entry(item.state.clone()).or_default() += 1;
    }
    summary
}

fn read(manifest: BatchManifest) -> Result<Manifest, Box<ErrorData>> {
    let manifest = match manifest {
        BatchManifest::Path(path) => Manifest::read(path.as_ref()),
        BatchManifest::Rows(rows) => Manifest::new(rows.into_iter().enumerate().map(row)),
    };
    manifest.map_err(|error| BatchError::from(error).into())
}

/// Returns a row that the host gave. Relative paths are relative to the working directory.
fn row((index, values): (usize, Map<String, Value>)) -> Result<Row, RowError> {
    Row::new(format!("row {index}"), values, Path::new(""))
}

/// Returns the columns of a row that are not valid. Their messages say where the row stands.
fn violations(error: &RowError) -> impl Iterator<Item = Violation> {
    error.violations.iter().map(|violation| {
        let violation = Violation::from(violation);
        Violation { message: format!("{}: {}", error.position, violation.message), ..violation }
    })
}

fn outcome<T: serde::Serialize>(outcome: Result<T, Box<ErrorData>>) -> String {
    match outcome {
        Ok(value) => message::value(value),
        Err(error) => message::error(error),
    }
}

impl From<BatchError> for Box<ErrorData> {
    fn from(error: BatchError) -> Self {
        let message = match &error {
            BatchError::Manifest(ManifestError::Rows(_)) => {
                format!("Rows are not valid; nothing was sent.\n{error}")
            }
            _ => error.to_string(),
        };
        let mut data = ErrorData::new(error.code(), message);
        if let BatchError::Manifest(ManifestError::Rows(rows)) = &error {
            data.violations = rows.iter().flat_map(violations).collect();
        }
        let mut source = error.source().and_then(|own| match &error {
            // The error itself is the message.
            BatchError::Ledger(_) | BatchError::Manifest(_) => own.source(),
            _ => Some(own),
        });
        while let Some(cause) = source {
            data.causes.push(cause.to_string());
            source = cause.source();
        }
        data
    }
}

impl BatchOptions {
    fn build(self) -> Result<viseme_batch::BatchOptions, Box<ErrorData>> {
        let defaults = viseme_batch::BatchOptions::default();
        Ok(viseme_batch::BatchOptions {
            limit: self.limit.map_or(defaults.limit, |limit| limit as usize),
            // A number of this type has more than six decimals: the nearest millionth is meant.
            max_cost: self.max_cost.map(|dollars| (dollars * 1e6).round() as u64),
            pilot: self.pilot.map(|rows| rows as usize),
            retry_failed: self.retry_failed.unwrap_or(defaults.retry_failed),
            on_unknown: self
                .on_unknown
                .map_or(Ok(defaults.on_unknown), |text| on_unknown(&text))?,
            repeat: self.repeat.unwrap_or(defaults.repeat),
            strict: self.strict.unwrap_or(defaults.strict),
            webhook: self.webhook,
            lease: defaults.lease,
        })
    }
}

/// Reads what happens to a submit without a response.
pub(crate) fn on_unknown(text: &str) -> Result<OnUnknown, Box<ErrorData>> {
    text.parse().map_err(|expected| {
        ErrorData::new("invalid_input", format!("Invalid value \"{text}\": {expected}."))
    })
}

impl From<StopReason> for BatchStopReason {
    fn from(reason: StopReason) -> Self {
        let code = match &reason {
            StopReason::CostLimit(_) => "cost_limit",
            StopReason::Unknown(error) | StopReason::Error(error) => error.code(),
            StopReason::Ledger(_) => "ledger",
            _ => "stopped",
        };
        Self { code: code.to_owned(), message: reason.to_string() }
    }
}
