//! Shows the progress of a command: bars in a terminal, lines if the output is piped.

mod bars;
mod messages;

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use viseme::Progress;

use self::bars::Bars;
use crate::options::Options;
use crate::output::{eprint_line, size};

/// Shows progress events, from any thread.
pub(crate) enum ProgressDisplay {
    Hidden,
    Lines(Mutex<Lines>),
    Bars(Mutex<Bars>),
}

impl ProgressDisplay {
    pub(crate) fn new(options: &Options) -> Self {
        if options.is_silent() {
            Self::Hidden
        } else if std::io::stderr().is_terminal() && !options.verbose {
            Self::Bars(Mutex::new(Bars::new(options.clone())))
        } else {
            // Bars would overwrite the log.
            Self::Lines(Mutex::new(Lines::new(options.clone())))
        }
    }

    /// Prints a line before the first event, if there is one.
    pub(crate) fn print_before_events(&self, line: String) {
        match self {
            Self::Hidden => {}
            Self::Lines(lines) => lock(lines).notice = Some(line),
            Self::Bars(bars) => lock(bars).notice = Some(line),
        }
    }

    pub(crate) fn on_event(&self, progress: &Progress) {
        match self {
            Self::Hidden => {}
            Self::Lines(lines) => lock(lines).on_event(progress),
            Self::Bars(bars) => lock(bars).on_event(progress),
        }
    }

    /// Shows how many bytes of the output were received, of how many if that is known.
    pub(crate) fn on_download(&self, received: u64, total: Option<u64>) {
        match self {
            Self::Hidden => {}
            Self::Lines(lines) => lock(lines).on_download(total),
            Self::Bars(bars) => lock(bars).on_download(received, total),
        }
    }

    /// Prints a line that the user must see, even if progress is hidden.
    pub(crate) fn print(&self, line: &str) {
        match self {
            Self::Hidden | Self::Lines(_) => eprint_line(line),
            Self::Bars(bars) => lock(bars).print(line),
        }
    }

    /// Removes the bars, so that the next line starts in the first column.
    pub(crate) fn close(&self) {
        if let Self::Bars(bars) = self {
            lock(bars).close();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Progress as lines: one for each change.
pub(crate) struct Lines {
    options: Options,
    /// A line to print before the first event.
    notice: Option<String>,
    /// The uploads that have their line.
    uploading: Vec<String>,
    downloading: bool,
}

impl Lines {
    fn new(options: Options) -> Self {
        Self { options, notice: None, uploading: Vec::new(), downloading: false }
    }

    fn on_event(&mut self, progress: &Progress) {
        if let Some(notice) = self.notice.take() {
            eprint_line(notice);
        }
        match progress {
            Progress::Uploading { field, total, .. } => {
                if !self.uploading.contains(field) {
                    self.uploading.push(field.clone());
                    eprint_line(format_args!("uploading {field} ({})", size(*total)));
                }
            }
            other => {
                if let Some(line) = messages::message(other, &self.options) {
                    eprint_line(line);
                }
            }
        }
    }

    fn on_download(&mut self, total: Option<u64>) {
        if !std::mem::replace(&mut self.downloading, true) {
            match total {
                Some(total) => eprint_line(format_args!("downloading ({})", size(total))),
                None => eprint_line("downloading"),
            }
        }
    }
}
