//! The frames of the output, and where each of them is in the voice.

use std::time::Duration;

use super::error::PlanError;
use super::limits::LONGEST_FRAME;
use super::{Picture, Voice};

/// The largest number of frames of an output: about 9 hours at 60 frames per second.
const MAX_FRAMES: usize = 2_000_000;

const MICROS: i128 = 1_000_000;

/// A unit of time: `num / den` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct TimeBase {
    /// The numerator.
    pub num: u32,
    /// The denominator.
    pub den: u32,
}

impl TimeBase {
    /// Returns the largest number of ticks that last no longer than this.
    pub(super) fn ticks_within(self, duration: Duration) -> i64 {
        saturate(micros(duration) * i128::from(self.den) / (i128::from(self.num) * MICROS))
    }

    /// Returns the smallest number of ticks that last no shorter than this.
    pub(super) fn ticks_covering(self, duration: Duration) -> i64 {
        let per_tick = i128::from(self.num) * MICROS;
        saturate((micros(duration) * i128::from(self.den) + per_tick - 1) / per_tick)
    }

    /// Returns the duration of this many ticks.
    #[must_use]
    pub fn duration(self, ticks: i64) -> Duration {
        let nanos = i128::from(ticks) * i128::from(self.num) * 1_000 * MICROS;
        Duration::from_nanos(u64::try_from(nanos / i128::from(self.den.max(1))).unwrap_or_default())
    }
}

/// Returns the largest number of samples that last no longer than this.
pub(super) fn samples_within(duration: Duration, rate: u32) -> u64 {
    u64::try_from(micros(duration) * i128::from(rate) / MICROS).unwrap_or(u64::MAX)
}

/// Returns the smallest number of samples that last no shorter than this.
pub(super) fn samples_covering(duration: Duration, rate: u32) -> u64 {
    let samples = (micros(duration) * i128::from(rate) + MICROS - 1) / MICROS;
    u64::try_from(samples).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> i128 {
    i128::try_from(duration.as_micros()).unwrap_or(i128::MAX >> 40)
}

fn saturate(ticks: i128) -> i64 {
    i64::try_from(ticks).unwrap_or(i64::MAX)
}

/// What happens if the voice and the picture differ in length. Nothing but [`Shorter`](Self::Shorter)
/// drops a part of either.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// The output ends with the shorter of the two, at the end of the frame.
    Shorter,
    /// The output ends with the longer of the two: the last frame is held, or the rest of the picture
    /// is the original.
    #[default]
    Hold,
    /// The output ends with the longer of the two: the picture starts over, or its rest is the
    /// original.
    Loop,
    /// The output ends with the picture, whose rest is the original. A longer voice is an error.
    Original,
}

/// A frame of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Frame {
    /// The index of the source's frame that it shows.
    pub source: usize,
    /// The time at which it begins, in the time base. The output begins at 0.
    pub start: i64,
}

/// The frames of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    time_base: TimeBase,
    rate: u32,
    voice: u64,
    frames: Vec<Frame>,
    end: i64,
    /// The sample of each boundary: one per frame, and the end.
    samples: Vec<u64>,
}

impl Timeline {
    pub(super) fn new(picture: &Picture, voice: &Voice, length: Length) -> Result<Self, PlanError> {
        let TimeBase { num, den } = picture.time_base;
        if num == 0 || den == 0 || voice.rate == 0 {
            return Err(PlanError::NoRate);
        }
        if voice.samples == 0 {
            return Err(PlanError::EmptyVoice);
        }
        let mut output = Self {
            time_base: picture.time_base,
            rate: voice.rate,
            voice: voice.samples,
            frames: Vec::with_capacity(picture.times.len()),
            end: 0,
            samples: Vec::new(),
        };
        let durations = durations(picture)?;
        let ends_with_voice = length == Length::Shorter;
        for (source, duration) in durations.iter().enumerate() {
            if ends_with_voice && output.voice_has_ended() {
                break;
            }
            output.show(source, *duration, ends_with_voice)?;
        }
        match length {
            Length::Shorter => {}
            Length::Original if output.voice_has_ended() => {}
            Length::Original => {
                let missing = output.voice.saturating_sub(output.sample_of(output.end));
                let by = TimeBase { num: 1, den: output.rate };
                let by = by.duration(i64::try_from(missing).unwrap_or(i64::MAX));
                return Err(PlanError::VoiceIsLonger { by });
            }
            Length::Hold => {
                let last = durations.len().saturating_sub(1);
                let duration = median(&durations).min(output.longest_frame());
                while !output.voice_has_ended() {
                    output.show(last, duration, true)?;
                }
            }
            Length::Loop => {
                let mut again = durations.iter().enumerate().cycle();
                while !output.voice_has_ended() {
                    let Some((source, duration)) = again.next() else { break };
                    output.show(source, *duration, true)?;
                }
            }
        }
        let mut samples: Vec<u64> =
            output.frames.iter().map(|frame| output.sample_of(frame.start)).collect();
        samples.push(output.sample_of(output.end));
        output.samples = samples;
        Ok(output)
    }

    /// Adds a frame; one that lasts too long is repeated.
    fn show(
        &mut self,
        source: usize,
        duration: i64,
        ends_with_voice: bool,
    ) -> Result<(), PlanError> {
        let parts = (duration - 1) / self.longest_frame() + 1;
        let begin = self.end;
        for part in 0..parts {
            if self.frames.len() >= MAX_FRAMES {
                return Err(PlanError::TooManyFrames { limit: MAX_FRAMES });
            }
            let at = |part: i64| {
                let offset = i128::from(duration) * i128::from(part) / i128::from(parts);
                begin.saturating_add(saturate(offset))
            };
            self.frames.push(Frame { source, start: at(part) });
            self.end = at(part + 1);
            if ends_with_voice && self.voice_has_ended() {
                break;
            }
        }
        Ok(())
    }

    fn longest_frame(&self) -> i64 {
        self.time_base.ticks_within(LONGEST_FRAME).max(1)
    }

    fn voice_has_ended(&self) -> bool {
        self.sample_of(self.end) >= self.voice
    }

    /// Returns the sample that is nearest to a time.
    fn sample_of(&self, ticks: i64) -> u64 {
        let den = i128::from(self.time_base.den);
        let doubled =
            2 * i128::from(ticks) * i128::from(self.time_base.num) * i128::from(self.rate);
        u64::try_from((doubled + den) / (2 * den)).unwrap_or_default()
    }

    /// Returns the unit of the times.
    #[must_use]
    pub const fn time_base(&self) -> TimeBase {
        self.time_base
    }

    /// Returns the samples of the voice per second.
    #[must_use]
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// Returns the frames in order.
    ///
    /// A source frame that is shown for more than one second is there several times, so that a cut can
    /// lie in it. So is a frame that is held, and every frame of a picture that is repeated.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Returns the time at which the last frame ends, in the time base.
    #[must_use]
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// Returns the time at which a frame begins; the end for every index after the last frame.
    #[must_use]
    pub fn time_at(&self, frame: usize) -> i64 {
        self.frames.get(frame).map_or(self.end, |frame| frame.start)
    }

    /// Returns the sample that is nearest to the time at which a frame begins.
    #[must_use]
    pub fn sample_at(&self, frame: usize) -> u64 {
        let last = || self.samples.last().copied().unwrap_or_default();
        self.samples.get(frame).copied().unwrap_or_else(last)
    }

    /// Returns the length of the output in samples. It can be up to a frame longer than the voice.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.sample_at(self.frames.len())
    }

    /// Returns how many samples of the voice are heard.
    #[must_use]
    pub fn voice_samples(&self) -> u64 {
        self.voice.min(self.samples())
    }

    /// Returns the length of the output.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.time_base.duration(self.end)
    }

    /// Returns the first boundary whose sample is at least this one.
    pub(super) fn boundary_from(&self, sample: u64) -> usize {
        self.samples.partition_point(|other| *other < sample)
    }

    /// Returns whether the whole output lasts at least this long.
    pub(super) fn reaches(&self, shortest: Duration) -> bool {
        self.end >= self.time_base.ticks_covering(shortest)
    }
}

fn durations(picture: &Picture) -> Result<Vec<i64>, PlanError> {
    if picture.times.is_empty() {
        return Err(PlanError::NoFrames);
    }
    if picture.times.len() > MAX_FRAMES {
        return Err(PlanError::TooManyFrames { limit: MAX_FRAMES });
    }
    let ends = picture.times.iter().skip(1).chain([&picture.end]);
    let pairs = picture.times.iter().zip(ends).enumerate();
    pairs
        .map(|(index, (start, end))| {
            let duration = end.checked_sub(*start).filter(|duration| *duration > 0);
            duration.ok_or(PlanError::UnorderedFrames { frame: index + 1 })
        })
        .collect()
}

fn median(durations: &[i64]) -> i64 {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(1)
}
