//! Reads the decoded frames of a video, in the order in which they are shown.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::process::ChildStdout;

use super::PictureFormat;
use crate::ffmpeg::{Ffmpeg, FfmpegError, Limits, Running};

/// A reader that waits for its caller must not be stopped.
const TIME_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The frames of a video.
pub(crate) struct FrameReader {
    running: Running,
    stdout: BufReader<ChildStdout>,
    bytes: usize,
}

impl FrameReader {
    /// Starts to read the frames in these ranges, or all of them. Frames count from 0 as they are decoded.
    /// `input_options` are those of the video.
    pub(crate) fn start(
        ffmpeg: &Ffmpeg,
        video: &Path,
        input_options: &[&str],
        format: PictureFormat,
        ranges: Option<&[Range<usize>]>,
    ) -> Result<Self, FfmpegError> {
        let select = ranges.map(select).unwrap_or_default();
        let filters = format!("{select}{}", format.filters());
        let limits = Limits { time: TIME_LIMIT, ..Limits::default() };
        let mut running = ffmpeg
            .command()
            .limits(limits)
            .input(video, input_options)?
            .output_to_stdout(&[
                "-map",
                "0:V:0",
                "-vf",
                &filters,
                "-fps_mode",
                "passthrough",
                "-c:v",
                "rawvideo",
                "-f",
                "rawvideo",
            ])
            .start()?;
        let stdout = running.stdout.take().ok_or_else(no_pipe)?;
        let bytes = format.frame_bytes();
        Ok(Self { running, stdout: BufReader::with_capacity(bytes.min(1 << 20), stdout), bytes })
    }

    /// Reads the next frame. Returns `false` after the last.
    pub(crate) async fn next(&mut self, frame: &mut Vec<u8>) -> Result<bool, FfmpegError> {
        frame.resize(self.bytes, 0);
        let mut filled = 0;
        while let Some(rest) = frame.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.stdout.read(rest).await? {
                0 => {
                    return match self.running.failure().await {
                        Some(error) => Err(error),
                        None if filled == 0 => Ok(false),
                        None => Err(no_pipe()),
                    };
                }
                count => filled += count,
            }
        }
        Ok(true)
    }
}

pub(super) fn no_pipe() -> FfmpegError {
    std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()
}

/// Returns the filter that keeps the frames in these ranges.
fn select(ranges: &[Range<usize>]) -> String {
    let parts: Vec<_> = ranges
        .iter()
        .filter(|range| !range.is_empty())
        .map(|range| format!("between(n\\,{}\\,{})", range.start, range.end - 1))
        .collect();
    format!("select={},", parts.join("+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_become_a_filter() {
        assert_eq!(select(&[0..3, 5..5, 7..8]), "select=between(n\\,0\\,2)+between(n\\,7\\,7),");
    }
}
