//! Recognizes text: error pages, documents, and media encoded as base64.

use super::super::Container;
use super::super::info::Detail;
use super::{adts, mpeg_audio, sniff};
use crate::base64;

/// How much base64 text is decoded.
const BASE64_HEAD: usize = 512;
/// How much hexadecimal text is decoded.
const HEX_HEAD: usize = 1024;
/// Shorter texts are not taken for base64 or hexadecimal digits.
const MIN_BASE64: usize = 40;

/// Returns the kind of text that the first bytes are, and which file the text encodes; `None` if they
/// are not text.
pub(super) fn kind(head: &[u8], is_whole: bool) -> Option<(Container, Option<Detail>)> {
    if is_wide(head) {
        return Some((Container::Text, None));
    }
    let text = readable(head, is_whole)?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if let Some(uri) = data_uri(text) {
        return Some((Container::DataUri, encoded(uri).map(Detail::Encodes)));
    }
    let unquoted = text.trim_matches('"');
    if let Some(encoded) = hexadecimal(unquoted) {
        return Some((Container::Text, Some(Detail::Hexadecimal(encoded))));
    }
    if let Some(encoded) = encoded(unquoted) {
        return Some((Container::Base64, Some(Detail::Encodes(encoded))));
    }
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
    Some((found, None))
}

/// Returns true for text of 16-bit characters.
fn is_wide(head: &[u8]) -> bool {
    let little = head.starts_with(b"\xff\xfe");
    if !little && !head.starts_with(b"\xfe\xff") {
        return false;
    }
    // The high bytes of most letters are zero; those of audio samples are not.
    let pairs = head.as_chunks::<2>().0;
    let zeros = pairs.iter().filter(|[a, b]| if little { *b == 0 } else { *a == 0 }).count();
    zeros * 2 > pairs.len()
}

/// Returns the base64 text of a `data:` URI, or an empty text if it is written out.
fn data_uri(text: &str) -> Option<&str> {
    let scheme = text.get(..5)?;
    let (head, content) = text.split_once(',')?;
    let is_one = scheme.eq_ignore_ascii_case("data:")
        && head.len() < 200
        && !head.contains(char::is_whitespace);
    is_one.then(|| if head.to_ascii_lowercase().ends_with(";base64") { content } else { "" })
}

/// Returns the kind of media file that a base64 text encodes.
fn encoded(text: &str) -> Option<Container> {
    let letters: String =
        text.chars().filter(|c| !c.is_ascii_whitespace()).take(BASE64_HEAD).collect();
    // Whole groups of four.
    let whole = letters.get(..letters.len() / 4 * 4)?;
    if whole.len() < MIN_BASE64 {
        return None;
    }
    media_kind(&base64::decode(whole)?)
}

/// Returns the kind of media file whose bytes a text states in hexadecimal digits, as some
/// text-to-speech services send audio.
fn hexadecimal(text: &str) -> Option<Container> {
    let digits: Vec<u8> =
        text.bytes().filter(|byte| !byte.is_ascii_whitespace()).take(HEX_HEAD).collect();
    if digits.len() < MIN_BASE64 {
        return None;
    }
    let byte = |pair: &[u8; 2]| {
        let digit = |it: u8| char::from(it).to_digit(16);
        u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
    };
    let bytes: Option<Vec<u8>> = digits.as_chunks::<2>().0.iter().map(byte).collect();
    media_kind(&bytes?)
}

/// Returns the kind of media file that starts with these bytes.
fn media_kind(bytes: &[u8]) -> Option<Container> {
    let by_frame = || {
        let is_tag = bytes.starts_with(b"ID3");
        (is_tag || mpeg_audio::parse(bytes).is_some()).then_some(Container::Mp3)
    };
    sniff::by_signature(bytes)
        .or_else(by_frame)
        .or_else(|| adts::parse(bytes).map(|_| Container::Adts))
}

/// Returns the bytes as text if they have no control characters. A character that is cut at the
/// end is allowed.
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

    #[test]
    fn kinds_of_text() {
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
            assert_eq!(kind(text, true).map(|(kind, _)| kind), expected, "{}", text.escape_ascii());
        }
        assert_eq!(kind(b"caf\xc3", false), Some((Container::Text, None)));
        assert_eq!(kind(b"\xff\xfea\0b\0", true), Some((Container::Text, None)));
        assert_eq!(kind(b"\xff\xfe\x03\x01\x20\x02", true), None, "samples of audio");
    }

    #[test]
    fn base64_of_media_is_recognized() {
        let wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";
        let encodes_wav = Some(Detail::Encodes(Container::Wav));
        assert_eq!(kind(wav.as_bytes(), true), Some((Container::Base64, encodes_wav)));
        let uri = format!("data:audio/wav;base64,{wav}");
        assert_eq!(kind(uri.as_bytes(), true), Some((Container::DataUri, encodes_wav)));
        for text in
            ["abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "data: is plural, mostly"]
        {
            assert!(matches!(kind(text.as_bytes(), true), Some((Container::Text, None))), "{text}");
        }
    }

    #[test]
    fn hexadecimal_digits_of_media_are_recognized() {
        let of_wav = Some((Container::Text, Some(Detail::Hexadecimal(Container::Wav))));
        for text in [
            "524946462400000057415645666d742010000000",
            "\"524946462400000057415645666D7420\\n10000000\"".replace("\\n", "\n").as_str(),
        ] {
            assert_eq!(kind(text.as_bytes(), true), of_wav, "{text}");
        }
        for text in ["deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef", "524946462400000057415645"]
        {
            assert!(matches!(kind(text.as_bytes(), true), Some((Container::Text, None))), "{text}");
        }
    }
}
