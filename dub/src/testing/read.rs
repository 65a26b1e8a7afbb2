//! Reads the numbers and times of the frames of a video, and the times of its sound.

use std::path::Path;

use tokio::io::{AsyncReadExt as _, BufReader};

use super::pattern;
use super::voice::{VoiceClip, chirp};
use crate::ffmpeg::{Command, Ffmpeg, FfmpegError};
use crate::plan::TimeBase;

/// The side of the pictures that are read, in pixels.
const SIDE: usize = 128;

/// The samples per second at which sound is compared.
const RATE: u32 = 16_000;

/// How much of an utterance is compared.
const MARK_MILLIS: u32 = 60;

/// How far from its place a mark is searched.
const REACH_MILLIS: u32 = 60;

/// A frame that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberedFrame {
    /// Its number; `None` if it cannot be read.
    pub number: Option<u32>,
    /// Its presentation time in the time base of the video.
    pub time: i64,
}

/// Returns every frame of a video as a player shows it, and the unit of their times.
///
/// # Errors
/// ffmpeg is missing or fails.
pub async fn read_frames(
    ffmpeg: &Ffmpeg,
    path: &Path,
) -> Result<(Vec<NumberedFrame>, TimeBase), FfmpegError> {
    let numbers = read_numbers(ffmpeg, path).await?;
    let (times, time_base) = read_times(ffmpeg, path).await?;
    if numbers.len() != times.len() {
        let message = format!("{} pictures with {} times", numbers.len(), times.len());
        return Err(std::io::Error::other(message).into());
    }
    let frames = numbers.into_iter().zip(times);
    Ok((frames.map(|(number, time)| NumberedFrame { number, time }).collect(), time_base))
}

fn decode(ffmpeg: &Ffmpeg, path: &Path) -> Result<Command, FfmpegError> {
    Ok(ffmpeg.command().options(&["-copyts"]).input::<&str>(path, &[])?)
}

async fn read_numbers(ffmpeg: &Ffmpeg, path: &Path) -> Result<Vec<Option<u32>>, FfmpegError> {
    let scale = format!("scale={SIDE}:{SIDE}:flags=area,format=gray");
    let options = ["-map", "0:v:0", "-vf", &scale, "-fps_mode", "passthrough", "-f", "rawvideo"];
    let mut running = decode(ffmpeg, path)?.output_to_stdout(&options).start()?;
    let mut numbers = Vec::new();
    if let Some(stdout) = running.stdout.take() {
        let mut stdout = BufReader::with_capacity(1 << 18, stdout);
        let mut picture = vec![0; SIDE * SIDE];
        while stdout.read_exact(&mut picture).await.is_ok() {
            numbers.push(pattern::read(&picture, SIDE));
        }
    }
    running.finish().await?;
    Ok(numbers)
}

/// Returns the presentation times of the decoded frames.
async fn read_times(ffmpeg: &Ffmpeg, path: &Path) -> Result<(Vec<i64>, TimeBase), FfmpegError> {
    let options =
        ["-map", "0:v:0", "-vf", "scale=16:16:flags=neighbor", "-fps_mode", "passthrough"];
    let options: Vec<&str> =
        options.into_iter().chain(["-enc_time_base", "-1", "-f", "framecrc"]).collect();
    let mut running = decode(ffmpeg, path)?.output_to_stdout(&options).start()?;
    let mut text = String::new();
    if let Some(mut stdout) = running.stdout.take() {
        stdout.read_to_string(&mut text).await?;
    }
    running.finish().await?;
    let mut time_base = TimeBase { num: 1, den: 1 };
    let mut times = Vec::new();
    for line in text.lines() {
        let unit = line.strip_prefix("#tb 0: ").and_then(|unit| unit.split_once('/'));
        if let Some((Ok(num), Ok(den))) = unit.map(|(num, den)| (num.parse(), den.parse())) {
            time_base = TimeBase { num, den };
        }
        // The stream, the decoding time, the presentation time, …
        let time: Option<i64> = line.split(',').nth(2).and_then(|time| time.trim().parse().ok());
        times.extend(time);
    }
    Ok((times, time_base))
}

/// The sound of a file.
#[derive(Clone, Debug)]
pub struct SoundTrack(Vec<f32>);

/// Reads the sound of a file from the time at which the file begins. Compare the time of the first frame
/// too: sound and picture are together if it is 0.
///
/// # Errors
/// ffmpeg is missing or fails, or the file has no sound.
pub async fn read_sound(ffmpeg: &Ffmpeg, path: &Path) -> Result<SoundTrack, FfmpegError> {
    let filter = format!("aresample={RATE}:async=1:first_pts=0");
    let options = ["-map", "0:a:0", "-ac", "1", "-af", &filter, "-f", "s16le"];
    // Without `-copyts`: MP3 files begin at the delay of their encoder.
    let command = ffmpeg.command().input::<&str>(path, &[])?;
    let mut running = command.output_to_stdout(&options).start()?;
    let mut bytes = Vec::new();
    if let Some(mut stdout) = running.stdout.take() {
        stdout.read_to_end(&mut bytes).await?;
    }
    running.finish().await?;
    let samples = bytes.chunks_exact(2).map(|pair| match pair {
        [low, high] => f32::from(i16::from_le_bytes([*low, *high])) / 32_768.0,
        _ => 0.0,
    });
    Ok(SoundTrack(samples.collect()))
}

impl SoundTrack {
    /// Returns the length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.0.len() as f64 / f64::from(RATE)
    }

    /// Returns by how many milliseconds each utterance of a voice is late (early if negative), or `None`
    /// if it is not there within 60 ms.
    #[must_use]
    pub fn offsets(&self, voice: &VoiceClip) -> Vec<Option<f64>> {
        let utterances = voice.utterances.iter().enumerate();
        utterances.map(|(index, utterance)| self.offset(index, utterance.start)).collect()
    }

    fn offset(&self, utterance: usize, start: u32) -> Option<f64> {
        let samples = |millis: u32| i64::from(millis) * i64::from(RATE) / 1_000;
        let mark: Vec<f32> = (0..samples(MARK_MILLIS))
            .map(|at| chirp(utterance, at as f64 / f64::from(RATE)))
            .collect();
        let energy = |part: &[f32]| part.iter().map(|sample| sample * sample).sum::<f32>();
        let mark_energy = energy(&mark);
        let mut best = (0.0, None);
        for lag in -samples(REACH_MILLIS)..=samples(REACH_MILLIS) {
            let begin = samples(start) + lag;
            // Before the beginning there is silence.
            let hidden = usize::try_from(-begin.min(0)).unwrap_or_default();
            let begin = usize::try_from(begin.max(0)).unwrap_or_default();
            let visible = mark.get(hidden..).unwrap_or_default();
            let end = begin + visible.len();
            let Some(part) = self.0.get(begin..end) else { continue };
            let product: f32 = part.iter().zip(visible).map(|(one, other)| one * other).sum();
            let likeness = product / (energy(part) * mark_energy).sqrt().max(f32::EPSILON);
            if likeness > best.0 {
                best = (likeness, Some(lag));
            }
        }
        let (likeness, lag) = best;
        let millis = |lag: i64| lag as f64 * 1_000.0 / f64::from(RATE);
        lag.filter(|_| likeness > 0.7).map(millis)
    }
}
