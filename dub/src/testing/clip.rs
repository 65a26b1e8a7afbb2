//! Makes videos with numbered frames.

use std::path::Path;

use tokio::io::AsyncWriteExt as _;

use super::pattern::{SIDE, draw};
use crate::ffmpeg::{Ffmpeg, FfmpegError};
use crate::plan::TimeBase;

/// When the frames of a clip are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameRate {
    /// So many frames per second: numerator and denominator.
    Constant(u32, u32),
    /// 40 ms and a little more or less; after every 90th frame a gap of 2.4 s.
    Variable,
}

impl FrameRate {
    /// Returns the unit of [`time`](Self::time).
    #[must_use]
    pub fn time_base(self) -> TimeBase {
        match self {
            Self::Constant(num, den) => TimeBase { num: den, den: num },
            Self::Variable => TimeBase { num: 1, den: 1_000 },
        }
    }

    /// Returns the time of a frame.
    #[must_use]
    pub fn time(self, number: u32) -> i64 {
        let number = i64::from(number);
        match self {
            Self::Constant(..) => number,
            Self::Variable => number * 40 + number % 3 * 12 + number / 90 * 2_400,
        }
    }

    /// The same as an expression of ffmpeg.
    fn expression(self) -> Option<&'static str> {
        match self {
            Self::Constant(..) => None,
            Self::Variable => Some("(N*40+mod(N\\,3)*12+floor(N/90)*2400)/1000/TB"),
        }
    }
}

/// The codec of a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCodec {
    /// H.264.
    H264,
    /// HEVC.
    Hevc,
}

/// A video whose frames are numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The number of frames.
    pub frames: u32,
    /// When they are shown.
    pub rate: FrameRate,
    /// The displayed width and height; both are even.
    pub size: (u32, u32),
    /// The codec.
    pub codec: VideoCodec,
    /// By how many degrees a player turns the stored pictures clockwise: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Numbers that are left out, for tests of the reading.
    pub dropped: Vec<u32>,
    /// Numbers that are shown once more in place of the next, for tests of the reading.
    pub repeated: Vec<u32>,
}

impl Clip {
    /// Returns an H.264 clip of 320 × 180 pixels.
    #[must_use]
    pub fn new(frames: u32, rate: FrameRate) -> Self {
        Self {
            frames,
            rate,
            size: (320, 180),
            codec: VideoCodec::H264,
            rotation: 0,
            dropped: Vec::new(),
            repeated: Vec::new(),
        }
    }

    /// Writes the clip as MP4 or MOV, by the extension of the file.
    ///
    /// # Errors
    /// ffmpeg is missing or fails, or the file cannot be written.
    pub async fn write(&self, ffmpeg: &Ffmpeg, path: &Path) -> Result<(), FfmpegError> {
        let side = SIDE.to_string();
        let rate = match self.rate {
            FrameRate::Constant(num, den) => format!("{num}/{den}"),
            FrameRate::Variable => "25".to_owned(),
        };
        let input = ["-f", "rawvideo", "-pix_fmt", "gray", "-framerate", &rate, "-video_size"];
        let size = format!("{side}x{side}");
        let input: Vec<&str> = input.into_iter().chain([size.as_str()]).collect();

        let (width, height) = self.size;
        let mut filters = format!("scale={width}:{height}:flags=neighbor");
        // Turned against the direction in which a player turns it.
        filters += match self.rotation {
            90 => ",transpose=cclock",
            180 => ",hflip,vflip",
            270 => ",transpose=clock",
            _ => "",
        };
        if let Some(expression) = self.rate.expression() {
            filters += &format!(",settb=1/1000,setpts={expression}");
        }
        filters += ",format=yuv420p";
        let mut output = vec!["-vf", &filters, "-fps_mode", "passthrough", "-crf", "30"];
        output.extend(match self.codec {
            VideoCodec::H264 => ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2"].as_slice(),
            VideoCodec::Hevc => &[
                "-c:v",
                "libx265",
                "-preset",
                "ultrafast",
                "-tag:v",
                "hvc1",
                "-x265-params",
                "log-level=none",
            ],
        });
        if self.rate == FrameRate::Variable {
            output.extend(["-enc_time_base", "1/1000", "-video_track_timescale", "1000"]);
        }
        let is_mov = path.extension().is_some_and(|extension| extension == "mov");
        output.extend(["-f", if is_mov { "mov" } else { "mp4" }]);

        let command = ffmpeg.command().input_from_stdin(&input).output(path, &output)?;
        let mut running = command.start()?;
        if let Some(mut stdin) = running.stdin.take() {
            let mut number = 0;
            while number < self.frames {
                let is_dropped = self.dropped.contains(&number);
                let before = number.checked_sub(1).filter(|before| self.repeated.contains(before));
                if !is_dropped {
                    stdin.write_all(&draw(before.unwrap_or(number))).await?;
                }
                number += 1;
            }
        }
        running.finish().await?;
        if self.rotation != 0 {
            rotate(path, self.rotation)?;
        }
        Ok(())
    }

    /// Returns the number and time of each frame, in the time base of the rate.
    #[must_use]
    pub fn expected(&self) -> Vec<(u32, i64)> {
        (0..self.frames).map(|number| (number, self.rate.time(number))).collect()
    }
}

/// Writes the rotation into the header of the only track.
fn rotate(path: &Path, rotation: u16) -> std::io::Result<()> {
    let mut file = std::fs::read(path)?;
    let missing = || std::io::Error::other("the video has no track header");
    let header = file.windows(4).rposition(|bytes| bytes == b"tkhd").ok_or_else(missing)?;
    // Version 0: times, track, duration, layer, group and volume come before.
    let matrix = file.get_mut(header + 44..header + 80).ok_or_else(missing)?;
    const ONE: i32 = 1 << 16;
    let (a, b, c, d) = match rotation {
        90 => (0, ONE, -ONE, 0),
        180 => (-ONE, 0, 0, -ONE),
        _ => (0, -ONE, ONE, 0),
    };
    let values = [a, b, 0, c, d, 0, 0, 0, 1 << 30];
    for (place, value) in matrix.chunks_exact_mut(4).zip(values) {
        place.copy_from_slice(&value.to_be_bytes());
    }
    std::fs::write(path, file)
}
