//! The view of a running batch: one live line in a terminal, plain lines in a pipe, events with `--json`.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use serde_json::json;
use viseme_batch::{Item, ItemState, Summary, dollars};

use super::folder::error_line;
use super::summary_json;
use crate::failure::Result;
use crate::options::Options;
use crate::output::{eprint_line, print_line};

const TEMPLATE: &str = "{bar:24.cyan/dim} {pos}/{len}  {msg}";

/// How often the live line changes at most.
const UPDATE_INTERVAL: Duration = Duration::from_millis(100);

/// The states of items that are at work, and the words for them, in the order of a life.
const WORK: [(ItemState, &str); 6] = [
    (ItemState::Uploading, "uploading"),
    (ItemState::Ready, "ready"),
    (ItemState::Submitting, "submitting"),
    (ItemState::Submitted, "running"),
    (ItemState::Completed, "completed"),
    (ItemState::Downloading, "downloading"),
];

/// Shows the states of items, from any thread.
pub(super) struct View {
    json: bool,
    silent: bool,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
    started: Instant,
    total: usize,
    max_cost: Option<u64>,
}

#[derive(Default)]
struct State {
    /// The states of the items that are at work.
    at_work: HashMap<String, ItemState>,
    ended: usize,
    failed: usize,
    spent_micros: u64,
    /// When the live line changed last.
    updated: Option<Instant>,
}

impl View {
    pub(super) fn new(options: &Options, max_cost: Option<u64>) -> Self {
        let is_live = !options.is_silent()
            && !options.json
            && !options.verbose
            && std::io::stderr().is_terminal();
        Self {
            json: options.json,
            silent: options.is_silent(),
            bar: is_live.then(ProgressBar::no_length),
            state: Mutex::default(),
            started: Instant::now(),
            total: 0,
            max_cost,
        }
    }

    /// Starts to show a run of this many items, of a batch that has cost this much so far.
    pub(super) fn start(&mut self, total: usize, spent_micros: u64) {
        self.total = total;
        self.started = Instant::now();
        self.with(|state| state.spent_micros = spent_micros);
        if let Some(bar) = &self.bar {
            let style = ProgressStyle::with_template(TEMPLATE);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_length(total as u64);
            bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    /// Shows that an item is in another state.
    pub(super) fn on_state(&self, id: &str, new: ItemState) {
        self.with(|state| {
            if new.is_final() || new == ItemState::Planned {
                state.at_work.remove(id);
            } else {
                state.at_work.insert(id.to_owned(), new);
            }
        });
        self.update();
    }

    /// Shows an item that ended.
    pub(super) fn on_item(&self, item: &Item, spent_micros: Option<u64>) -> Result<()> {
        let ended = self.with(|state| {
            state.at_work.remove(&item.id);
            state.ended += 1;
            state.failed += usize::from(item.state != ItemState::Done);
            state.spent_micros = spent_micros.unwrap_or(state.spent_micros);
            state.ended
        });
        if self.json {
            let mut event = json!(item);
            if let Some(fields) = event.as_object_mut() {
                fields.insert("event".to_owned(), json!("item"));
            }
            return print_line(event);
        }
        if item.state == ItemState::Done {
            // The live line counts them; a file or a log gets a line for each.
            if self.bar.is_none() && !self.silent {
                let outputs: Vec<_> =
                    item.outputs.iter().map(|path| path.display().to_string()).collect();
                let line = format!("{} → {}", item.id, outputs.join(", "));
                eprint_line(format_args!("[{ended}/{}] {line}", self.total));
            }
        } else if !self.silent {
            self.print(&format!("[{ended}/{}] {}", self.total, error_line(item)));
        }
        self.update();
        Ok(())
    }

    /// Prints a line that the user must see.
    pub(super) fn print(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprint_line(line)),
            None => eprint_line(line),
        }
    }

    /// Removes the live line and prints the summary.
    ///
    /// `stopped` says why nothing more was submitted.
    pub(super) fn finish(
        &self,
        summary: &Summary,
        line: &str,
        stopped: Option<&str>,
    ) -> Result<()> {
        self.close();
        if self.json {
            let mut event = summary_json(summary);
            if let Some(fields) = event.as_object_mut() {
                fields.insert("event".to_owned(), json!("summary"));
                fields.insert("stopped".to_owned(), json!(stopped));
            }
            return print_line(event);
        }
        if !self.silent {
            eprint_line(line);
        }
        Ok(())
    }

    pub(super) fn close(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn update(&self) {
        let Some(bar) = &self.bar else { return };
        let is_due = self.with(|state| {
            let is_due = state.updated.is_none_or(|at| at.elapsed() >= UPDATE_INTERVAL);
            if is_due {
                state.updated = Some(Instant::now());
            }
            is_due
        });
        if !is_due {
            return;
        }
        let (ended, message) = self.with(|state| {
            (state.ended, message(state, self.started.elapsed(), self.total, self.max_cost))
        });
        bar.set_position(ended as u64);
        bar.set_message(message);
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns what stands behind the bar: `3 failed · 10 running · $8.40 of $200.00 · 12/min · 4 minutes left`.
fn message(state: &State, elapsed: Duration, total: usize, max_cost: Option<u64>) -> String {
    let mut parts = Vec::new();
    if state.failed > 0 {
        parts.push(format!("{} not done", state.failed));
    }
    for (work, word) in WORK {
        let count = state.at_work.values().filter(|state| **state == work).count();
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    match max_cost {
        Some(limit) => {
            parts.push(format!("${} of ${}", dollars(state.spent_micros), dollars(limit)));
        }
        None if state.spent_micros > 0 => parts.push(format!("${}", dollars(state.spent_micros))),
        None => {}
    }
    if state.ended > 0 && elapsed > Duration::from_secs(1) {
        let per_second = state.ended as f64 / elapsed.as_secs_f64();
        parts.push(format!("{:.0}/min", per_second * 60.0));
        let left = total.saturating_sub(state.ended) as f64 / per_second;
        if let Ok(left) = Duration::try_from_secs_f64(left) {
            parts.push(format!("{} left", HumanDuration(left)));
        }
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_line_says_what_happens_what_it_costs_and_how_long_it_takes() {
        let at_work =
            [("a", ItemState::Submitted), ("b", ItemState::Submitted), ("c", ItemState::Uploading)];
        let state = State {
            at_work: at_work.map(|(id, state)| (id.to_owned(), state)).into(),
            ended: 30,
            failed: 2,
            spent_micros: 8_400_000,
            updated: None,
        };
        assert_eq!(
            message(&state, Duration::from_secs(60), 90, Some(200_000_000)),
            "2 not done · 1 uploading · 2 running · $8.40 of $200.00 · 30/min · 2 minutes left"
        );
        assert_eq!(message(&State::default(), Duration::ZERO, 90, None), "");
    }
}
