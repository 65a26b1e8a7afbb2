//! `viseme dub`: lip-syncs a clip of any length.

use std::io::IsTerminal as _;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use viseme::media::Framing;
use viseme_batch::{BatchOptions, ItemState, OnUnknown, StopReason, dollars};
use viseme_dub::plan::{Length, Plan, Prefer, SegmentKind};
use viseme_dub::{Dub, DubError, DubOptions, DubStage, DubUpdate, Preset, plan_dub, read_prices};

use super::batch::{Tier, parse_dollars};
use crate::client::{self, Offline};
use crate::failure::{Failure, Outcome, Result};
use crate::interrupt::interrupt;
use crate::options::{Options, parse_interval, parse_whole};
use crate::output::{eprint_line, print_line};

/// The exit code of a run that its limit of cost ended.
const COST_LIMIT: u8 = 7;
/// The exit code of an interrupt.
const INTERRUPTED: u8 = 130;
/// How often a log gets a line about frames.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

const TEMPLATE: &str = "{bar:24.cyan/dim} {percent:>3} %  {msg}";

#[derive(Debug, clap::Args)]
pub(crate) struct DubArgs {
    /// The video of a face, of any length and size.
    #[arg(long, value_name = "FILE")]
    video: PathBuf,

    /// The voice, of any length.
    #[arg(long, value_name = "FILE")]
    audio: PathBuf,

    /// The result, an MP4 file. The state is kept in the folder OUT.dub until it is complete.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,

    /// Print the segments, the jobs and the price; upload and submit nothing.
    #[arg(long)]
    dry_run: bool,

    /// Use a mock server instead of the service; costs nothing.
    #[arg(long)]
    pub(crate) offline: bool,

    /// Dub long silence too. Without it, the original picture stays there, which needs no job.
    #[arg(long)]
    no_skip_silence: bool,

    /// What to do if the voice and the picture differ in length: end with the `shorter`, `hold` the
    /// last frame, `loop` the picture, or keep the `original` picture for the rest.
    #[arg(long, value_name = "CHOICE", default_value = "hold", value_parser = parse_length)]
    length: Length,

    /// Cut where it costs least, even inside speech. Without it, cuts lie in silence if there is any.
    #[arg(long)]
    cheapest: bool,

    /// Cut off what does not fit the model's picture, instead of adding borders.
    #[arg(long)]
    crop: bool,

    /// The model's id.
    #[arg(long, default_value = viseme::AudioToVideo::MODEL)]
    model: String,

    /// Submit nothing that makes the dub cost more than this in US dollars, all runs together.
    #[arg(long, value_name = "USD", value_parser = parse_dollars)]
    max_cost: Option<u64>,

    /// How many segments run at the same time. [default: what the tier allows, or else 10]
    #[arg(long, value_name = "N", value_parser = parse_whole::<NonZeroU32>, allow_hyphen_values = true)]
    limit: Option<NonZeroU32>,

    /// The tier of the account, which limits submits: bronze, silver, gold or ultra.
    #[arg(long, value_name = "TIER")]
    tier: Option<Tier>,

    /// How often to submit a segment again after its job failed. Each submit is paid for.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = parse_whole::<u32>, allow_hyphen_values = true)]
    retry_failed: u32,

    /// What to do if the response to a submit was lost and its job is not found: `keep`, `stop` or
    /// `resubmit-after=24h`, as in `viseme batch run`.
    #[arg(long, value_name = "ACTION", default_value = "keep")]
    on_unknown: OnUnknown,

    /// How much time the encoder takes: ultrafast, fast, medium or slow. Faster ones make larger files.
    #[arg(long, value_name = "PRESET", default_value = "medium")]
    preset: Preset,

    /// Keep the segments and their results in the folder OUT.dub.
    #[arg(long)]
    keep_segments: bool,

    /// How often to poll a job's status, at least 0.1s. [default: what suits the model]
    #[arg(long, value_parser = parse_interval, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) poll_every: Option<Duration>,
}

fn parse_length(text: &str) -> std::result::Result<Length, &'static str> {
    match text {
        "shorter" => Ok(Length::Shorter),
        "hold" => Ok(Length::Hold),
        "loop" => Ok(Length::Loop),
        "original" => Ok(Length::Original),
        _ => Err("must be shorter, hold, loop or original"),
    }
}

impl DubArgs {
    fn dub_options(&self) -> DubOptions {
        let of_tier = self.tier.map(|tier| tier.limits().concurrent);
        let defaults = BatchOptions::default();
        let batch = BatchOptions {
            limit: self
                .limit
                .map(|limit| limit.get() as usize)
                .or(of_tier)
                .unwrap_or(defaults.limit),
            max_cost: self.max_cost,
            retry_failed: self.retry_failed,
            on_unknown: self.on_unknown,
            ..defaults
        };
        DubOptions {
            model: self.model.clone(),
            length: self.length,
            skip_silence: !self.no_skip_silence,
            prefer: if self.cheapest { Prefer::Price } else { Prefer::Silence },
            framing: if self.crop { Framing::Crop } else { Framing::Borders },
            batch,
            preset: self.preset,
            keep_segments: self.keep_segments,
        }
    }
}

pub(crate) async fn dub(options: &Options, args: &DubArgs) -> Result<Outcome> {
    let offline = if args.offline { Some(client::offline(options).await?) } else { None };
    if args.dry_run {
        return dry_run(options, args, offline).await;
    }
    let client = match &offline {
        Some(offline) => {
            if !options.is_silent() {
                eprint_line(&offline.notice);
            }
            offline.client.clone()
        }
        None => client::online_with_limits(options, args.tier.map(Tier::limits))?,
    };
    let view = Arc::new(View::new(options));
    let listener = {
        let view = Arc::clone(&view);
        Arc::new(move |update: &DubUpdate| view.on_update(update))
    };
    let dub = Dub::open(
        &client,
        &args.video,
        &args.audio,
        &args.out,
        args.dub_options(),
        Some(listener),
    );
    let dub = tokio::select! {
        dub = dub => dub.map_err(|error| failure(error, &view))?,
        () = interrupt() => {
            view.close();
            eprint_line("Interrupted. Nothing was submitted; run the same command to resume.");
            return Ok(Outcome::Exit(INTERRUPTED));
        }
    };
    view.plan(dub.plan(), options)?;
    let result = dub.run(&client, interrupt()).await;
    view.close();
    match result {
        Ok(summary) => {
            let cost = summary.spent_micros;
            if options.json {
                print_line(json!({
                    "event": "summary",
                    "out": args.out,
                    "segments": summary.total,
                    "spent_micros": cost,
                }))?;
            } else {
                if !options.is_silent() {
                    eprint_line(format_args!("{} segments dubbed; ${}", summary.total, dollars(cost)));
                }
                print_line(args.out.display())?;
            }
            Ok(Outcome::Done)
        }
        Err(DubError::Stopped) => {
            eprint_line(format_args!(
                "Interrupted. Jobs continue on the service; run the same command to resume. The state \
                 is in {}.",
                dub.folder().display()
            ));
            Ok(Outcome::Exit(INTERRUPTED))
        }
        Err(DubError::Unfinished { summary, reason, items }) => {
            let code = match &reason {
                Some(StopReason::CostLimit(_)) => COST_LIMIT,
                _ if items.iter().any(|item| item.state == ItemState::Unknown) => 6,
                Some(StopReason::Error(error)) => return Err(Failure::query(error.clone())),
                _ => 4,
            };
            for item in items.iter().filter(|item| item.error.is_some()) {
                let error = item.error.as_deref().unwrap_or_default();
                eprint_line(format_args!("Segment {}: {error}", item.id));
            }
            let error = DubError::Unfinished { summary, reason, items };
            if options.json {
                print_line(json!({"error": {"code": "dub_unfinished", "message": error.to_string()}}))?;
            } else {
                eprint_line(format_args!("error: {error}"));
            }
            Ok(Outcome::Exit(code))
        }
        Err(error) => Err(failure(error, &view)),
    }
}

async fn dry_run(options: &Options, args: &DubArgs, offline: Option<Offline>) -> Result<Outcome> {
    let client = match &offline {
        Some(offline) => Some(offline.client.clone()),
        // Without an API key, only the price is missing.
        None => client::online(options).ok(),
    };
    let prices = match &client {
        Some(client) => read_prices(client, &args.model).await,
        None => None,
    };
    let view = View::new(options);
    let plan = plan_dub(&args.video, &args.audio, &args.dub_options(), prices).await;
    let plan = plan.map_err(|error| failure(error, &view))?;
    if options.json {
        print_line(plan_json(&plan))?;
        return Ok(Outcome::Done);
    }
    for (number, segment) in plan.segments.iter().enumerate() {
        let at = |frame| clock(plan.timeline.time_base().duration(plan.timeline.time_at(frame)));
        let what = match segment.kind {
            SegmentKind::Dub => "dub",
            SegmentKind::Keep => "keep the original picture",
        };
        let (from, to) = (at(segment.frames.start), at(segment.frames.end));
        print_line(format_args!("{:>4}  {from} – {to}  {what}", number + 1))?;
    }
    for line in plan_lines(&plan) {
        print_line(line)?;
    }
    Ok(Outcome::Done)
}

fn failure(error: DubError, view: &View) -> Failure {
    view.close();
    match error {
        DubError::Batch(error) => Failure::batch(error),
        DubError::OutputExists(_)
        | DubError::OutputFormat(_)
        | DubError::OtherDub { .. }
        | DubError::Model(_)
        | DubError::NoPicture(_)
        | DubError::NoSound(_)
        | DubError::Plan(_) => Failure::Usage(error.to_string()),
        error => Failure::Local(error.to_string()),
    }
}

/// Returns what a plan needs, costs and saves.
fn plan_lines(plan: &Plan) -> Vec<String> {
    let totals = &plan.summary.totals;
    let price = |micros: Option<u64>| match micros {
        Some(micros) => format!(", ${}", dollars(micros)),
        None => String::new(),
    };
    let length = plan.timeline.duration();
    let mut lines = vec![format!(
        "{} jobs for {} of {}{}.",
        totals.jobs,
        clock(totals.dubbed),
        clock(length),
        price(totals.price)
    )];
    if !totals.kept.is_zero() {
        lines.push(format!(
            "The original picture stays in {} of silence, which saves {} jobs{}.",
            clock(totals.kept),
            plan.summary.saved_jobs(),
            price(plan.summary.saved_price()),
        ));
    }
    let in_speech = plan.summary.cuts_in_speech;
    if in_speech > 0 {
        lines.push(format!("{in_speech} cuts lie inside speech: there is no silence within reach."));
    }
    if totals.price.is_none() {
        lines.push("The price is not known. `viseme price` asks the service for that of a job.".into());
    }
    lines
}

fn plan_json(plan: &Plan) -> Value {
    let seconds = |frame| plan.timeline.time_base().duration(plan.timeline.time_at(frame)).as_secs_f64();
    let segments: Vec<_> = plan
        .segments
        .iter()
        .map(|segment| {
            json!({
                "kind": segment.kind,
                "start_seconds": seconds(segment.frames.start),
                "end_seconds": seconds(segment.frames.end),
                "frames": [segment.frames.start, segment.frames.end],
                "samples": [segment.samples.start, segment.samples.end],
            })
        })
        .collect();
    let totals = &plan.summary.totals;
    json!({
        "event": "plan",
        "jobs": totals.jobs,
        "duration_seconds": plan.timeline.duration().as_secs_f64(),
        "dubbed_seconds": totals.dubbed.as_secs_f64(),
        "kept_seconds": totals.kept.as_secs_f64(),
        "price_micros": totals.price,
        "saved_price_micros": plan.summary.saved_price(),
        "saved_jobs": plan.summary.saved_jobs(),
        "cuts_in_speech": plan.summary.cuts_in_speech,
        "segments": segments,
    })
}

/// Returns a time as `1:02:03.4` or `2:03.4`.
fn clock(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    let (hours, minutes) = (tenths / 36_000, tenths / 600 % 60);
    let seconds = format!("{:02}.{}", tenths / 10 % 60, tenths % 10);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds}") } else { format!("{minutes}:{seconds}") }
}

/// Shows the progress: a live line in a terminal, plain lines in a pipe, events with `--json`.
struct View {
    json: bool,
    silent: bool,
    bar: Option<ProgressBar>,
    last: Mutex<Option<(DubStage, usize, Instant)>>,
}

impl View {
    fn new(options: &Options) -> Self {
        let is_live = !options.is_silent()
            && !options.json
            && !options.verbose
            && std::io::stderr().is_terminal();
        let bar = is_live.then(|| {
            let style = ProgressStyle::with_template(TEMPLATE);
            let bar = ProgressBar::new(1000);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { json: options.json, silent: options.is_silent(), bar, last: Mutex::default() }
    }

    fn plan(&self, plan: &Plan, options: &Options) -> Result<()> {
        if options.json {
            return print_line(plan_json(plan));
        }
        if !options.is_silent() {
            for line in plan_lines(plan) {
                match &self.bar {
                    Some(bar) => bar.suspend(|| eprint_line(line)),
                    None => eprint_line(line),
                }
            }
        }
        Ok(())
    }

    fn on_update(&self, update: &DubUpdate) {
        let is_due = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = match &*last {
                Some((stage, done, at)) => {
                    let is_new = *stage != update.stage
                        || (update.stage == DubStage::Dubbing && *done != update.done);
                    is_new || at.elapsed() >= LOG_INTERVAL
                }
                None => true,
            };
            if is_due {
                *last = Some((update.stage, update.done, Instant::now()));
            }
            is_due
        };
        if self.json {
            // If standard output is closed, the result at the end fails.
            if is_due || update.segment.is_some() {
                let _ = print_line(update_json(update));
            }
            return;
        }
        let text = update_text(update);
        match &self.bar {
            Some(bar) => {
                // From 0 to 1000.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                bar.set_position((update.fraction() * 1000.0) as u64);
                bar.set_message(text);
            }
            None if is_due && !self.silent => eprint_line(text),
            None => {}
        }
    }

    fn close(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn update_text(update: &DubUpdate) -> String {
    let DubUpdate { done, total, .. } = update;
    match update.stage {
        DubStage::Analysing => format!("reading: {done} frames"),
        DubStage::Cutting => format!("cutting: {done} of {total} frames"),
        DubStage::Dubbing => format!("dubbing: {done} of {total} segments"),
        DubStage::Joining => format!("joining: {done} of {total} frames"),
        _ => String::new(),
    }
}

fn update_json(update: &DubUpdate) -> Value {
    let mut event = json!({
        "event": "progress",
        "stage": update.stage,
        "done": update.done,
        "total": update.total,
        "fraction": (update.fraction() * 1000.0).round() / 1000.0,
    });
    if let (Some((id, state)), Some(fields)) = (&update.segment, event.as_object_mut()) {
        fields.insert("segment".to_owned(), json!(id));
        fields.insert("state".to_owned(), json!(state));
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_on_a_clock() {
        for (millis, text) in [(0, "0:00.0"), (8_340, "0:08.3"), (125_960, "2:06.0"), (3_723_400, "1:02:03.4")] {
            assert_eq!(clock(Duration::from_millis(millis)), text);
        }
    }
}
