//! Sample entries, made fit for an MP4 file: what only QuickTime knows is left out.

use super::boxes::{Atom, Cursor, boxed, children};
use crate::error::{Problem, unusable};
use crate::track::TrackKind;

/// Codecs of pictures that MP4 files hold, and the box that configures the decoder.
const PICTURES: [(&[u8; 4], &[u8; 4]); 15] = [
    (b"avc1", b"avcC"),
    (b"avc2", b"avcC"),
    (b"avc3", b"avcC"),
    (b"avc4", b"avcC"),
    (b"dva1", b"avcC"),
    (b"dvav", b"avcC"),
    (b"hvc1", b"hvcC"),
    (b"hev1", b"hvcC"),
    (b"dvh1", b"hvcC"),
    (b"dvhe", b"hvcC"),
    (b"vvc1", b"vvcC"),
    (b"av01", b"av1C"),
    (b"vp08", b"vpcC"),
    (b"vp09", b"vpcC"),
    (b"mp4v", b"esds"),
];
/// Codecs of sound that MP4 files hold, and the box that configures the decoder.
const SOUNDS: [(&[u8; 4], &[u8; 4]); 6] = [
    (b"mp4a", b"esds"),
    (b"alac", b"alac"),
    (b"Opus", b"dOps"),
    (b"fLaC", b"dfLa"),
    (b"ac-3", b"dac3"),
    (b"ec-3", b"dec3"),
];
/// Boxes that describe a picture besides the decoder's configuration.
const DESCRIPTIONS: [&[u8; 4]; 9] =
    [b"pasp", b"clap", b"btrt", b"mdcv", b"clli", b"SmDm", b"CoLL", b"dvcC", b"dvvC"];
/// The part of a visual entry before its boxes.
const VISUAL_FIELDS: usize = 78;
/// The part of a sound entry before its boxes, or before the fields of QuickTime's versions.
const SOUND_FIELDS: usize = 28;

/// Returns the entry as MP4 files have it, or why they cannot hold it.
pub(super) fn for_mp4(
    entry: Atom<'_>,
    kind: TrackKind,
    timescale: u32,
) -> Result<Vec<u8>, Problem> {
    let codecs = match kind {
        TrackKind::Picture => PICTURES.as_slice(),
        TrackKind::Sound => SOUNDS.as_slice(),
    };
    let Some((_, config)) = codecs.iter().find(|(name, _)| **name == entry.kind) else {
        return Err(unusable(unknown_codec(entry.kind)));
    };
    let made = match kind {
        TrackKind::Picture => picture(entry, config),
        TrackKind::Sound => sound(entry, config, timescale),
    };
    let name = String::from_utf8_lossy(&entry.kind).into_owned();
    made.ok_or_else(|| unusable(format!("has no settings for its `{name}` decoder")))
}

fn unknown_codec(name: [u8; 4]) -> String {
    let known = match &name {
        b"encv" | b"enca" => Some("is encrypted"),
        b"ulaw" => Some("is µ-law, which MP4 files cannot hold"),
        b"alaw" => Some("is A-law, which MP4 files cannot hold"),
        b"sowt" | b"twos" | b"lpcm" | b"in24" | b"in32" | b"fl32" | b"fl64" | b"raw " => {
            Some("is uncompressed sound in an MP4 or MOV file, which players do not play")
        }
        _ => None,
    };
    match known {
        Some(text) => text.to_owned(),
        None => {
            let printable = |byte: &u8| if byte.is_ascii_graphic() { *byte as char } else { '?' };
            let name: String = name.iter().map(printable).collect();
            format!("has the codec `{name}`, which is not known for MP4 files")
        }
    }
}

fn picture(entry: Atom<'_>, config: &[u8; 4]) -> Option<Vec<u8>> {
    let (fields, boxes) = entry.body.split_at_checked(VISUAL_FIELDS)?;
    let mut made = Vec::with_capacity(entry.whole.len());
    // Reserved, then the data reference: the file itself, which is the only one that is written.
    made.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
    // QuickTime's version, vendor and qualities are 0 in MP4.
    made.extend_from_slice(&[0; 16]);
    made.extend_from_slice(fields.get(24..)?);
    let mut has_config = false;
    for atom in children(boxes) {
        if atom.kind == *config {
            has_config = true;
            made.extend_from_slice(atom.whole);
        } else if DESCRIPTIONS.contains(&&atom.kind) {
            made.extend_from_slice(atom.whole);
        } else if atom.kind == *b"colr" {
            made.extend_from_slice(&color(atom));
        }
    }
    has_config.then(|| boxed(&entry.kind, &made))
}

/// Returns a color box as MP4 has it: QuickTime's `nclc` has no flag for the full range.
fn color(atom: Atom<'_>) -> Vec<u8> {
    match atom.body.split_at_checked(4) {
        Some((b"nclc", numbers)) if numbers.len() >= 6 => {
            let numbers = numbers.get(..6).unwrap_or_default();
            boxed(b"colr", &[&b"nclx"[..], numbers, &[0]].concat())
        }
        _ => atom.whole.to_vec(),
    }
}

fn sound(entry: Atom<'_>, config: &[u8; 4], timescale: u32) -> Option<Vec<u8>> {
    let (fields, rest) = entry.body.split_at_checked(SOUND_FIELDS)?;
    let version = Cursor(fields.get(8..)?).u16()?;
    let mut channels = Cursor(fields.get(16..)?).u16()?;
    let bits = Cursor(fields.get(18..)?).u16()?;
    let mut rate = Cursor(fields.get(24..)?).u32()?;
    // QuickTime's later versions have more fields.
    let boxes = match version {
        1 => rest.get(16..)?,
        2 => {
            let more = rest.get(..36)?;
            channels = u16::try_from(Cursor(more.get(12..)?).u32()?).unwrap_or(2);
            rate = fixed_rate(timescale);
            rest.get(36..)?
        }
        _ => rest,
    };
    // Players that read the version of QuickTime only in its files also write it into MP4 files.
    let config = find_config(boxes, config).or_else(|| find_config(rest, config))?;
    let fields = sound_fields(channels, if bits == 0 { 16 } else { bits }, rate);
    Some(boxed(&entry.kind, &[&fields[..], config].concat()))
}

/// Finds the decoder's configuration: in the entry, or in its `wave` box.
fn find_config<'b>(boxes: &'b [u8], config: &[u8; 4]) -> Option<&'b [u8]> {
    let direct = children(boxes).find(|atom| atom.kind == *config).map(|atom| atom.whole);
    direct.or_else(|| {
        let wave = children(boxes).find(|atom| atom.kind == *b"wave")?;
        children(wave.body).find(|atom| atom.kind == *config).map(|atom| atom.whole)
    })
}

/// Returns a sampling rate as a 16.16 fixed-point number; 0 if it is too high for one.
pub(crate) fn fixed_rate(rate: u32) -> u32 {
    u16::try_from(rate).map_or(0, |rate| u32::from(rate) << 16)
}

/// Returns the part of a sound entry before its boxes. `rate` is a 16.16 fixed-point number.
pub(crate) fn sound_fields(channels: u16, bits: u16, rate: u32) -> Vec<u8> {
    let mut fields = vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    fields.extend_from_slice(&channels.to_be_bytes());
    fields.extend_from_slice(&bits.to_be_bytes());
    fields.extend_from_slice(&[0; 4]);
    fields.extend_from_slice(&rate.to_be_bytes());
    fields
}
