//! Why a voice could not be put into a video.

use std::fmt;
use std::io;

/// Why a voice could not be put into a video.
#[derive(Debug)]
pub enum DubError {
    /// The video cannot be used. The text completes "the video …".
    Picture(String),
    /// The voice cannot be used. The text completes "the audio …".
    Voice(String),
    /// A file could not be read or written.
    Io(io::Error),
}

impl fmt::Display for DubError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Picture(reason) => write!(formatter, "the video {reason}"),
            Self::Voice(reason) => write!(formatter, "the audio {reason}"),
            Self::Io(error) => write!(formatter, "a file cannot be read or written: {error}"),
        }
    }
}

impl std::error::Error for DubError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Picture(_) | Self::Voice(_) => None,
        }
    }
}

/// Why one of the two files cannot be used: the reason completes "the video …" or "the audio …".
#[derive(Debug)]
pub(crate) enum Problem {
    Unusable(String),
    Io(io::Error),
}

impl Problem {
    pub(crate) fn of_picture(self) -> DubError {
        match self {
            Self::Unusable(reason) => DubError::Picture(reason),
            Self::Io(error) => DubError::Io(error),
        }
    }

    pub(crate) fn of_voice(self) -> DubError {
        match self {
            Self::Unusable(reason) => DubError::Voice(reason),
            Self::Io(error) => DubError::Io(error),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Returns a problem of the file's content.
pub(crate) fn unusable(reason: impl Into<String>) -> Problem {
    Problem::Unusable(reason.into())
}
