//! Makes voices with silence and with marks at known times.

use std::path::Path;

use tokio::io::AsyncWriteExt as _;

use crate::ffmpeg::{Ffmpeg, FfmpegError};

/// A part of a voice that is not silent. It is made of chirps, one every 250 ms, which begin with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utterance {
    /// The first millisecond.
    pub start: u32,
    /// The millisecond after the last.
    pub end: u32,
}

/// The format of a voice file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoiceFormat {
    /// 16-bit PCM.
    Wav,
    /// MP3.
    Mp3,
    /// AAC in MP4.
    M4a,
    /// AAC in ADTS.
    Aac,
}

impl VoiceFormat {
    /// Returns the extension of the file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Aac => "aac",
        }
    }

    const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Wav => &["-c:a", "pcm_s16le", "-f", "wav"],
            Self::Mp3 => &["-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3"],
            Self::M4a => &["-c:a", "aac", "-b:a", "128k", "-f", "ipod"],
            Self::Aac => &["-c:a", "aac", "-b:a", "128k", "-f", "adts"],
        }
    }
}

/// A voice with utterances at known times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceClip {
    /// The length in milliseconds.
    pub millis: u32,
    /// What is not silent, in order.
    pub utterances: Vec<Utterance>,
    /// The samples per second.
    pub rate: u32,
    /// 1 or 2.
    pub channels: u16,
    /// The format.
    pub format: VoiceFormat,
    /// By how many milliseconds all sound comes too late, for tests of the reading.
    pub delay: u32,
}

/// The length of a chirp.
const CHIRP_SECONDS: f64 = 0.25;

impl VoiceClip {
    /// Returns a mono WAV voice at 48 kHz that speaks for `speech` milliseconds, is silent for `pause`,
    /// and so on. It begins and ends with speech.
    #[must_use]
    pub fn new(millis: u32, speech: u32, pause: u32) -> Self {
        let utterances = (0..millis)
            .step_by((speech + pause).max(1) as usize)
            .map(|start| Utterance { start, end: start.saturating_add(speech).min(millis) });
        Self {
            millis,
            utterances: utterances.collect(),
            rate: 48_000,
            channels: 1,
            format: VoiceFormat::Wav,
            delay: 0,
        }
    }

    /// Returns the samples of one channel, from -1 to 1.
    #[must_use]
    pub fn samples(&self, rate: u32) -> Vec<f32> {
        let at = |millis: u32| (u64::from(millis) * u64::from(rate) / 1_000) as usize;
        let mut samples = vec![0.0; at(self.millis)];
        for (index, utterance) in self.utterances.iter().enumerate() {
            let range = at(utterance.start)..at(utterance.end).min(samples.len());
            let Some(part) = samples.get_mut(range) else { continue };
            for (place, sample) in part.iter_mut().enumerate() {
                *sample = chirp(index, place as f64 / f64::from(rate));
            }
        }
        let delay = at(self.delay).min(samples.len());
        let length = samples.len();
        samples.splice(0..0, std::iter::repeat_n(0.0, delay));
        samples.truncate(length);
        samples
    }

    /// Writes the voice.
    ///
    /// # Errors
    /// ffmpeg is missing or fails, or the file cannot be written.
    pub async fn write(&self, ffmpeg: &Ffmpeg, path: &Path) -> Result<(), FfmpegError> {
        let (rate, channels) = (self.rate.to_string(), self.channels.to_string());
        let input = ["-f", "s16le", "-ar", &rate, "-ac", &channels];
        let command = ffmpeg.command().input_from_stdin(&input);
        let mut running = command.output(path, self.format.options())?.start()?;
        let samples = self.samples(self.rate);
        if let Some(mut stdin) = running.stdin.take() {
            for chunk in samples.chunks(1 << 16) {
                let values = chunk.iter().flat_map(|sample| {
                    // `as` saturates.
                    #[allow(clippy::cast_possible_truncation)]
                    let sample = (*sample * 32_767.0) as i16;
                    std::iter::repeat_n(sample, usize::from(self.channels))
                });
                let bytes: Vec<u8> = values.flat_map(i16::to_le_bytes).collect();
                stdin.write_all(&bytes).await?;
            }
        }
        running.finish().await
    }
}

/// Returns a sample of an utterance. Neighbouring utterances have chirps of different pitches.
pub(super) fn chirp(utterance: usize, seconds: f64) -> f32 {
    let at = seconds % CHIRP_SECONDS;
    let from = 300.0 + 130.0 * (utterance % 7) as f64;
    let to = 2_400.0 + 190.0 * (utterance % 5) as f64;
    let turns = from * at + (to - from) * at * at / (2.0 * CHIRP_SECONDS);
    // The edges are soft.
    let loudness = (at.min(CHIRP_SECONDS - at) / 0.004).min(1.0) * 0.5;
    #[allow(clippy::cast_possible_truncation)]
    let sample = ((turns * std::f64::consts::TAU).sin() * loudness) as f32;
    sample
}
