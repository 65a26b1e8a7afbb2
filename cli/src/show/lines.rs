//! Progress as lines, each piece of news once.

use viseme::Progress;

use super::words;
use crate::size;
use crate::terminal::say;

/// What was said already.
#[derive(Default)]
pub(crate) struct Lines {
    uploading: Vec<String>,
    downloading: bool,
}

impl Lines {
    pub(super) fn tell(&mut self, progress: &Progress) {
        match progress {
            Progress::Uploading { field, total, .. } => {
                if !self.uploading.contains(field) {
                    self.uploading.push(field.clone());
                    say(format_args!("uploading {field} ({})", size::bytes(*total)));
                }
            }
            other => {
                if let Some(line) = words::line(other) {
                    say(line);
                }
            }
        }
    }

    pub(super) fn downloading(&mut self, total: Option<u64>) {
        if !std::mem::replace(&mut self.downloading, true) {
            match total {
                Some(total) => say(format_args!("downloading ({})", size::bytes(total))),
                None => say("downloading"),
            }
        }
    }
}
