//! Shows the work as it goes on: bars on a terminal, lines where the output is piped.

mod bars;
mod lines;
mod words;

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use viseme::Progress;

use self::bars::Bars;
use self::lines::Lines;
use crate::options::Options;
use crate::terminal::say;

/// Shows progress; may be told from any thread.
pub(crate) enum Show {
    Nothing,
    Lines(Mutex<Lines>),
    Bars(Mutex<Bars>),
}

impl Show {
    pub(crate) fn new(options: &Options) -> Self {
        if options.is_silent() {
            Self::Nothing
        } else if std::io::stderr().is_terminal() && !options.verbose {
            Self::Bars(Mutex::default())
        } else {
            // Bars would draw over the log.
            Self::Lines(Mutex::default())
        }
    }

    pub(crate) fn tell(&self, progress: &Progress) {
        match self {
            Self::Nothing => {}
            Self::Lines(lines) => lock(lines).tell(progress),
            Self::Bars(bars) => lock(bars).tell(progress),
        }
    }

    /// So many bytes of the output came, of so many where that is known.
    pub(crate) fn downloading(&self, received: u64, total: Option<u64>) {
        match self {
            Self::Nothing => {}
            Self::Lines(lines) => lock(lines).downloading(total),
            Self::Bars(bars) => lock(bars).downloading(received, total),
        }
    }

    /// Says a line that must be heard, whatever is shown otherwise.
    pub(crate) fn say(&self, line: &str) {
        match self {
            Self::Nothing | Self::Lines(_) => say(line),
            Self::Bars(bars) => lock(bars).say(line),
        }
    }

    /// Ends the bars, so that what follows starts on a clean line.
    pub(crate) fn close(&self) {
        if let Self::Bars(bars) = self {
            lock(bars).close();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
