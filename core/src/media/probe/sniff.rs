//! Names a file's kind by its first bytes.

use super::super::Container;
use super::cursor::Cursor;

/// How many of the first bytes are looked at.
pub(super) const HEAD: usize = 4096;

/// Signatures at fixed offsets; `None` where none fits.
pub(super) fn by_signature(head: &[u8]) -> Option<Container> {
    let starts = |signature: &[u8]| head.starts_with(signature);
    let form = head.get(8..12);
    let found = match head.get(..4)? {
        b"\x89PNG" if starts(b"\x89PNG\r\n\x1a\n") => Container::Png,
        b"GIF8" if starts(b"GIF87a") || starts(b"GIF89a") => Container::Gif,
        b"RIFF" if form == Some(b"WEBP") => Container::WebP,
        b"RIFF" if form == Some(b"AVI ") => Container::Avi,
        b"RIFF" | b"RF64" | b"BW64" if form == Some(b"WAVE") => Container::Wav,
        b"FORM" if matches!(form, Some(b"AIFF" | b"AIFC")) => Container::Aiff,
        b"OggS" => Container::Ogg,
        b"fLaC" => Container::Flac,
        b"#!AM" if starts(b"#!AMR") => Container::Amr,
        b"\x1a\x45\xdf\xa3" => matroska(head),
        b"FLV\x01" => Container::Flv,
        b"\x30\x26\xb2\x75" if starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11") => Container::Asf,
        b"\0\0\x01\xba" => Container::MpegPs,
        b"II*\0" | b"MM\0*" => Container::Tiff,
        b"%PDF" => Container::Pdf,
        b"PK\x03\x04" | b"PK\x05\x06" => Container::Zip,
        [0xff, 0xd8, 0xff, _] => Container::Jpeg,
        [b'B', b'M', ..] if is_bitmap(head) => Container::Bmp,
        _ if is_transport_stream(head) => Container::MpegTs,
        _ => return iso_media(head),
    };
    Some(found)
}

/// Files made of boxes. Which of MP4, MOV and M4A it is the boxes tell.
fn iso_media(head: &[u8]) -> Option<Container> {
    let mut cursor = Cursor::new(head);
    let size = cursor.u32()?;
    let kind: [u8; 4] = cursor.array()?;
    if &kind == b"ftyp" {
        return Some(still_image(head, size).unwrap_or(Container::Mp4));
    }
    let begins_a_movie = matches!(
        &kind,
        b"moov" | b"mdat" | b"free" | b"skip" | b"wide" | b"pnot" | b"styp" | b"moof" | b"sidx"
    );
    (begins_a_movie && !(2..8).contains(&size)).then_some(Container::Mp4)
}

/// Images that are made of boxes.
fn still_image(head: &[u8], size: u32) -> Option<Container> {
    let brand = head.get(8..12)?;
    let end = usize::try_from(size).map_or(head.len(), |size| size.clamp(16, head.len().max(16)));
    let others = head.get(16..end).unwrap_or_default();
    match brand {
        b"avif" | b"avis" => Some(Container::Avif),
        b"mif1" | b"msf1" | b"miaf" if others.chunks(4).any(|other| other == b"avif") => {
            Some(Container::Avif)
        }
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1" | b"miaf" => {
            Some(Container::Heic)
        }
        _ => None,
    }
}

/// WebM says so near its start.
fn matroska(head: &[u8]) -> Container {
    let start = head.get(..64.min(head.len())).unwrap_or_default();
    if start.windows(4).any(|four| four == b"webm") { Container::WebM } else { Container::Matroska }
}

/// Two letters are no proof: the length of the header that follows is.
fn is_bitmap(head: &[u8]) -> bool {
    let header = Cursor::new(head.get(14..).unwrap_or_default()).u32_le();
    matches!(header, Some(12 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// Packets of 188 bytes, or of 192 with a time before each.
fn is_transport_stream(head: &[u8]) -> bool {
    let every = |from: usize, step: usize| {
        (0..3).all(|packet| head.get(from + packet * step) == Some(&0x47))
    };
    every(0, 188) || every(4, 192)
}

/// Returns the kind of text that the first bytes are; `None` if they are not text.
pub(super) fn by_text(head: &[u8], is_whole: bool) -> Option<Container> {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        // Text in 16 bits; sound frames were ruled out before.
        return Some(Container::Text);
    }
    let text = readable(head, is_whole)?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let begins =
        |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let found = if ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| begins(tag)) {
        Container::Html
    } else if begins("<?xml") {
        if text.to_ascii_lowercase().contains("<html") { Container::Html } else { Container::Xml }
    } else if begins("<") {
        Container::Xml
    } else if begins("{") || begins("[") {
        Container::Json
    } else {
        Container::Text
    };
    Some(found)
}

/// The bytes as text, where they have no control characters. A character cut at the end of the
/// head is forgiven.
fn readable(head: &[u8], is_whole: bool) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if !is_whole && error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let is_plain =
        text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\x0c'));
    (is_plain && !text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(start: &[u8]) -> Vec<u8> {
        let mut head = start.to_vec();
        head.resize(1024, 0);
        head
    }

    #[test]
    fn signatures() {
        for (start, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], Container::Png),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Container::Jpeg),
            (b"GIF89a", Container::Gif),
            (b"RIFF\0\0\0\0WEBPVP8 ", Container::WebP),
            (b"RIFF\0\0\0\0WAVEfmt ", Container::Wav),
            (b"RF64\xff\xff\xff\xffWAVEds64", Container::Wav),
            (b"RIFF\0\0\0\0AVI LIST", Container::Avi),
            (b"FORM\0\0\0\0AIFFCOMM", Container::Aiff),
            (b"OggS\0\x02", Container::Ogg),
            (b"fLaC\0\0\0\x22", Container::Flac),
            (b"#!AMR\n", Container::Amr),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", Container::WebM),
            (b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", Container::Matroska),
            (b"FLV\x01\x05", Container::Flv),
            (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Container::Asf),
            (b"\0\0\x01\xba\x44", Container::MpegPs),
            (b"II*\0", Container::Tiff),
            (b"MM\0*", Container::Tiff),
            (b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", Container::Bmp),
            (b"%PDF-1.7", Container::Pdf),
            (b"PK\x03\x04", Container::Zip),
            (b"\0\0\0\x14ftypisom", Container::Mp4),
            (b"\0\0\0\x14ftypqt  ", Container::Mp4),
            (b"\0\0\0\x08wide\0\0\0\0mdat", Container::Mp4),
            (b"\0\0\0\x01mdat", Container::Mp4),
            (b"\0\0\0\x18ftypheic", Container::Heic),
            (b"\0\0\0\x18ftypavif", Container::Avif),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", Container::Avif),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", Container::Heic),
        ] {
            assert_eq!(by_signature(&padded(start)), Some(expected), "{}", start.escape_ascii());
        }
        let mut stream = vec![0; 1000];
        [0, 188, 376].iter().for_each(|at| stream[*at] = 0x47);
        assert_eq!(by_signature(&stream), Some(Container::MpegTs));
    }

    #[test]
    fn near_misses_have_no_signature() {
        for start in [&b"BM is a car maker"[..], b"RIFF\0\0\0\0sfbk", b"\0\0\0\x05free", b"GIF88a"]
        {
            assert_eq!(by_signature(&padded(start)), None, "{}", start.escape_ascii());
        }
        assert_eq!(by_signature(b""), None);
        assert_eq!(by_signature(b"\0\0"), None);
    }

    #[test]
    fn texts() {
        for (text, expected) in [
            (&b"<!DOCTYPE html><html>"[..], Some(Container::Html)),
            (b"\xef\xbb\xbf\r\n <HTML lang=en>", Some(Container::Html)),
            (b"<?xml version=\"1.0\"?><!DOCTYPE html><html>", Some(Container::Html)),
            (b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code>", Some(Container::Xml)),
            (b"{\"code\": 404}", Some(Container::Json)),
            (b"not found\n", Some(Container::Text)),
            (b"version https://git-lfs.github.com/spec/v1", Some(Container::Text)),
            (b"caf\xc3", None),
            (b"a\0b", None),
            (b"  \n", None),
        ] {
            assert_eq!(by_text(text, true), expected, "{}", text.escape_ascii());
        }
        assert_eq!(by_text(b"caf\xc3", false), Some(Container::Text));
        assert_eq!(by_text(b"\xff\xfea\0b\0", true), Some(Container::Text));
    }
}
