//! Decodes the voice, and finds its silence.

use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::levels::Levels;
use super::picture::{output, read_header};
use super::source::input_options;
use crate::error::DubError;
use crate::ffmpeg::Ffmpeg;
use crate::plan::Voice;

/// Models need no higher rate, and a segment with one might be too large.
const MAX_RATE: u32 = 48_000;
/// How much is decoded at once.
const CHUNK: usize = 64 * 1024;

/// A decoded voice: 16-bit samples of each channel in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Pcm {
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    pub(crate) samples: u64,
}

impl Pcm {
    /// Returns the bytes of a sample of all channels.
    pub(crate) fn frame_bytes(self) -> u64 {
        u64::from(self.channels) * 2
    }
}

/// Decodes a voice into `to`, without a header.
pub(crate) async fn read_voice(
    ffmpeg: &Ffmpeg,
    audio: &Path,
    to: Option<&Path>,
) -> Result<(Voice, Pcm), DubError> {
    let header = read_header(
        ffmpeg,
        audio,
        &["-map", "0:a:0", "-t", "0.05", "-c:a", "pcm_s16le", "-f", "framecrc"],
    );
    let header = header.await?;
    let line = |prefix: &str| header.iter().find_map(|line| line.strip_prefix(prefix));
    let rate: u32 = line("#sample_rate 0: ")
        .and_then(|rate| rate.trim().parse().ok())
        .filter(|rate| *rate > 0)
        .ok_or_else(|| DubError::no_sound(audio))?;
    let rate = rate.min(MAX_RATE);
    let is_mono = line("#channel_layout_name 0: ").is_some_and(|name| name.trim() == "mono");
    let channels: u16 = if is_mono { 1 } else { 2 };
    let (rate_text, channels_text) = (rate.to_string(), channels.to_string());
    let mut running = ffmpeg
        .command()
        .input(audio, &input_options(audio).await?)
        .map_err(|error| DubError::io(audio, &error))?
        .output_to_stdout(&[
            "-map",
            "0:a:0",
            "-ac",
            &channels_text,
            "-ar",
            &rate_text,
            "-c:a",
            "pcm_s16le",
            "-f",
            "s16le",
        ])
        .start()?;
    let mut stdout = output(&mut running, audio)?;
    let mut file = match to {
        Some(path) => {
            Some(tokio::fs::File::create(path).await.map_err(|error| DubError::io(path, &error))?)
        }
        None => None,
    };
    let written = |error| DubError::io(to.unwrap_or(audio), &error);
    let mut levels = Levels::new(rate);
    let mut chunk = Vec::with_capacity(CHUNK);
    let frame = usize::from(channels) * 2;
    loop {
        let read = stdout.read_buf(&mut chunk).await;
        let is_end = read.map_err(|error| DubError::io(audio, &error))? == 0;
        let whole = chunk.len() / frame * frame;
        let samples = chunk.get(..whole).unwrap_or_default();
        for sample in samples.chunks_exact(frame) {
            levels.add(
                sample
                    .chunks_exact(2)
                    .filter_map(|value| Some(i16::from_le_bytes(value.try_into().ok()?))),
            );
        }
        if let Some(file) = &mut file {
            file.write_all(samples).await.map_err(written)?;
        }
        chunk.drain(..whole);
        if is_end {
            break;
        }
        chunk.reserve(CHUNK);
    }
    if let Some(mut file) = file {
        file.flush().await.map_err(written)?;
        file.sync_all().await.map_err(written)?;
    }
    running.finish().await?;
    let (rate, samples) = (levels.rate(), levels.samples());
    let voice = Voice { rate, samples, silences: levels.silences() };
    Ok((voice, Pcm { rate, channels, samples }))
}
