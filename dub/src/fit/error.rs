//! Errors of making media acceptable.

use std::io;
use std::path::PathBuf;

use viseme::ErrorKind;
use viseme::media::{Rule, Violation};
use viseme::model::Level;

use crate::ffmpeg::FfmpegError;

/// Why media were not made acceptable. No source was changed, and no unfinished file is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// No step mends these errors.
    #[error("{}", unmendable(.0))]
    Unmendable(Vec<Violation>),
    /// The file that was made breaks rules too.
    #[error("`{field}`: the file that was made is not acceptable either: {}", sentences(.violations))]
    StillInvalid {
        /// The parameter.
        field: String,
        /// What is wrong with the new file.
        violations: Vec<Violation>,
    },
    /// ffmpeg is missing, or could not make a file.
    #[error("{}{error}", .field.as_ref().map(|field| format!("`{field}`: ")).unwrap_or_default())]
    Ffmpeg {
        /// The parameter; `None` if ffmpeg itself is the problem.
        field: Option<String>,
        /// The reason.
        error: FfmpegError,
    },
    /// A source cannot be read.
    #[error("`{field}`: {}", unreadable(.name, .error))]
    Read {
        /// The parameter.
        field: String,
        /// The source.
        name: String,
        /// The reason.
        error: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("Cannot write {}: {error}.", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
}

impl FitError {
    /// Returns the stable code, the same in every language: `invalid_input` if the media are the problem,
    /// `config` if ffmpeg or the folder of the new files is.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let kind = match self {
            Self::Unmendable(_)
            | Self::StillInvalid { .. }
            | Self::Read { .. }
            | Self::Ffmpeg { field: Some(_), error: FfmpegError::Failed { .. } } => {
                ErrorKind::InvalidInput
            }
            Self::Ffmpeg { .. } | Self::Write { .. } => ErrorKind::Config,
        };
        kind.code()
    }

    /// Returns the violations for a report: those that no step mends, or one that states this error.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Unmendable(violations) | Self::StillInvalid { violations, .. }
                if !violations.is_empty() =>
            {
                violations.clone()
            }
            Self::StillInvalid { field, .. }
            | Self::Read { field, .. }
            | Self::Ffmpeg { field: Some(field), .. } => vec![self.violation(field)],
            _ => vec![self.violation("media")],
        }
    }

    fn violation(&self, field: &str) -> Violation {
        let message = self.to_string();
        let allowed = "a file that ffmpeg reads";
        Violation::new(field, Rule::Readable, Level::Error, message.clone(), allowed, message)
    }
}

fn unreadable(name: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("file not found: {name}. Check the path."),
        _ => format!("cannot read {name}: {error}."),
    }
}

fn sentences(violations: &[Violation]) -> String {
    let messages: Vec<_> = violations.iter().map(|it| it.message.as_str()).collect();
    messages.join(" ")
}

fn unmendable(violations: &[Violation]) -> String {
    let mut text = sentences(violations);
    // The only duration that no step changes by itself.
    let is_short =
        |it: &Violation| it.rule == Rule::Duration && it.message.contains("Choose a longer one");
    if violations.iter().any(is_short) {
        text += " Or pass `extend`, which holds the last frame until the video is long enough.";
    }
    text
}
