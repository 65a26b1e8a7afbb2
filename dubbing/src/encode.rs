//! Encodes the samples of a WAV file as FLAC, one block after the other.

use std::io::{self, Write};

use crate::flac::{BLOCK, Format};
use crate::source::{ReadAt, read};
use crate::track::{Sample, Track};
use crate::voice::WavFile;

/// Encodes the first `samples` of each channel. Returns the track of the encoded frames.
pub(crate) fn encode(
    source: &dyn ReadAt,
    wav: WavFile,
    samples: u64,
    output: &mut dyn Write,
) -> io::Result<Track> {
    let WavFile { encoding, channels, rate, offset, .. } = wav;
    let format = Format { rate, channels, bits: encoding.flac_bits() };
    let sample_bytes = usize::from(encoding.bytes());
    let frame_bytes = sample_bytes * usize::from(channels);
    let mut frames = Vec::new();
    let (mut done, mut written, mut number) = (0_u64, 0_u64, 0_u32);
    while done < samples {
        let count = u32::try_from(samples - done).unwrap_or(BLOCK).min(BLOCK);
        let position = offset.saturating_add(done.saturating_mul(frame_bytes as u64));
        let bytes = read(source, position, count as usize * frame_bytes)?;
        let channel = |index: usize| {
            let of_channel = bytes.chunks_exact(sample_bytes).skip(index);
            of_channel.step_by(usize::from(channels)).filter_map(|it| encoding.read(it)).collect()
        };
        let channels: Vec<Vec<i32>> = (0..usize::from(channels)).map(channel).collect();
        let frame = format.encode(number, &channels);
        output.write_all(&frame)?;
        frames.push(Sample {
            offset: written,
            size: u32::try_from(frame.len()).unwrap_or_default(),
            duration: count,
            shift: 0,
            entry: 0,
            sync: true,
        });
        written = written.saturating_add(frame.len() as u64);
        done = done.saturating_add(u64::from(count));
        number = number.saturating_add(1);
    }
    output.flush()?;
    Ok(Track::sound(rate, format.sample_entry(samples), frames))
}
