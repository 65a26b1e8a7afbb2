//! Finds silence by the levels of short windows. No I/O.

use std::ops::Range;

/// The length of a window in milliseconds.
const WINDOW_MS: u32 = 10;
/// A silence is at least so long, in windows. Shorter ones are within words.
const MIN_SILENCE: usize = 20;
/// A sound is at least so long, in windows. Shorter ones are clicks.
const MIN_SOUND: usize = 3;
/// Silence is so much quieter than speech, in decibels.
const BELOW_SPEECH: f32 = 30.0;
/// Whatever is louder than this is no silence, and whatever is quieter is, in decibels of full scale.
const LOUDEST: f32 = -32.0;
const QUIETEST: f32 = -60.0;
/// The level of a window of zeros.
const ZERO: f32 = -120.0;

/// The levels of a voice. Samples are added as they are decoded.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    rate: u32,
    window: u64,
    samples: u64,
    /// The sum of the squares of the window that is not complete, and how many values it has.
    sum: f64,
    values: u32,
    levels: Vec<f32>,
}

impl Levels {
    pub(super) fn new(rate: u32) -> Self {
        let window = u64::from(rate / (1000 / WINDOW_MS)).max(1);
        Self { rate, window, samples: 0, sum: 0.0, values: 0, levels: Vec::new() }
    }

    /// Returns how many samples there are.
    pub(super) fn samples(&self) -> u64 {
        self.samples
    }

    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// Adds a sample, with a value for each channel.
    pub(super) fn add(&mut self, channels: impl Iterator<Item = i16>) {
        for value in channels {
            let value = f64::from(value) / 32_768.0;
            self.sum += value * value;
            self.values += 1;
        }
        self.samples += 1;
        if self.samples.is_multiple_of(self.window) {
            self.end_window();
        }
    }

    fn end_window(&mut self) {
        let mean = self.sum / f64::from(self.values.max(1));
        // Decibels need no more than a few digits.
        #[allow(clippy::cast_possible_truncation)]
        let level = if mean > 0.0 { (10.0 * mean.log10()) as f32 } else { ZERO };
        self.levels.push(level.max(ZERO));
        (self.sum, self.values) = (0.0, 0);
    }

    /// Returns the silent ranges, in samples.
    pub(super) fn silences(mut self) -> Vec<Range<u64>> {
        if self.values > 0 {
            self.end_window();
        }
        let threshold = threshold(&self.levels);
        let mut is_silent: Vec<bool> = self.levels.iter().map(|level| *level < threshold).collect();
        fill(&mut is_silent, false, MIN_SOUND);
        fill(&mut is_silent, true, MIN_SILENCE);
        let (window, samples) = (self.window, self.samples);
        runs(&is_silent)
            .filter(|(_, is_silent)| *is_silent)
            .map(|(range, _)| {
                let at = |window_index: usize| (window_index as u64 * window).min(samples);
                at(range.start)..at(range.end)
            })
            .collect()
    }
}

/// Returns the level below which a window is silent: by the level that speech reaches, which is that of
/// the loudest tenth.
fn threshold(levels: &[f32]) -> f32 {
    let mut sorted: Vec<f32> = levels.to_vec();
    sorted.sort_by(f32::total_cmp);
    let speech = sorted.get(sorted.len() * 9 / 10).copied().unwrap_or(ZERO);
    (speech - BELOW_SPEECH).clamp(QUIETEST, LOUDEST)
}

/// Changes runs of `value` that are shorter than `shortest`. Those at the start and the end stay.
fn fill(values: &mut [bool], value: bool, shortest: usize) {
    let count = values.len();
    let short: Vec<_> = runs(values)
        .filter(|(range, found)| {
            *found == value && range.len() < shortest && range.start > 0 && range.end < count
        })
        .map(|(range, _)| range)
        .collect();
    for range in short {
        for found in values.get_mut(range).unwrap_or_default() {
            *found = !value;
        }
    }
}

/// Returns the ranges of equal values.
fn runs(values: &[bool]) -> impl Iterator<Item = (Range<usize>, bool)> {
    let mut at = 0;
    values.chunk_by(|one, other| one == other).filter_map(move |run| {
        let range = at..at + run.len();
        at = range.end;
        Some((range, *run.first()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the silences of parts with an amplitude and a number of milliseconds each, in milliseconds.
    fn silences(parts: &[(i16, u64)]) -> Vec<Range<u64>> {
        let mut levels = Levels::new(8_000);
        for (amplitude, millis) in parts {
            for sample in 0..millis * 8 {
                let value = if sample % 2 == 0 { *amplitude } else { -*amplitude };
                levels.add([value].into_iter());
            }
        }
        levels.silences().into_iter().map(|range| range.start / 8..range.end / 8).collect()
    }

    #[test]
    fn pauses_between_words_are_silences() {
        let speech = 8_000;
        assert_eq!(
            silences(&[
                (0, 500),
                (speech, 1_000),
                (3, 400),
                (speech, 700),
                (0, 100),
                (speech, 500)
            ]),
            [0..500, 1_500..1_900]
        );
        assert_eq!(silences(&[(speech, 1_000)]), Vec::<Range<u64>>::new());
        assert_eq!(silences(&[(0, 1_000)]), vec![Range { start: 0, end: 1_000 }]);
        assert_eq!(silences(&[]), Vec::<Range<u64>>::new());
    }

    #[test]
    fn noise_in_pauses_is_silence_and_quiet_speech_is_not() {
        // A pause of 34 dB below speech.
        assert_eq!(
            silences(&[(8_000, 1_000), (160, 500), (8_000, 500)]),
            vec![Range { start: 1_000, end: 1_500 }]
        );
        // Words that are 12 dB quieter.
        assert_eq!(silences(&[(8_000, 1_000), (2_000, 500), (8_000, 500)]).len(), 0);
        // Music goes on in the pauses.
        assert_eq!(silences(&[(20_000, 1_000), (1_500, 500), (20_000, 500)]).len(), 0);
    }

    #[test]
    fn a_click_does_not_end_a_silence() {
        let parts = [(8_000, 500), (0, 400), (8_000, 20), (0, 400), (8_000, 500)];
        assert_eq!(silences(&parts), vec![Range { start: 500, end: 1_320 }]);
    }
}
