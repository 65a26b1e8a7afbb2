//! What `viseme dub` shows: a live line in a terminal, plain lines in a pipe, events with `--json`.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use viseme_batch::dollars;
use viseme_dub::plan::{Length, Plan};
use viseme_dub::{DubStage, DubUpdate};

use crate::failure::Result;
use crate::options::Options;
use crate::output::{eprint_line, print_line};

/// How often a log gets a line about frames.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Smaller differences between the lengths of picture and voice are not printed.
const LENGTHS_DIFFER: Duration = Duration::from_millis(250);

const TEMPLATE: &str = "{bar:24.cyan/dim} {percent:>3} %  {msg}";

/// Returns what a plan needs, costs and saves.
pub(super) fn plan_lines(plan: &Plan, choice: Length) -> Vec<String> {
    let totals = &plan.summary.totals;
    let price = |micros: Option<u64>| match micros {
        Some(micros) => format!(", ${}", dollars(micros)),
        None => String::new(),
    };
    let length = plan.timeline.duration();
    let mut lines = vec![format!(
        "{} for {} of {}{}.",
        jobs(totals.jobs),
        clock(totals.dubbed),
        clock(length),
        price(totals.price)
    )];
    if !totals.kept.is_zero() {
        let saved = (plan.summary.saved_jobs(), plan.summary.saved_price());
        let saves = match saved {
            (0, None | Some(0)) => String::new(),
            (0, Some(micros)) => format!(", which saves ${}", dollars(micros)),
            (count, micros) => format!(", which saves {}{}", jobs(count), price(micros)),
        };
        let kept = clock(totals.kept);
        lines.push(format!("The original picture stays in {kept} of silence{saves}."));
    }
    lines.extend(length_line(plan.summary.picture, plan.summary.voice, choice));
    if plan.summary.is_silent {
        lines.push("The voice is silent throughout. Check that it is the right file.".into());
    }
    let in_speech = plan.summary.cuts_in_speech;
    if in_speech > 0 {
        let cuts = if in_speech == 1 { "1 cut lies" } else { &format!("{in_speech} cuts lie") };
        lines.push(format!("{cuts} inside speech: there is no silence within reach."));
    }
    if totals.price.is_none() {
        lines.push(
            "The price is not known. `viseme price` asks the service for that of a job.".into(),
        );
    }
    lines
}

/// Returns what happens to the longer one of picture and voice.
fn length_line(picture: Duration, voice: Duration, choice: Length) -> Option<String> {
    // The voice of a clip is often some hundredths longer or shorter.
    if picture.abs_diff(voice) < LENGTHS_DIFFER {
        return None;
    }
    let by = clock(picture.abs_diff(voice));
    Some(if voice > picture {
        let then = match choice {
            Length::Hold => "the last frame is held",
            Length::Loop => "the picture starts over",
            Length::Shorter => "the rest of the voice is dropped",
            // The plan refuses it.
            Length::Original => return None,
        };
        format!("The voice is {by} longer than the picture: {then}. See --length.")
    } else {
        let then = match choice {
            Length::Shorter => "its rest is dropped",
            Length::Hold | Length::Loop | Length::Original => "its rest is the original",
        };
        format!("The picture is {by} longer than the voice: {then}. See --length.")
    })
}

fn jobs(count: usize) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}

pub(super) fn plan_json(plan: &Plan) -> Value {
    let seconds =
        |frame| plan.timeline.time_base().duration(plan.timeline.time_at(frame)).as_secs_f64();
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
        "picture_seconds": plan.summary.picture.as_secs_f64(),
        "voice_seconds": plan.summary.voice.as_secs_f64(),
        "voice_is_silent": plan.summary.is_silent,
        "segments": segments,
    })
}

/// Returns a time as `1:02:03.4` or `2:03.4`.
pub(super) fn clock(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    let (hours, minutes) = (tenths / 36_000, tenths / 600 % 60);
    let seconds = format!("{:02}.{}", tenths / 10 % 60, tenths % 10);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds}")
    } else {
        format!("{minutes}:{seconds}")
    }
}

/// Shows the progress: a live line in a terminal, plain lines in a pipe, events with `--json`.
pub(super) struct View {
    json: bool,
    silent: bool,
    bar: Option<ProgressBar>,
    last: Mutex<Option<(DubStage, usize, Instant)>>,
}

impl View {
    pub(super) fn new(options: &Options) -> Self {
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

    pub(super) fn plan(&self, plan: &Plan, choice: Length, options: &Options) -> Result<()> {
        if options.json {
            return print_line(plan_json(plan));
        }
        if !options.is_silent() {
            for line in plan_lines(plan, choice) {
                match &self.bar {
                    Some(bar) => bar.suspend(|| eprint_line(line)),
                    None => eprint_line(line),
                }
            }
        }
        Ok(())
    }

    pub(super) fn on_update(&self, update: &DubUpdate) {
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

    pub(super) fn close(&self) {
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
    fn the_longer_one_is_named_with_what_happens_to_it() {
        let of = |picture, voice, choice| {
            let seconds = Duration::from_millis;
            length_line(seconds(picture), seconds(voice), choice).unwrap_or_default()
        };
        assert_eq!(of(10_000, 10_240, Length::Hold), "");
        let held = of(10_000, 19_000, Length::Hold);
        assert_eq!(
            held,
            "The voice is 0:09.0 longer than the picture: the last frame is held. See --length."
        );
        for (choice, then) in
            [(Length::Loop, "the picture starts over"), (Length::Shorter, "the rest of the voice")]
        {
            assert!(of(10_000, 19_000, choice).contains(then));
        }
        assert!(of(12_000, 9_000, Length::Hold).contains("its rest is the original"));
        assert!(of(12_000, 9_000, Length::Shorter).contains("its rest is dropped"));
        assert_eq!((jobs(1), jobs(0)), ("1 job".to_owned(), "0 jobs".to_owned()));
    }

    #[test]
    fn times_are_read_as_on_a_clock() {
        for (millis, text) in
            [(0, "0:00.0"), (8_340, "0:08.3"), (125_960, "2:06.0"), (3_723_400, "1:02:03.4")]
        {
            assert_eq!(clock(Duration::from_millis(millis)), text);
        }
    }
}
