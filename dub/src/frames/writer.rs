//! Encodes frames as an MP4 file, each with a time of its own.

use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;

use super::reader::no_pipe;
use super::{PictureFormat, matroska};
use crate::ffmpeg::{Ffmpeg, FfmpegError, Limits, Running};
use crate::plan::TimeBase;

/// An encoder that waits for its caller must not be stopped.
const TIME_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How frames are encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodedAs<'e> {
    /// The unit of the times in the file.
    pub(crate) time_base: TimeBase,
    /// How long most frames are shown, in that unit.
    pub(crate) frame_ticks: i64,
    /// The preset of the encoder: faster ones make larger files.
    pub(crate) preset: &'e str,
    /// The quality, from 0 (lossless) to 51.
    pub(crate) quality: u8,
}

/// An MP4 file that frames are written to.
pub(crate) struct FrameWriter {
    running: Running,
    stdin: ChildStdin,
    time_base: TimeBase,
}

impl FrameWriter {
    pub(crate) async fn start(
        ffmpeg: &Ffmpeg,
        to: &Path,
        format: PictureFormat,
        encoded: EncodedAs<'_>,
    ) -> Result<Self, FfmpegError> {
        let TimeBase { num, den } = encoded.time_base;
        let (unit, timescale) = (format!("{num}/{den}"), den.to_string());
        let quality = encoded.quality.to_string();
        let limits = Limits { time: TIME_LIMIT, ..Limits::default() };
        let mut running = ffmpeg
            .command()
            .limits(limits)
            // The times are known: ffmpeg need not read ahead to guess them.
            .input_from_stdin(&["-f", "matroska", "-probesize", "32", "-analyzeduration", "0"])
            .output(
                to,
                &[
                    "-map",
                    "0:v:0",
                    "-c:v",
                    "libx264",
                    "-preset",
                    encoded.preset,
                    "-crf",
                    &quality,
                    "-fps_mode",
                    "passthrough",
                    "-enc_time_base",
                    &unit,
                    "-video_track_timescale",
                    &timescale,
                    "-movflags",
                    "+faststart",
                    "-f",
                    "mp4",
                ],
            )?
            .start()?;
        let mut stdin = running.stdin.take().ok_or_else(no_pipe)?;
        let nanos = encoded.time_base.duration(encoded.frame_ticks.max(1)).as_nanos();
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        let header = matroska::header(format.width, format.height, nanos);
        let started = stdin.write_all(&header).await;
        let mut writer = Self { running, stdin, time_base: encoded.time_base };
        writer.check(started).await?;
        Ok(writer)
    }

    /// Writes a frame that is shown from this time on, which must be later than that of the frame before.
    pub(crate) async fn write(&mut self, ticks: i64, frame: &[u8]) -> Result<(), FfmpegError> {
        let micros = (self.time_base.duration(ticks).as_nanos() + 500) / 1000;
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        let written = async {
            self.stdin.write_all(&matroska::frame_head(micros, frame.len())).await?;
            self.stdin.write_all(frame).await
        };
        let written = written.await;
        self.check(written).await
    }

    /// Ends the file.
    pub(crate) async fn finish(self) -> Result<(), FfmpegError> {
        let Self { running, stdin, .. } = self;
        drop(stdin);
        running.finish().await
    }

    /// Returns why the program ended if a frame cannot be written: that says more than the broken pipe.
    async fn check(&mut self, written: std::io::Result<()>) -> Result<(), FfmpegError> {
        match written {
            Ok(()) => Ok(()),
            Err(error) => Err(self.running.failure().await.unwrap_or_else(|| error.into())),
        }
    }
}
