//! Recognizes audio samples that have no header at all.

use super::super::info::Detail;

/// Fewer samples than these prove nothing.
const MIN_SAMPLES: usize = 512;

/// The kind of samples that bytes seem to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Samples {
    /// 16-bit integers.
    Integers,
    /// 32-bit floating point numbers.
    Floats,
}

impl Samples {
    pub(super) fn detail(self) -> Option<Detail> {
        match self {
            Self::Integers => None,
            Self::Floats => Some(Detail::FloatSamples),
        }
    }
}

/// Guesses whether bytes are little-endian samples of audio: neighbours differ less than the
/// samples themselves, which is true for speech and music but not for other data.
pub(super) fn guess(bytes: &[u8]) -> Option<Samples> {
    let floats = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four));
    let is_sample = |value: f32| value == 0.0 || (1e-9..=4.0).contains(&value.abs());
    if floats.clone().all(is_sample) && is_smooth(floats.map(f64::from)) {
        return Some(Samples::Floats);
    }
    let integers = bytes.as_chunks::<2>().0.iter().map(|two| i16::from_le_bytes(*two));
    is_smooth(integers.map(f64::from)).then_some(Samples::Integers)
}

fn is_smooth(samples: impl Iterator<Item = f64>) -> bool {
    /// Random samples have 1.3, speech at 8 kHz less than 0.8.
    const MAX_ROUGHNESS: f64 = 0.9;
    let (mut count, mut changes, mut level, mut steps, mut previous) = (0, 0, 0.0, 0.0, 0.0);
    for sample in samples {
        let step = f64::abs(sample - previous);
        changes += usize::from(step > 0.0);
        level += sample.abs();
        steps += step;
        previous = sample;
        count += 1;
    }
    // Long runs of one value are no audio.
    count >= MIN_SAMPLES && changes * 4 > count && steps < level * MAX_ROUGHNESS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(level: f64) -> impl Iterator<Item = f64> {
        (0..4_000).map(move |at| (f64::from(at) * 0.15).sin() * level)
    }

    #[test]
    fn tones_are_recognized() {
        let integers: Vec<u8> = tone(9_000.0).flat_map(|it| (it as i16).to_le_bytes()).collect();
        assert_eq!(guess(&integers), Some(Samples::Integers));
        let floats: Vec<u8> = tone(0.3).flat_map(|it| (it as f32).to_le_bytes()).collect();
        assert_eq!(guess(&floats), Some(Samples::Floats));
    }

    #[test]
    fn other_data_are_not() {
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(8_000)
        .collect();
        let table: Vec<u8> = (0..2_000_u32).flat_map(|at| (at * 77_777).to_le_bytes()).collect();
        for bytes in [&noise[..], &table, &[0; 8_000], &[7; 8_000], b"short"] {
            assert_eq!(guess(bytes), None, "{:?}", &bytes[..4]);
        }
    }
}
