//! AAC with a header per frame (ADTS): MP4 files hold the frames without it.

use super::frames::{Adts, FrameHeader as _, Frames};
use super::mp4a;
use crate::error::{Problem, unusable};
use crate::source::{ReadAt, Window};
use crate::track::{MAX_SAMPLES, Sample, Track};

/// Samples per channel of a frame.
const FRAME: u32 = 1024;

pub(super) fn read(source: &dyn ReadAt, start: u64) -> Result<Track, Problem> {
    let mut window = Window::new(source);
    let mut frames = Frames::<Adts>::new(&mut window, start);
    let (mut samples, mut first) = (Vec::new(), None);
    while let Some((at, header)) = frames.next()? {
        first.get_or_insert(header);
        if header.blocks > 1 {
            return Err(unusable("has several blocks in a frame of AAC, which is not supported"));
        }
        if samples.len() >= MAX_SAMPLES {
            return Err(unusable(format!("has more than {MAX_SAMPLES} frames")));
        }
        let length = header.size().saturating_sub(u64::from(header.header));
        samples.push(Sample {
            offset: at.saturating_add(u64::from(header.header)),
            size: u32::try_from(length).unwrap_or_default(),
            duration: FRAME,
            shift: 0,
            entry: 0,
            sync: true,
        });
    }
    let Some(header) = first else { return Err(unusable("has no frame of AAC")) };
    if header.channel_configuration == 0 {
        return Err(unusable("does not state its channels in the headers of its AAC frames"));
    }
    let channels = match header.channel_configuration {
        7 => 8,
        channels => u16::from(channels),
    };
    // The audio specific configuration: 5 bits of type, 4 of rate, 4 of channels, 3 of flags.
    let settings = u16::from(header.profile + 1) << 11
        | u16::from(header.rate_index) << 7
        | u16::from(header.channel_configuration) << 3;
    let entry = mp4a(0x40, channels, header.rate(), &settings.to_be_bytes());
    Ok(Track::sound(header.rate(), entry, samples))
}
