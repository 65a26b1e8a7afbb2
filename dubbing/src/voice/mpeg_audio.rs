//! MP3. MP4 files hold its frames as they are, but not the frame in front that describes the file.

use super::frames::{FrameHeader as _, Frames, Mpeg};
use super::mp4a;
use crate::error::{Problem, unusable};
use crate::source::{ReadAt, Window};
use crate::track::{Edit, MAX_SAMPLES, Sample, Track};

/// The object types of MPEG-1 and of MPEG-2 audio.
const MPEG_1: u8 = 0x6b;
const MPEG_2: u8 = 0x69;
/// By how many samples every MP3 decoder is late.
const DECODER_DELAY: u32 = 529;
/// How much of the first frame is searched for the header.
const MAX_HEADER: usize = 192;

pub(super) fn read(source: &dyn ReadAt, start: u64) -> Result<Track, Problem> {
    let mut window = Window::new(source);
    let mut frames = Frames::<Mpeg>::new(&mut window, start);
    let (mut samples, mut first) = (Vec::new(), None);
    while let Some((at, header)) = frames.next()? {
        first.get_or_insert((at, header));
        if samples.len() >= MAX_SAMPLES {
            return Err(unusable(format!("has more than {MAX_SAMPLES} frames")));
        }
        samples.push(Sample {
            offset: at,
            size: u32::try_from(header.size()).unwrap_or_default(),
            duration: header.samples,
            shift: 0,
            entry: 0,
            sync: true,
        });
    }
    let Some((at, header)) = first else { return Err(unusable("has no frame of MP3")) };
    let mut gapless = None;
    if header.layer == 3 {
        let length = usize::try_from(header.size()).unwrap_or_default().min(MAX_HEADER);
        let frame = window.get(at, length)?.unwrap_or_default();
        if let Some(description) = Description::find(frame, header) {
            samples.remove(0);
            gapless = description.gapless;
        }
    }
    if samples.is_empty() {
        return Err(unusable("has no sound"));
    }
    let object_type = if header.version == 0 { MPEG_1 } else { MPEG_2 };
    let mut track =
        Track::sound(header.rate, mp4a(object_type, header.channels, header.rate, &[]), samples);
    track.edits.extend(gapless.and_then(|gapless| gapless.edit(track.decoding_duration())));
    Ok(track)
}

/// The frame that describes the file: of Xing, LAME, ffmpeg or Fraunhofer.
struct Description {
    gapless: Option<Gapless>,
}

/// How many samples the encoder added at the start and at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gapless {
    delay: u32,
    padding: u32,
}

impl Description {
    fn find(frame: &[u8], header: Mpeg) -> Option<Self> {
        // Behind the header and the side information, which is all 0.
        let side = match (header.version, header.channels) {
            (0, 1) => 17,
            (0, _) => 32,
            (_, 1) => 9,
            (_, _) => 17,
        };
        // With a checksum, some encoders count its two bytes and others do not.
        for at in [4 + side, 6 + side] {
            let tag = frame.get(at..).unwrap_or_default();
            if tag.starts_with(b"Xing") || tag.starts_with(b"Info") {
                return Some(Self { gapless: gapless(tag) });
            }
        }
        frame
            .get(36..)
            .is_some_and(|tag| tag.starts_with(b"VBRI"))
            .then_some(Self { gapless: None })
    }
}

/// Reads the encoder's delay from a tag that LAME or ffmpeg wrote.
fn gapless(tag: &[u8]) -> Option<Gapless> {
    let flags = *tag.get(7)?;
    let fields = [(1, 4), (2, 4), (4, 100), (8, 4)];
    let sizes = fields.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, size)| size);
    let encoder = tag.get(8 + sizes.sum::<usize>()..)?;
    if encoder.first()?.is_ascii_graphic() {
        let [one, two, three] = *encoder.get(21..)?.first_chunk()?;
        let delay = u32::from(one) << 4 | u32::from(two >> 4);
        let padding = u32::from(two & 15) << 8 | u32::from(three);
        return Some(Gapless { delay, padding });
    }
    None
}

impl Gapless {
    /// Returns the part that was in the encoder's input, of a stream with this many samples.
    fn edit(self, total: u64) -> Option<Edit> {
        let start = u64::from(self.delay) + u64::from(DECODER_DELAY);
        let added = u64::from(self.delay) + u64::from(self.padding);
        let duration = total.checked_sub(added)?.min(total.checked_sub(start)?);
        (duration > 0).then_some(Edit { start: Some(start), duration: Some(duration) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_of_the_encoder_is_behind_the_fields_that_the_flags_name() {
        for (flags, fields) in [(0_u8, 0), (1, 4), (15, 112)] {
            let mut tag = b"Info\0\0\0".to_vec();
            tag.push(flags);
            tag.resize(8 + fields, 9);
            tag.extend_from_slice(b"LAME3.100");
            tag.extend_from_slice(&[0; 12]);
            tag.extend_from_slice(&[0x24, 0x03, 0x12]);
            assert_eq!(gapless(&tag), Some(Gapless { delay: 0x240, padding: 0x312 }));
            tag.truncate(tag.len() - 1);
            assert_eq!(gapless(&tag), None);
        }
    }

    #[test]
    fn a_stream_that_is_shorter_than_its_delay_has_no_edit() {
        let gapless = Gapless { delay: 576, padding: 1000 };
        assert_eq!(gapless.edit(1152), None);
        let edit = gapless.edit(11520).unwrap();
        assert_eq!(edit, Edit { start: Some(1105), duration: Some(9944) });
    }
}
