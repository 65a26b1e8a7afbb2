//! Steps that need no ffmpeg: decoding base64, and removing other data before the media.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use viseme::media::Fix;

/// Text that is decoded in one piece: a multiple of 4.
const CHUNK: usize = 64 * 1024;
/// More than the head of any `data:` URI.
const MAX_HEAD: usize = 4096;

/// Returns whether this step is one of these.
pub(super) fn is_for_bytes(fix: &Fix) -> bool {
    matches!(fix, Fix::Decode { .. } | Fix::RemovePrefix { .. } | Fix::Rename { .. })
}

/// Makes the step.
pub(super) fn apply(fix: &Fix, from: &Path, to: &Path) -> io::Result<()> {
    let mut input = BufReader::new(File::open(from)?);
    let mut output = BufWriter::new(File::create_new(to)?);
    match fix {
        Fix::RemovePrefix { bytes } => {
            input.seek(SeekFrom::Start(*bytes))?;
            io::copy(&mut input, &mut output)?;
        }
        Fix::Decode { .. } => decode(input, &mut output)?,
        _ => drop(io::copy(&mut input, &mut output)?),
    }
    output.flush()
}

/// Decodes base64 with either alphabet, padded or not, with any white space, after the head of a
/// `data:` URI if there is one.
fn decode(mut input: impl Read, output: &mut impl Write) -> io::Result<()> {
    let mut text = Vec::new();
    input.by_ref().take(MAX_HEAD as u64).read_to_end(&mut text)?;
    if text.get(..5).is_some_and(|it| it.eq_ignore_ascii_case(b"data:")) {
        let comma = text.iter().position(|byte| *byte == b',').ok_or_else(invalid)?;
        text.drain(..=comma);
    }
    let mut is_end = false;
    while !is_end {
        let before = text.len();
        input.by_ref().take(CHUNK as u64).read_to_end(&mut text)?;
        is_end = text.len() == before;
        text.retain(|byte| !byte.is_ascii_whitespace());
        for byte in &mut text {
            match byte {
                b'-' => *byte = b'+',
                b'_' => *byte = b'/',
                _ => {}
            }
        }
        let whole = if is_end { text.len() } else { text.len() / 4 * 4 };
        let piece: Vec<u8> = text.drain(..whole).collect();
        output.write_all(&engine().decode(&piece).map_err(|_| invalid())?)?;
    }
    Ok(())
}

fn engine() -> GeneralPurpose {
    let padding = DecodePaddingMode::Indifferent;
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
    GeneralPurpose::new(&alphabet::STANDARD, config)
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is not valid base64 to its end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_any_form_is_decoded() {
        let content: Vec<u8> = (0..100_000_u32).map(|it| it.to_le_bytes()[0] ^ 0x5a).collect();
        let plain = base64::engine::general_purpose::STANDARD.encode(&content);
        let lines: Vec<_> =
            plain.as_bytes().chunks(76).map(|it| String::from_utf8_lossy(it)).collect();
        for text in [
            plain.clone(),
            plain.trim_end_matches('=').to_owned(),
            lines.join("\r\n") + "\n",
            format!("data:audio/mpeg;base64,{plain}"),
            plain.replace('+', "-").replace('/', "_"),
        ] {
            let mut output = Vec::new();
            decode(text.as_bytes(), &mut output).unwrap();
            assert!(output == content);
        }
        for text in ["a", "****", "data:audio/mpeg;base64"] {
            assert!(decode(text.as_bytes(), &mut Vec::new()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_source_is_copied_without_its_prefix() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&from, b"xxxcontent").unwrap();
        apply(&Fix::RemovePrefix { bytes: 3 }, &from, &to).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"content");
        // A file that is there already is never replaced.
        assert!(apply(&Fix::RemovePrefix { bytes: 3 }, &from, &to).is_err());
    }
}
