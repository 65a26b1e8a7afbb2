//! `viseme batch run`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use viseme_batch::{BatchOptions, BatchRun, Item, ItemState, OnUnknown, StopReason};

use super::view::View;
use super::{Batch, ManifestArgs, SharedArgs, Summary, outcome, parse_dollars, summary_line};
use crate::client;
use crate::failure::{Failure, Outcome, Result};
use crate::interrupt::{interrupt, second_interrupt};
use crate::options::{Options, PacingArgs, parse_duration, parse_interval, parse_whole, quoted};
use crate::output::{eprint_line, print_line};

/// The exit code of a batch that its limit of cost ended.
const COST_LIMIT: u8 = 7;
/// The exit code of an interrupt.
const INTERRUPTED: u8 = 130;
/// How often the cost is read again while items end.
const COST_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) manifest: ManifestArgs,

    /// The folder of the results and of the state of the batch. It is created if it does not exist.
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,

    #[command(flatten)]
    shared: SharedArgs,

    /// With --ledger: how long after the last sign of life of a machine the others take over its rows, at
    /// least 2s.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_lease, allow_hyphen_values = true)]
    lease: Duration,

    /// Submit nothing that makes the batch cost more than this in US dollars, all runs together.
    #[arg(long, value_name = "USD", value_parser = parse_dollars)]
    max_cost: Option<u64>,

    /// How many rows run at the same time. [default: what the tier allows, or else 10]
    #[arg(long, value_name = "N", value_parser = parse_whole::<NonZeroU32>, allow_hyphen_values = true)]
    limit: Option<NonZeroU32>,

    /// Submit only the first N rows, so that you can look at their results.
    #[arg(long, value_name = "N", value_parser = parse_whole::<usize>, allow_hyphen_values = true)]
    pilot: Option<usize>,

    /// How often to submit a row again after its job failed. Each submit is paid for.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = parse_whole::<u32>, allow_hyphen_values = true)]
    retry_failed: u32,

    /// What to do if the response to a submit was lost and its job is not found: `keep` searches again
    /// with the next run, `stop` submits nothing more, `resubmit-after=24h` submits it again a day later.
    #[arg(long, value_name = "ACTION", default_value = "keep")]
    on_unknown: OnUnknown,

    /// A URL that the service calls when a job has completed or failed.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,

    /// How often to poll a job's status, at least 0.1s. [default: what suits the model]
    #[arg(long, value_parser = parse_interval, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) poll_every: Option<Duration>,

    #[command(flatten)]
    pub(crate) pacing: PacingArgs,
}

impl Run {
    fn batch_options(&self) -> BatchOptions {
        let defaults = BatchOptions::default();
        let of_tier = self.manifest.limits().map(|limits| limits.concurrent);
        BatchOptions {
            limit: self
                .limit
                .map(|limit| limit.get() as usize)
                .or(of_tier)
                .unwrap_or(defaults.limit),
            max_cost: self.max_cost,
            pilot: self.pilot,
            retry_failed: self.retry_failed,
            on_unknown: self.on_unknown,
            repeat: self.manifest.repeat,
            strict: self.manifest.strict,
            webhook: self.webhook.clone(),
            lease: self.lease,
        }
    }
}

/// Parses the time of a lease, within which a machine must be able to renew it.
fn parse_lease(text: &str) -> std::result::Result<Duration, String> {
    let time = parse_duration(text)?;
    if time < Duration::from_secs(2) { Err("must be at least 2s".to_owned()) } else { Ok(time) }
}

pub(crate) async fn run(options: &Options, args: &Run) -> Result<Outcome> {
    let manifest = args.manifest.read()?;
    let client = client::online_with_limits(options, args.manifest.limits())?;
    let shared = args.shared.open(Some(args.manifest.path())).await?;
    let batch = match shared {
        Some(ledger) => {
            Batch::open_shared(&manifest, &args.out, ledger, args.batch_options()).await
        }
        None => Batch::open(&manifest, &args.out, args.batch_options()).await,
    };
    let batch = batch.map_err(Failure::batch)?;
    let batch = if args.manifest.fit.is_wanted()? {
        batch.prepare_inputs(args.manifest.fit.prepare(&args.out, args.manifest.strict).await?)
    } else {
        batch
    };
    let spent = batch.folder().spent_micros().await.map_err(Failure::batch)?;
    let mut view = View::new(options, args.max_cost);
    let listener: Arc<View>;
    let mut run = {
        // The view learns the number of items before the first of them starts.
        let total = batch.planned().await.map_err(Failure::batch)?;
        view.start(total, spent);
        listener = Arc::new(view);
        let view = Arc::clone(&listener);
        let on_state = move |id: &str, state: ItemState| view.on_state(id, state);
        batch.run(&client, Some(Arc::new(on_state))).await.map_err(Failure::batch)?
    };
    let was_interrupted = follow(&batch, &mut run, &listener).await?;
    let reason = run.stop_reason();
    // Ends the items that are still at work: their jobs continue on the service.
    run.end().await;
    conclude(options, &batch, &listener, reason, was_interrupted).await
}

/// Shows the items as they end. Returns whether the user interrupted the run.
async fn follow(batch: &Batch, run: &mut BatchRun, view: &View) -> Result<bool> {
    let mut interrupted = std::pin::pin!(interrupt());
    let mut cost_read = Instant::now();
    loop {
        tokio::select! {
            item = run.next() => match item {
                Some(item) => show(batch, view, &item, &mut cost_read).await?,
                None => return Ok(false),
            },
            () = &mut interrupted => break,
        }
    }
    run.stop();
    if run.submitting() == 0 {
        return Ok(true);
    }
    let mut again = std::pin::pin!(second_interrupt());
    view.print(
        "Submits are in flight: waiting for their responses, so that no job is lost. Press Ctrl-C again \
         to stop now; the next run then searches for their jobs.",
    );
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    while run.submitting() > 0 {
        tokio::select! {
            item = run.next() => match item {
                Some(item) => show(batch, view, &item, &mut cost_read).await?,
                None => break,
            },
            _ = tick.tick() => {}
            () = &mut again => break,
        }
    }
    Ok(true)
}

async fn show(batch: &Batch, view: &View, item: &Item, cost_read: &mut Instant) -> Result<()> {
    let spent = if cost_read.elapsed() >= COST_INTERVAL {
        *cost_read = Instant::now();
        batch.folder().spent_micros().await.ok()
    } else {
        None
    };
    view.on_item(item, spent)
}

/// Returns the words that name the batch in other commands.
fn batch_name(batch: &Batch) -> String {
    match batch.folder().name() {
        Some(name) => format!("--ledger URL --name {}", quoted(name)),
        None => batch.folder().path().display().to_string(),
    }
}

/// Says which commands deal with rows that did not end well.
fn print_next_steps(summary: &Summary, folder: &str) {
    if summary.count(ItemState::Failed) > 0 {
        eprint_line(format_args!(
            "To submit failed rows again, which is paid for: `viseme batch retry {folder}`, or run with \
             --retry-failed 1."
        ));
    }
    if summary.count(ItemState::Unknown) > 0 {
        eprint_line(format_args!(
            "To decide about unknown rows: `viseme batch unknown {folder}`, then with --adopt ID=JOB or \
             --give-up ID."
        ));
    }
}

async fn conclude(
    options: &Options,
    batch: &Batch,
    view: &View,
    reason: Option<StopReason>,
    was_interrupted: bool,
) -> Result<Outcome> {
    view.close();
    let items = batch.items().await.map_err(Failure::batch)?;
    let spent = batch.folder().spent_micros().await.map_err(Failure::batch)?;
    let summary = Summary::new(&items, spent);
    let [table, _] = batch.folder().write_report().await.map_err(Failure::batch)?;
    let stopped = match &reason {
        _ if was_interrupted => Some("interrupted"),
        None => None,
        Some(StopReason::CostLimit(_)) => Some("cost_limit"),
        Some(StopReason::Unknown(_)) => Some("unknown"),
        Some(_) => Some("error"),
    };
    view.finish(&summary, &summary_line(&summary), stopped)?;
    if !options.json {
        print_line(table.display())?;
    }
    if !options.json && !options.is_silent() {
        print_next_steps(&summary, &batch_name(batch));
    }
    if was_interrupted {
        eprint_line("Interrupted. Jobs continue on the service; run the same command to resume.");
        return Ok(Outcome::Exit(INTERRUPTED));
    }
    match reason {
        None => Ok(outcome(&summary)),
        Some(StopReason::CostLimit(message)) => {
            eprint_line(format_args!(
                "The limit of cost ended the batch. {message} Run it again with a higher --max-cost to \
                 continue."
            ));
            Ok(Outcome::Exit(COST_LIMIT))
        }
        Some(StopReason::Unknown(_)) => Ok(Outcome::Exit(6)),
        Some(StopReason::Error(error)) => Err(Failure::query(error)),
        Some(StopReason::Ledger(error)) => Err(Failure::batch(error.into())),
        Some(reason) => Err(Failure::Local(reason.to_string())),
    }
}
