//! Reads the first entry of an `stsd` box: codec and picture size.

use super::super::ReadError;
use super::super::cursor::Cursor;
use super::super::window::Window;
use super::boxes::BoxAt;
use super::sps::{self, CodedPicture};

/// The description of a track's samples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SampleEntry {
    /// A common name, or the four characters found.
    pub(super) codec: String,
    pub(super) is_encrypted: bool,
    /// For video tracks only.
    pub(super) picture: Option<Picture>,
}

/// The picture of a video track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Picture {
    /// The size in the sample description.
    pub(super) width: u32,
    pub(super) height: u32,
    /// The size and pixel aspect in the codec's own header.
    pub(super) coded: Option<CodedPicture>,
    /// Width and height of one pixel (`pasp`).
    pub(super) pixel_aspect: Option<(u32, u32)>,
}

/// The bytes before the boxes of a visual entry.
const VISUAL_FIELDS: u64 = 78;
/// The bytes before the boxes of an audio entry of the first version.
const AUDIO_FIELDS: u64 = 28;

pub(super) fn first(
    window: &Window<'_>,
    stsd: &BoxAt,
    handler: [u8; 4],
) -> Result<Option<SampleEntry>, ReadError> {
    // Version, flags and count stand before the first entry.
    let Some(entry) = stsd.children(window, 8).next()? else { return Ok(None) };
    let content = window.read(entry.body, 64)?;
    match &handler {
        b"vide" => visual(window, &entry, &content).map(Some),
        b"soun" => audio(window, &entry, &content).map(Some),
        _ => Ok(None),
    }
}

fn visual(window: &Window<'_>, entry: &BoxAt, content: &[u8]) -> Result<SampleEntry, ReadError> {
    let mut cursor = Cursor::new(content);
    let size = cursor.skip(24).and_then(|()| Some((cursor.u16()?, cursor.u16()?)));
    let (width, height) = size.unwrap_or_default();
    let mut picture =
        Picture { width: width.into(), height: height.into(), coded: None, pixel_aspect: None };
    let mut details = Details::of(entry.kind);
    let mut walk = entry.children(window, VISUAL_FIELDS);
    while let Some(child) = walk.next()? {
        match &child.kind {
            b"pasp" => picture.pixel_aspect = pixel_aspect(&child.content(window)?),
            b"avcC" => picture.coded = sps::of_avc(&child.content(window)?),
            b"hvcC" => picture.coded = sps::of_hevc(&child.content(window)?),
            _ => details.note(window, &child)?,
        }
    }
    Ok(SampleEntry {
        codec: details.video_codec(),
        is_encrypted: details.is_encrypted,
        picture: Some(picture),
    })
}

fn audio(window: &Window<'_>, entry: &BoxAt, content: &[u8]) -> Result<SampleEntry, ReadError> {
    let mut cursor = Cursor::new(content);
    let version = cursor.skip(8).and_then(|()| cursor.u16()).unwrap_or(0);
    // QuickTime's later versions have more fields. ISO's version 1 has not, but is hardly used.
    let fields = match version {
        1 => AUDIO_FIELDS + 16,
        2 => AUDIO_FIELDS + 36,
        _ => AUDIO_FIELDS,
    };
    let mut details = Details::of(entry.kind);
    let mut walk = entry.children(window, fields);
    while let Some(child) = walk.next()? {
        if &child.kind == b"wave" {
            let mut inner = child.children(window, 0);
            while let Some(grandchild) = inner.next()? {
                details.note(window, &grandchild)?;
            }
        } else {
            details.note(window, &child)?;
        }
    }
    Ok(SampleEntry {
        codec: details.audio_codec(),
        is_encrypted: details.is_encrypted,
        picture: None,
    })
}

/// The codec of an entry: its four characters, and what its boxes add.
struct Details {
    kind: [u8; 4],
    object_type: Option<u8>,
    is_encrypted: bool,
}

impl Details {
    fn of(kind: [u8; 4]) -> Self {
        // `aavd` is Audible's, `drms` and `drmi` are Apple's.
        let is_encrypted = matches!(&kind, b"encv" | b"enca" | b"drmi" | b"drms" | b"aavd");
        Self { kind, object_type: None, is_encrypted }
    }

    fn note(&mut self, window: &Window<'_>, child: &BoxAt) -> Result<(), ReadError> {
        match &child.kind {
            b"esds" => self.object_type = object_type(&child.content(window)?),
            // An encrypted entry states its codec here.
            b"sinf" => {
                let mut inner = child.children(window, 0);
                while let Some(form) = inner.next()? {
                    if &form.kind == b"frma" {
                        let original = window.array(form.body)?;
                        self.kind = original.unwrap_or(self.kind);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn video_codec(&self) -> String {
        let name = match &self.kind.map(|byte| byte.to_ascii_lowercase()) {
            b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"dva1" | b"dvav" | b"h264" | b"x264" => "h264",
            b"hvc1" | b"hev1" | b"hvc2" | b"hev2" | b"dvh1" | b"dvhe" | b"hevc" | b"h265" => "hevc",
            b"vvc1" | b"vvi1" => "vvc",
            b"av01" => "av1",
            b"vp08" => "vp8",
            b"vp09" => "vp9",
            b"apcn" | b"apch" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "prores",
            b"avdn" | b"avdh" => "dnxhd",
            b"jpeg" | b"mjpa" | b"mjpb" | b"mjpg" => "mjpeg",
            b"png " => "png",
            b"s263" | b"h263" => "h263",
            b"mp4v" => match self.object_type {
                Some(0x60..=0x65) => "mpeg2video",
                Some(0x6a) => "mpeg1video",
                Some(0x6c) => "mjpeg",
                Some(0x6d) => "png",
                _ => "mpeg4",
            },
            _ => return four_characters(self.kind),
        };
        name.to_owned()
    }

    fn audio_codec(&self) -> String {
        let name = match &self.kind {
            b"mp4a" | b"MP4A" | b"aavd" => match self.object_type {
                Some(0x69 | 0x6b) => "mp3",
                Some(0xa5) => "ac3",
                Some(0xa6) => "eac3",
                Some(0xa9) => "dts",
                Some(0xad) => "opus",
                Some(0xdd) => "vorbis",
                _ => "aac",
            },
            b".mp3" | b"ms\0\x55" => "mp3",
            b"alac" => "alac",
            b"Opus" => "opus",
            b"fLaC" => "flac",
            b"ac-3" => "ac3",
            b"ec-3" => "eac3",
            b"samr" => "amr",
            b"sawb" => "amr_wb",
            b"sowt" | b"twos" | b"lpcm" | b"in24" | b"in32" | b"raw " | b"NONE" | b"ipcm" => "pcm",
            b"fl32" | b"fl64" | b"fpcm" => "pcm_float",
            b"alaw" => "alaw",
            b"ulaw" => "mulaw",
            other => return four_characters(*other),
        };
        name.to_owned()
    }
}

/// Returns the characters in a readable form, whatever the bytes are.
fn four_characters(kind: [u8; 4]) -> String {
    kind.escape_ascii().to_string().trim().to_owned()
}

fn pixel_aspect(content: &[u8]) -> Option<(u32, u32)> {
    let mut cursor = Cursor::new(content);
    let aspect = (cursor.u32()?, cursor.u32()?);
    (aspect.0 > 0 && aspect.1 > 0).then_some(aspect)
}

/// Returns the object type of an MPEG-4 elementary stream descriptor.
fn object_type(esds: &[u8]) -> Option<u8> {
    let mut cursor = Cursor::new(esds);
    cursor.skip(4)?;
    if descriptor(&mut cursor)? != 3 {
        return None;
    }
    cursor.skip(2)?;
    let flags = cursor.u8()?;
    if flags & 0x80 != 0 {
        cursor.skip(2)?;
    }
    if flags & 0x40 != 0 {
        let length = cursor.u8()?;
        cursor.skip(length.into())?;
    }
    if flags & 0x20 != 0 {
        cursor.skip(2)?;
    }
    if descriptor(&mut cursor)? != 4 {
        return None;
    }
    cursor.u8()
}

/// Reads the tag of a descriptor and skips its length of up to four bytes.
fn descriptor(cursor: &mut Cursor<'_>) -> Option<u8> {
    let tag = cursor.u8()?;
    for _ in 0..4 {
        if cursor.u8()? & 0x80 == 0 {
            break;
        }
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::super::super::BytesSource;
    use super::super::boxes::BoxWalk;
    use super::*;

    fn esds(object: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0, 3, 0x80, 0x80, 0x80, 0x20, 0, 1, 0];
        bytes.extend([4, 0x80, 0x80, 0x80, 0x14, object]);
        bytes
    }

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&length.to_be_bytes()[..], kind, content].concat()
    }

    /// Reads a sample description with one entry.
    fn read(handler: &[u8; 4], entry: &[u8]) -> SampleEntry {
        let stsd = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], entry].concat());
        let source = BytesSource::new(stsd);
        let window = Window::new(&source, 1_000_000);
        let stsd = BoxWalk::of_file(&window, 0).next().unwrap().unwrap();
        first(&window, &stsd, *handler).unwrap().unwrap()
    }

    #[test]
    fn audio_entries_of_every_version() {
        for (version, fields) in [(0_u8, 28), (1, 44), (2, 64)] {
            let mut content = vec![0; fields];
            content[9] = version;
            let bare = [&content[..], &boxed(b"esds", &esds(0x6b))].concat();
            assert_eq!(read(b"soun", &boxed(b"mp4a", &bare)).codec, "mp3", "version {version}");
            let wave = boxed(b"wave", &boxed(b"esds", &esds(0x6b)));
            let in_wave = [&content[..], &wave].concat();
            assert_eq!(read(b"soun", &boxed(b"mp4a", &in_wave)).codec, "mp3", "version {version}");
        }
    }

    #[test]
    fn an_encrypted_entry_states_its_codec() {
        let mut content = vec![0; 78];
        content[24..28].copy_from_slice(&[5, 0, 2, 0xd0]);
        content.extend(boxed(b"sinf", &boxed(b"frma", b"hvc1")));
        content.extend(boxed(b"pasp", &[0, 0, 0, 4, 0, 0, 0, 3]));
        let entry = read(b"vide", &boxed(b"encv", &content));
        assert_eq!((entry.codec.as_str(), entry.is_encrypted), ("hevc", true));
        let expected =
            Picture { width: 1280, height: 720, coded: None, pixel_aspect: Some((4, 3)) };
        assert_eq!(entry.picture, Some(expected));
    }

    #[test]
    fn codecs_by_object_type() {
        let named = |kind: &[u8; 4], object: u8| Details {
            kind: *kind,
            object_type: object_type(&esds(object)),
            is_encrypted: false,
        };
        assert_eq!(named(b"mp4a", 0x40).audio_codec(), "aac");
        assert_eq!(named(b"mp4a", 0x6b).audio_codec(), "mp3");
        assert_eq!(named(b"mp4v", 0x20).video_codec(), "mpeg4");
        assert_eq!(named(b"mp4v", 0x61).video_codec(), "mpeg2video");
        assert_eq!(named(b"AVC1", 0).video_codec(), "h264");
        assert_eq!(object_type(&[0, 0, 0, 0, 3]), None);
        assert_eq!(object_type(&[]), None);
    }

    #[test]
    fn unknown_characters_stay_readable() {
        assert_eq!(four_characters(*b"icod"), "icod");
        assert_eq!(four_characters(*b"abc "), "abc");
        assert_eq!(four_characters([0, 0xff, b'a', b'b']), "\\x00\\xffab");
    }

    #[test]
    fn invalid_pixel_aspects_are_ignored() {
        assert_eq!(pixel_aspect(&[0, 0, 0, 4, 0, 0, 0, 3]), Some((4, 3)));
        assert_eq!(pixel_aspect(&[0, 0, 0, 4, 0, 0, 0, 0]), None);
    }
}
