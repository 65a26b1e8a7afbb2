//! Dubs: their plan, their runs, and what a host reads about them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use viseme::Client;
use viseme::media::Framing;
use viseme_batch::{BatchError, Item, StopReason};
use viseme_dub::plan::{Length, Plan, Prefer, SegmentKind};
use viseme_dub::{Dub, DubError, OnUpdate, Preset, plan_dub, read_prices};

use crate::batch::on_unknown;
use crate::dto::{
    DubLength, DubOptions, DubPlan, DubPreset, DubResult, DubSegment, DubSegmentKind, DubStage,
    DubUpdate, ErrorData, Request, millis,
};
use crate::message;
use crate::run_many::messages_of;
use crate::task::{EventSender, Task};

/// Starts one of the operations of a dub.
pub(crate) fn start(client: &Client, request: Request) -> Result<Task, Box<ErrorData>> {
    let client = client.clone();
    Ok(match request {
        Request::Dub { video, audio, out, options, fallback_ffmpeg } => {
            let (sender, messages) = unbounded_channel();
            let stopped = CancellationToken::new();
            let options = options.build(fallback_ffmpeg)?;
            let run = Run { client, video, audio, out, options, stopped: stopped.clone(), sender };
            Task::from_messages(messages_of(run.drive().boxed(), messages)).with_stop(stopped)
        }
        Request::DubPlan { video, audio, options, fallback_ffmpeg } => {
            let options = options.build(fallback_ffmpeg)?;
            Task::from_future(async move {
                let prices = read_prices(&client, &options.model).await;
                match plan_dub(video.as_ref(), audio.as_ref(), &options, prices).await {
                    Ok(plan) => message::value(DubPlan::from(&plan)),
                    Err(error) => message::error(error.into()),
                }
            })
        }
        _ => {
            let message = "The dub has no such operation.";
            return Err(ErrorData::new("invalid_input", message));
        }
    })
}

/// A run of a dub.
struct Run {
    client: Client,
    video: String,
    audio: String,
    out: String,
    options: viseme_dub::DubOptions,
    stopped: CancellationToken,
    sender: EventSender,
}

impl Run {
    /// Runs the dub, and sends an event for each step, and the last message. A run that the host
    /// stopped has no last message.
    async fn drive(self) {
        let last = match self.run().await {
            Ok(result) => message::value(result),
            Err(DubError::Stopped) => return,
            Err(error) => message::error(error.into()),
        };
        // If the receiver is gone, the host has cancelled the task.
        let _ = self.sender.send(last.into());
    }

    async fn run(&self) -> Result<DubResult, DubError> {
        let sender = self.sender.clone();
        let on_update: OnUpdate = Arc::new(move |update| {
            let _ = sender.send(message::event(DubUpdate::from(update)).into());
        });
        let (video, audio, out) =
            (Path::new(&self.video), Path::new(&self.audio), Path::new(&self.out));
        let options = self.options.clone();
        let dub = Dub::open(&self.client, video, audio, out, options, Some(on_update));
        let dub = tokio::select! {
            dub = dub => dub?,
            () = self.stopped.cancelled() => return Err(DubError::Stopped),
        };
        let summary = dub.run(&self.client, self.stopped.cancelled()).await?;
        let states = summary.states.iter();
        Ok(DubResult {
            out: self.out.clone(),
            segments: summary.total as u64,
            states: states.map(|(state, count)| (state.to_string(), *count as u64)).collect(),
            spent: dollars(summary.spent_micros),
        })
    }
}

fn dollars(micros: u64) -> f64 {
    micros as f64 / 1e6
}

impl From<DubError> for Box<ErrorData> {
    fn from(error: DubError) -> Self {
        let (code, text) = (error.code().to_owned(), error.to_string());
        match error {
            DubError::Batch(error) => error.into(),
            DubError::Plan(_) => ErrorData::new(&code, sentence(&text)),
            DubError::Unfinished { reason, items, .. } => {
                let mut data = unfinished(&code, reason, &items);
                data.message = text;
                data
            }
            _ => ErrorData::new(&code, text),
        }
    }
}

/// Returns the error of a dub whose segments are not all done, with what is known about what ended it.
fn unfinished(code: &str, reason: Option<StopReason>, items: &[Item]) -> Box<ErrorData> {
    match reason {
        Some(StopReason::Unknown(error) | StopReason::Error(error)) => error.into(),
        Some(StopReason::Ledger(error)) => BatchError::from(error).into(),
        Some(_) => ErrorData::new(code, ""),
        None => {
            let failed = items.iter().find(|item| item.error_code.is_some());
            let mut data = ErrorData::new(code, "");
            data.job_id = failed.and_then(|item| item.job_id.clone());
            data
        }
    }
}

/// Returns a message of the planner as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

impl DubOptions {
    fn build(
        self,
        fallback_ffmpeg: Option<String>,
    ) -> Result<viseme_dub::DubOptions, Box<ErrorData>> {
        let defaults = viseme_dub::DubOptions::default();
        let batch = viseme_batch::BatchOptions {
            limit: self.limit.map_or(defaults.batch.limit, |limit| limit as usize),
            // A number of this type has more than six decimals: the nearest millionth is meant.
            max_cost: self.max_cost.map(|dollars| (dollars * 1e6).round() as u64),
            retry_failed: self.retry_failed.unwrap_or(defaults.batch.retry_failed),
            on_unknown: self
                .on_unknown
                .map_or(Ok(defaults.batch.on_unknown), |text| on_unknown(&text))?,
            ..defaults.batch
        };
        Ok(viseme_dub::DubOptions {
            model: self.model.unwrap_or(defaults.model),
            length: self.length.map_or(defaults.length, Length::from),
            skip_silence: self.skip_silence.unwrap_or(defaults.skip_silence),
            prefer: if self.cheapest == Some(true) { Prefer::Price } else { Prefer::Silence },
            framing: if self.crop == Some(true) { Framing::Crop } else { Framing::Borders },
            batch,
            preset: self.preset.map_or(defaults.preset, Preset::from),
            keep_segments: self.keep_segments.unwrap_or(defaults.keep_segments),
            offline: false,
            fallback_ffmpeg: fallback_ffmpeg.map(PathBuf::from),
        })
    }
}

impl From<DubLength> for Length {
    fn from(length: DubLength) -> Self {
        match length {
            DubLength::Shorter => Self::Shorter,
            DubLength::Hold => Self::Hold,
            DubLength::Loop => Self::Loop,
            DubLength::Original => Self::Original,
        }
    }
}

impl From<DubPreset> for Preset {
    fn from(preset: DubPreset) -> Self {
        match preset {
            DubPreset::Ultrafast => Self::Ultrafast,
            DubPreset::Fast => Self::Fast,
            DubPreset::Medium => Self::Medium,
            DubPreset::Slow => Self::Slow,
        }
    }
}

impl From<&viseme_dub::DubUpdate> for DubUpdate {
    fn from(update: &viseme_dub::DubUpdate) -> Self {
        let (segment, state) = update.segment.clone().unzip();
        Self {
            stage: match update.stage {
                viseme_dub::DubStage::Cutting => DubStage::Cutting,
                viseme_dub::DubStage::Dubbing => DubStage::Dubbing,
                viseme_dub::DubStage::Joining => DubStage::Joining,
                _ => DubStage::Analysing,
            },
            done: update.done as u64,
            total: update.total as u64,
            fraction: update.fraction(),
            segment,
            state: state.map(|state| state.to_string()),
        }
    }
}

impl From<&Plan> for DubPlan {
    fn from(plan: &Plan) -> Self {
        let time = |frame| {
            let time: Duration = plan.timeline.time_base().duration(plan.timeline.time_at(frame));
            millis(time)
        };
        let segments = plan.segments.iter().map(|segment| DubSegment {
            kind: match segment.kind {
                SegmentKind::Dub => DubSegmentKind::Dub,
                SegmentKind::Keep => DubSegmentKind::Keep,
            },
            start_ms: time(segment.frames.start),
            end_ms: time(segment.frames.end),
        });
        let (summary, totals) = (&plan.summary, &plan.summary.totals);
        Self {
            segments: segments.collect(),
            jobs: totals.jobs as u64,
            duration_ms: millis(plan.timeline.duration()),
            dubbed_ms: millis(totals.dubbed),
            kept_ms: millis(totals.kept),
            price: totals.price.map(dollars),
            saved_jobs: summary.saved_jobs() as u64,
            saved_price: summary.saved_price().map(dollars),
            cuts_in_speech: summary.cuts_in_speech as u64,
        }
    }
}
