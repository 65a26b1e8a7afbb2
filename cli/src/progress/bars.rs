//! Progress as bars in a terminal.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use viseme::Progress;

use super::messages;
use crate::options::Options;
use crate::output::{eprint_line, size};

const TRANSFER: &str = "{msg:17} {wide_bar:.cyan/dim} {sent} of {total}";
const UNKNOWN_SIZE: &str = "{spinner} {msg} {sent}";
const JOB: &str = "{spinner:.cyan} {msg} ({elapsed})";

pub(crate) struct Bars {
    options: Options,
    /// A line to print before the first event.
    pub(super) notice: Option<String>,
    all: MultiProgress,
    uploads: HashMap<String, ProgressBar>,
    download: Option<ProgressBar>,
    job: Option<ProgressBar>,
}

impl Bars {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            notice: None,
            all: MultiProgress::default(),
            uploads: HashMap::new(),
            download: None,
            job: None,
        }
    }

    pub(super) fn on_event(&mut self, progress: &Progress) {
        if let Some(notice) = self.notice.take() {
            self.print(&notice);
        }
        match progress {
            Progress::Uploading { field, sent, total } => {
                let bar = self.uploads.entry(field.clone()).or_insert_with(|| {
                    transfer(&self.all, format!("uploading {field}"), Some(*total))
                });
                bar.set_position(*sent);
            }
            Progress::Uploaded { field, .. } => {
                // A line in its place keeps the messages in the order of the events.
                if let Some(bar) = self.uploads.remove(field) {
                    bar.finish_and_clear();
                }
                self.print_message(progress);
            }
            Progress::Update(prediction) => {
                if prediction.status.is_terminal() {
                    self.end_job();
                    self.print_message(progress);
                } else {
                    self.job_bar().set_message(messages::status(prediction));
                }
            }
            Progress::Submitting { .. } => self.job_bar().set_message("submitting"),
            Progress::Recovering => {
                self.print_message(progress);
                self.job_bar().set_message("searching the history");
            }
            Progress::Submitted { .. } => {
                self.print_message(progress);
                self.job_bar().set_message("submitted");
            }
            other => self.print_message(other),
        }
    }

    pub(super) fn on_download(&mut self, received: u64, total: Option<u64>) {
        let bar = self
            .download
            .get_or_insert_with(|| transfer(&self.all, "downloading".to_owned(), total));
        bar.set_position(received);
    }

    pub(super) fn close(&mut self) {
        self.end_job();
        for bar in self.uploads.values().chain(&self.download) {
            bar.finish_and_clear();
        }
    }

    fn job_bar(&mut self) -> &ProgressBar {
        self.job.get_or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new_spinner());
            bar.set_style(style(JOB));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        })
    }

    fn end_job(&mut self) {
        if let Some(job) = self.job.take() {
            job.finish_and_clear();
        }
    }

    pub(super) fn print(&self, line: &str) {
        // `MultiProgress::println` pads lines to the width of the terminal and does not end them,
        // so that they merge when the window grows.
        self.all.suspend(|| eprint_line(line));
    }

    fn print_message(&self, progress: &Progress) {
        if let Some(line) = messages::message(progress, &self.options) {
            self.print(&line);
        }
    }
}

/// A bar of bytes; a count if the total is unknown.
fn transfer(all: &MultiProgress, message: String, total: Option<u64>) -> ProgressBar {
    let bar = all.add(total.map_or_else(ProgressBar::no_length, ProgressBar::new));
    bar.set_style(style(if total.is_some() { TRANSFER } else { UNKNOWN_SIZE }));
    bar.set_message(message);
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("sent", |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&size(state.pos()));
        })
        .with_key("total", |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&size(state.len().unwrap_or_default()));
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        for template in [TRANSFER, UNKNOWN_SIZE, JOB] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
