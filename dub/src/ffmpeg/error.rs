//! Errors of finding and running ffmpeg.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// How to install ffmpeg.
const INSTALL: &str = "Install it: `apt install ffmpeg` (Debian, Ubuntu), `brew install ffmpeg` (macOS), \
                       `winget install ffmpeg` (Windows), or see https://ffmpeg.org/download.html. In \
                       Python, `pip install 'viseme[media]'` brings it; in Node.js, `npm install \
                       ffmpeg-static` does. Or set VISEME_FFMPEG to the path of the program.";

/// Why ffmpeg could not be found or did not finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FfmpegError {
    /// There is no ffmpeg on the PATH.
    #[error("ffmpeg was not found. {INSTALL}")]
    NotFound,
    /// VISEME_FFMPEG does not name a program.
    #[error("VISEME_FFMPEG is {}, which cannot be run: {error}. Set it to the path of ffmpeg.", .path.display())]
    NotAProgram {
        /// The value of the variable.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// The program is too old.
    #[error("{} is ffmpeg {version}; version {minimum} or newer is needed. {INSTALL}", .path.display())]
    TooOld {
        /// The program.
        path: PathBuf,
        /// Its version.
        version: String,
        /// The oldest version that is supported.
        minimum: &'static str,
    },
    /// The program could not be started, or its input or output failed.
    #[error("ffmpeg could not be run: {0}.")]
    Io(#[from] io::Error),
    /// It ended with an error.
    #[error("ffmpeg failed ({status}): {message}")]
    Failed {
        /// How it ended.
        status: String,
        /// The last lines that it printed.
        message: String,
    },
    /// It took too long and was stopped.
    #[error("ffmpeg did not finish within {} s and was stopped.", .0.as_secs())]
    TimedOut(Duration),
    /// It wrote too much and was stopped.
    #[error("ffmpeg wrote more than {0} bytes and was stopped.")]
    TooLarge(u64),
}
