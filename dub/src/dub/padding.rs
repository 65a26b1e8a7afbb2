//! The padding at the end of a coded voice. No I/O.

use crate::plan::{Picture, Voice};

/// Encoders add less than this, in milliseconds.
const LONGEST_MS: u64 = 250;

/// Returns the voice without silence that follows the end of the picture, if it is so short that it may be
/// the padding of an encoder: no frame is held for it.
pub(super) fn without_padding(voice: Voice, picture: &Picture) -> Voice {
    let end = picture_end(picture, voice.rate);
    let longest = u64::from(voice.rate) * LONGEST_MS / 1000;
    let excess = voice.samples.saturating_sub(end);
    let is_silent =
        voice.silences.iter().any(|range| range.start <= end && range.end >= voice.samples);
    if end == 0 || excess == 0 || excess > longest || !is_silent {
        return voice;
    }
    let silences = voice.silences.into_iter().map(|range| range.start.min(end)..range.end.min(end));
    let silences = silences.filter(|range| !range.is_empty()).collect();
    Voice { samples: end, silences, ..voice }
}

/// Returns the sample that is nearest to the end of the picture.
fn picture_end(picture: &Picture, rate: u32) -> u64 {
    let first = picture.times.first().copied().unwrap_or_default();
    let ticks = u128::try_from(picture.end.saturating_sub(first)).unwrap_or_default();
    let (num, den) = (u128::from(picture.time_base.num), u128::from(picture.time_base.den.max(1)));
    let doubled = ticks.saturating_mul(num).saturating_mul(2 * u128::from(rate));
    u64::try_from(doubled.saturating_add(den) / (2 * den)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::plan::TimeBase;

    /// Returns what is left of a voice of so many samples at 1,000 Hz beside a picture of one second.
    fn left(samples: u64, silence: Range<u64>) -> (u64, Vec<Range<u64>>) {
        let time_base = TimeBase { num: 1, den: 25 };
        let times = (3..28).collect();
        let picture = Picture { time_base, times, end: 28, scene_changes: Vec::new() };
        let voice = Voice { rate: 1_000, samples, silences: vec![silence] };
        let voice = without_padding(voice, &picture);
        (voice.samples, voice.silences)
    }

    #[test]
    fn only_short_silence_after_the_picture_is_dropped() {
        assert_eq!(left(1_050, 900..1_050), (1_000, vec![Range { start: 900, end: 1_000 }]));
        assert_eq!(left(1_050, 1_000..1_050), (1_000, vec![]));
        // Speech, a long silence, and a voice that is no longer.
        for (samples, silence) in [(1_050, 1_001..1_050), (1_300, 900..1_300), (990, 900..990)] {
            assert_eq!(left(samples, silence.clone()), (samples, vec![silence]));
        }
    }
}
