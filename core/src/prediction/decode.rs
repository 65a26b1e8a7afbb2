//! Outputs that are written out in base64.

use super::Output;
use crate::base64;

/// The largest output that is decoded; responses of the API are not read beyond this.
const MAX_DECODED: usize = 64 * 1024 * 1024;

impl Output {
    /// The bytes of an output in base64, with or without `data:…;base64,` before it;
    /// `None` for a URL, for anything that is no base64, and for more than 64 MiB.
    ///
    /// Outputs come as base64 if it was requested; plain text of a language model may happen to
    /// be base64 as well.
    #[must_use]
    pub fn decode(&self) -> Option<Vec<u8>> {
        let Self::Text(text) = self else { return None };
        let data = match text.split_once(',') {
            Some((head, data)) if is_head(head) => data,
            Some(_) => return None,
            None => text,
        };
        if !fits(data.len()) || data.trim().is_empty() {
            return None;
        }
        base64::decode(data)
    }
}

/// Whether this much base64 is decoded: four letters are three bytes.
fn fits(letters: usize) -> bool {
    letters / 4 <= MAX_DECODED / 3
}

fn is_head(head: &str) -> bool {
    let head = head.trim().to_ascii_lowercase();
    head.starts_with("data:") && head.ends_with("base64")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sixty_four_mebibytes_are_decoded_and_no_more() {
        for (letters, fit) in [(0, true), (89_478_484, true), (89_478_487, true)] {
            assert_eq!(fits(letters), fit, "{letters}");
        }
        assert!(!fits(89_478_488), "67,108,866 bytes");
    }

    #[test]
    fn base64_is_recognized() {
        let text = |text: &str| Output::Text(text.to_owned());
        for (output, expected) in [
            (text("/+8="), Some(&[0xff, 0xef][..])),
            (text("data:video/mp4;base64,/+8="), Some(&[0xff, 0xef])),
            (text("DATA:video/mp4;Base64,/+8"), Some(&[0xff, 0xef])),
            (text("Hello, world."), None),
            (text("data:text/plain,abcd"), None),
            (text(""), None),
            (Output::Url("https://a.example/b.mp4".to_owned()), None),
            (Output::Json(json!({"a": "/+8="})), None),
        ] {
            assert_eq!(output.decode().as_deref(), expected, "{output:?}");
        }
    }
}
