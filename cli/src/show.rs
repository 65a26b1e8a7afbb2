//! Shows a run as it goes on: bars on a terminal, lines where the output is piped.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use viseme::{Progress, Status};

use crate::args::Options;
use crate::report;
use crate::size;

/// Shows progress; to be told from any thread.
pub(crate) enum Show {
    Nothing,
    Lines(Mutex<Seen>),
    Bars(Mutex<Bars>),
}

/// What was said already, so that it is said once.
#[derive(Default)]
pub(crate) struct Seen {
    uploading: Vec<String>,
}

pub(crate) struct Bars {
    all: MultiProgress,
    uploads: HashMap<String, ProgressBar>,
    job: Option<ProgressBar>,
}

impl Show {
    pub(crate) fn new(options: &Options) -> Self {
        if options.quiet || (options.json && !std::io::stderr().is_terminal()) {
            Self::Nothing
        } else if std::io::stderr().is_terminal() {
            Self::Bars(Mutex::new(Bars {
                all: MultiProgress::new(),
                uploads: HashMap::new(),
                job: None,
            }))
        } else {
            Self::Lines(Mutex::default())
        }
    }

    pub(crate) fn tell(&self, progress: &Progress) {
        match self {
            Self::Nothing => {}
            Self::Lines(seen) => {
                seen.lock().unwrap_or_else(PoisonError::into_inner).tell(progress);
            }
            Self::Bars(bars) => bars.lock().unwrap_or_else(PoisonError::into_inner).tell(progress),
        }
    }

    /// Removes the bars, so that what follows starts on a clean line.
    pub(crate) fn close(&self) {
        if let Self::Bars(bars) = self {
            let bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(job) = &bars.job {
                job.finish_and_clear();
            }
            for bar in bars.uploads.values() {
                bar.abandon();
            }
        }
    }
}

impl Seen {
    fn tell(&mut self, progress: &Progress) {
        match progress {
            Progress::Uploading { field, total, .. } if !self.uploading.contains(field) => {
                self.uploading.push(field.clone());
                eprintln!("uploading {field} ({})", size::bytes(*total));
            }
            Progress::Uploading { .. } => {}
            other => {
                if let Some(line) = line(other) {
                    eprintln!("{line}");
                }
            }
        }
    }
}

impl Bars {
    fn tell(&mut self, progress: &Progress) {
        match progress {
            Progress::Uploading { field, sent, total } => {
                let bar = self
                    .uploads
                    .entry(field.clone())
                    .or_insert_with(|| upload_bar(&self.all, field, *total));
                bar.set_position(*sent);
            }
            Progress::Uploaded { field, .. } => {
                if let Some(bar) = self.uploads.get(field) {
                    bar.finish();
                }
            }
            Progress::Update(prediction) if prediction.status.is_terminal() => {
                if let Some(job) = self.job.take() {
                    job.finish_and_clear();
                }
                self.say(progress);
            }
            Progress::Update(prediction) => {
                let message = match &prediction.status {
                    Status::Created => "waiting in the queue".to_owned(),
                    status => status.to_string(),
                };
                self.job_bar().set_message(message);
            }
            Progress::Submitted { .. } => {
                self.say(progress);
                self.job_bar().set_message("submitted");
            }
            other => self.say(other),
        }
    }

    fn job_bar(&mut self) -> &ProgressBar {
        self.job.get_or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new_spinner());
            bar.set_style(style("{spinner} {msg} ({elapsed})"));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        })
    }

    fn say(&self, progress: &Progress) {
        if let Some(line) = line(progress) {
            // Fails only where standard error is gone.
            let _ = self.all.println(line);
        }
    }
}

fn upload_bar(all: &MultiProgress, field: &str, total: u64) -> ProgressBar {
    let bar = all.add(ProgressBar::new(total));
    bar.set_style(style("uploading {msg:5} {bar:30} {bytes} of {total_bytes}"));
    bar.set_message(field.to_owned());
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// The news as a line; `None` for what is no news to a person.
fn line(progress: &Progress) -> Option<String> {
    match progress {
        Progress::Checked(checked) => {
            let lines: Vec<_> = report::lines(checked).collect();
            (!lines.is_empty()).then(|| lines.join("\n"))
        }
        Progress::Uploaded { field, .. } => Some(format!("uploaded {field}")),
        Progress::Recovering => {
            Some("the answer was lost; looking for the job in the history".to_owned())
        }
        Progress::Submitted { job_id } => Some(format!("submitted job {job_id}")),
        Progress::Update(prediction) => Some(prediction.status.to_string()),
        Progress::Retrying { error, after } => {
            Some(format!("{error} Trying again in {}.", size::seconds(*after)))
        }
        _ => None,
    }
}
