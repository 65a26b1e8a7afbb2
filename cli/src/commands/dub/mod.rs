//! `viseme dub`: lip-syncs a clip of any length.

mod view;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use viseme::ErrorKind;
use viseme::media::Framing;
use viseme_batch::{BatchOptions, Item, ItemState, OnUnknown, StopReason, dollars};
use viseme_dub::plan::{Length, Prefer, SegmentKind};
use viseme_dub::{
    Dub, DubError, DubOptions, DubUpdate, Preset, check_output, plan_dub, read_prices,
};

use super::batch::{Tier, parse_dollars};
use crate::client::{self, Offline};
use crate::failure::{Failure, Outcome, Result, USAGE};
use crate::interrupt::interrupt;
use crate::options::{Options, PacingArgs, parse_interval, parse_whole};
use crate::output::{eprint_line, print_line};
use view::{View, clock, plan_json, plan_lines};

/// The exit code of a run that its limit of cost ended.
const COST_LIMIT: u8 = 7;
/// The exit code of an interrupt.
const INTERRUPTED: u8 = 130;
#[derive(Debug, clap::Args)]
pub(crate) struct DubArgs {
    /// The video of a face, of any length and size.
    #[arg(long, value_name = "FILE")]
    video: PathBuf,

    /// The voice, of any length.
    #[arg(long, value_name = "FILE")]
    audio: PathBuf,

    /// The result, an MP4 or MOV file. The state is kept in the folder OUT.dub until it is complete.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,

    /// Print the segments, the jobs and the price; upload and submit nothing.
    #[arg(long)]
    dry_run: bool,

    /// Use a mock server instead of the service; costs nothing. Each run starts the jobs over.
    #[arg(long)]
    pub(crate) offline: bool,

    /// Keep the original picture in long silence, which needs no job. This is the default.
    #[arg(long, overrides_with = "no_skip_silence")]
    skip_silence: bool,

    /// Dub long silence too.
    #[arg(long, overrides_with = "skip_silence")]
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

    #[command(flatten)]
    pub(crate) pacing: PacingArgs,
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
            skip_silence: self.skip_silence || !self.no_skip_silence,
            prefer: if self.cheapest { Prefer::Price } else { Prefer::Silence },
            framing: if self.crop { Framing::Crop } else { Framing::Borders },
            batch,
            preset: self.preset,
            keep_segments: self.keep_segments,
            offline: self.offline,
            fallback_ffmpeg: None,
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
    let dub =
        Dub::open(&client, &args.video, &args.audio, &args.out, args.dub_options(), Some(listener));
    let dub = tokio::select! {
        dub = dub => dub.map_err(|error| failure(error, &view))?,
        () = interrupt() => {
            view.close();
            eprint_line("Interrupted. Nothing was submitted; run the same command to resume.");
            return Ok(Outcome::Exit(INTERRUPTED));
        }
    };
    view.plan(dub.plan(), args.length, options)?;
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
                    eprint_line(format_args!(
                        "{} segments dubbed; ${}",
                        summary.total,
                        dollars(cost)
                    ));
                }
                print_line(args.out.display())?;
            }
            Ok(Outcome::Done)
        }
        Err(DubError::Stopped) => {
            let jobs = if args.offline {
                "Run the same command to resume: the segments are kept, and their jobs start over."
            } else {
                "Jobs continue on the service; run the same command to resume."
            };
            let folder = dub.folder().display();
            eprint_line(format_args!("Interrupted. {jobs} The state is in {folder}."));
            Ok(Outcome::Exit(INTERRUPTED))
        }
        Err(DubError::Unfinished { summary, reason, items }) => {
            let code = match &reason {
                Some(StopReason::CostLimit(_)) => COST_LIMIT,
                _ if items.iter().any(|item| item.state == ItemState::Unknown) => 6,
                Some(StopReason::Error(error)) => return Err(Failure::query(error.clone())),
                Some(StopReason::Ledger(_)) => USAGE,
                _ if items.iter().any(|item| has_ended(item.state)) => 4,
                _ => 5,
            };
            for item in items.iter().filter(|item| item.error.is_some()) {
                let error = item.error.as_deref().unwrap_or_default();
                let job = item.job_id.as_ref().map(|id| format!(" (job {id})")).unwrap_or_default();
                eprint_line(format_args!("Segment {}{job}: {error}", item.id));
            }
            let advice = advice(reason.as_ref(), &items);
            let segments = json!(items);
            let error = DubError::Unfinished { summary, reason, items };
            let more = json!({"cause": error.code(), "segments": segments});
            print_error(options, "dub_unfinished", &format!("{error}{advice}"), more)?;
            Ok(Outcome::Exit(code))
        }
        Err(error @ DubError::CostLimit { left, spent, .. }) => {
            let needed = dollars(spent.saturating_add(left));
            let message = format!("{error} Pass `--max-cost {needed}`.");
            print_error(options, "cost_limit", &message, json!({}))?;
            Ok(Outcome::Exit(COST_LIMIT))
        }
        Err(error) => Err(failure(error, &view)),
    }
}

/// Returns whether an item has ended without a result.
fn has_ended(state: ItemState) -> bool {
    matches!(state, ItemState::Failed | ItemState::Refused | ItemState::Expired)
}

/// Returns what the command can do about segments that are not done.
fn advice(reason: Option<&StopReason>, items: &[Item]) -> String {
    let failures = items.iter().filter(|item| item.state == ItemState::Failed);
    let failures = failures.map(|item| item.failures).max();
    let mut advice = String::new();
    if matches!(reason, Some(StopReason::CostLimit(_))) {
        advice.push_str(" Pass a higher `--max-cost`.");
    }
    if let Some(failures) = failures {
        let times = failures.max(1);
        advice
            .push_str(&format!(" To do so, add `--retry-failed {times}`: each is paid for again."));
    }
    advice
}

/// Prints an error. As JSON, it has the fields of `more` too.
fn print_error(options: &Options, code: &str, message: &str, more: Value) -> Result<()> {
    if options.json {
        let mut error = json!({"code": code, "message": message});
        if let (Some(error), Value::Object(more)) = (error.as_object_mut(), more) {
            error.extend(more);
        }
        return print_line(json!({"error": error}));
    }
    eprint_line(format_args!("error: {message}"));
    Ok(())
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
    let checked = check_output(&args.video, &args.audio, &args.out, &args.dub_options()).await;
    checked.map_err(|error| failure(error, &view))?;
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
    for line in plan_lines(&plan, args.length) {
        print_line(line)?;
    }
    Ok(Outcome::Done)
}

fn failure(error: DubError, view: &View) -> Failure {
    view.close();
    match error {
        DubError::Batch(error) => Failure::batch(error),
        error if error.code() == ErrorKind::InvalidInput.code() => {
            Failure::Usage(error.to_string())
        }
        error => Failure::Local(error.to_string()),
    }
}
