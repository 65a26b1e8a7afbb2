//! Progress as bars on a terminal.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use viseme::Progress;

use super::words;
use crate::size;
use crate::terminal::printable;

const TRANSFER: &str = "{msg:17} {wide_bar:.cyan/dim} {sent} of {whole}";
const OF_UNKNOWN_SIZE: &str = "{spinner} {msg} {sent}";
const JOB: &str = "{spinner:.cyan} {msg} ({elapsed})";

#[derive(Default)]
pub(crate) struct Bars {
    all: MultiProgress,
    uploads: HashMap<String, ProgressBar>,
    download: Option<ProgressBar>,
    job: Option<ProgressBar>,
}

impl Bars {
    pub(super) fn tell(&mut self, progress: &Progress) {
        match progress {
            Progress::Uploading { field, sent, total } => {
                let bar = self.uploads.entry(field.clone()).or_insert_with(|| {
                    transfer(&self.all, format!("uploading {field}"), Some(*total))
                });
                bar.set_position(*sent);
            }
            Progress::Uploaded { field, .. } => {
                // A line in its place keeps what is told in the order in which it happened.
                if let Some(bar) = self.uploads.remove(field) {
                    bar.finish_and_clear();
                }
                self.report(progress);
            }
            Progress::Update(prediction) => {
                if prediction.status.is_terminal() {
                    self.end_job();
                    self.report(progress);
                } else {
                    self.job_bar().set_message(words::state(prediction));
                }
            }
            Progress::Submitting { .. } => self.job_bar().set_message("submitting"),
            Progress::Recovering => {
                self.report(progress);
                self.job_bar().set_message("looking for the job");
            }
            Progress::Submitted { .. } => {
                self.report(progress);
                self.job_bar().set_message("submitted");
            }
            other => self.report(other),
        }
    }

    pub(super) fn downloading(&mut self, received: u64, total: Option<u64>) {
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

    pub(super) fn say(&self, line: &str) {
        // Fails only where standard error is gone.
        let _ = self.all.println(printable(line));
    }

    fn report(&self, progress: &Progress) {
        if let Some(line) = words::line(progress) {
            self.say(&line);
        }
    }
}

/// A bar of bytes; a count where the size of the whole is not known.
fn transfer(all: &MultiProgress, message: String, total: Option<u64>) -> ProgressBar {
    let bar = all.add(total.map_or_else(ProgressBar::no_length, ProgressBar::new));
    bar.set_style(style(if total.is_some() { TRANSFER } else { OF_UNKNOWN_SIZE }));
    bar.set_message(message);
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("sent", |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&size::bytes(state.pos()));
        })
        .with_key("whole", |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&size::bytes(state.len().unwrap_or_default()));
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_sound() {
        for template in [TRANSFER, OF_UNKNOWN_SIZE, JOB] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
