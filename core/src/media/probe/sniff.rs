//! Recognizes the kind of a file by its first bytes.

use super::super::Container;
use super::cursor::Cursor;

/// How many of the first bytes are examined.
pub(super) const HEAD: usize = 4096;

/// Returns the kind by a signature at a fixed offset; `None` if there is none.
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
        b"#!SI" if starts(b"#!SILK_V3") => Container::Silk,
        // WeChat and QQ put a byte in front.
        b"\x02#!S" if starts(b"\x02#!SILK_V3") => Container::Silk,
        b"caff" => Container::Caf,
        b".snd" => Container::Au,
        b"riff" if starts(b"riff\x2e\x91\xcf\x11") => Container::Wave64,
        b"RIFX" if form == Some(b"WAVE") => Container::Rifx,
        b"ADIF" => Container::Adif,
        [0x56, ..] if is_loas(head) => Container::Loas,
        [0x1f, 0x8b, 8, _] => Container::Gzip,
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

/// Recognizes files made of boxes. Whether it is MP4, MOV or M4A depends on the boxes.
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

/// Recognizes images that are made of boxes.
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

/// Returns where the first box is in a file of boxes that starts with other data.
pub(super) fn late_box_file(head: &[u8]) -> Option<u64> {
    let kind = memchr::memmem::find(head, b"ftyp")?;
    let start = kind.checked_sub(4).filter(|start| *start > 0)?;
    let is_box = iso_media(head.get(start..)?) == Some(Container::Mp4);
    // A short box of brands.
    (is_box && head.get(start..start + 2)? == [0, 0]).then_some(start as u64)
}

/// Distinguishes WebM from Matroska by the document type near the start.
fn matroska(head: &[u8]) -> Container {
    let start = head.get(..64.min(head.len())).unwrap_or_default();
    if start.windows(4).any(|four| four == b"webm") { Container::WebM } else { Container::Matroska }
}

/// Checks the length of the header that follows: two letters are no proof.
fn is_bitmap(head: &[u8]) -> bool {
    let header = Cursor::new(head.get(14..).unwrap_or_default()).u32_le();
    matches!(header, Some(12 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// Checks for three LOAS frames in a row, or as many as there are.
fn is_loas(head: &[u8]) -> bool {
    let mut at = 0_usize;
    for seen in 0..3 {
        let Some(&[sync, high, low]) = head.get(at..).and_then(|rest| rest.first_chunk()) else {
            return seen > 0;
        };
        if sync != 0x56 || high & 0xe0 != 0xe0 {
            return false;
        }
        at += 3 + (usize::from(high & 0x1f) << 8 | usize::from(low));
    }
    true
}

/// Checks for packets of 188 bytes, or of 192 with a time before each.
fn is_transport_stream(head: &[u8]) -> bool {
    let every = |from: usize, step: usize| {
        (0..3).all(|packet| head.get(from + packet * step) == Some(&0x47))
    };
    every(0, 188) || every(4, 192)
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
            (b"\x02#!SILK_V3", Container::Silk),
            (b"caff\0\x01", Container::Caf),
            (b".snd\0\0\0\x18", Container::Au),
            (b"riff\x2e\x91\xcf\x11\xa5\xd6", Container::Wave64),
            (b"RIFX\0\0\0\0WAVEfmt ", Container::Rifx),
            (b"ADIF\0", Container::Adif),
            (b"\x56\xe0\x01a\x56\xe0\x01a\x56\xe0\x01a", Container::Loas),
            (b"\x1f\x8b\x08\0", Container::Gzip),
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
    fn similar_bytes_are_no_signature() {
        for start in [
            &b"BM is a car maker"[..],
            b"RIFF\0\0\0\0sfbk",
            b"\0\0\0\x05free",
            b"GIF88a",
            b"\x56\xe0\x01a\x56\0",
        ] {
            assert_eq!(by_signature(&padded(start)), None, "{}", start.escape_ascii());
        }
        assert_eq!(by_signature(b""), None);
        assert_eq!(by_signature(b"\0\0"), None);
    }
}
