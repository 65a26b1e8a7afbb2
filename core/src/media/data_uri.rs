//! Media inside a `data:` URI (RFC 2397).

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use crate::base64;

/// Returns the part of a `data:` URI before its content, for messages.
pub(crate) fn head(uri: &str) -> &str {
    uri.split_once(',').map_or("data:", |(head, _)| head)
}

/// Returns the content of a `data:` URI; `None` if it is not a valid one.
pub(crate) fn content(uri: &str) -> Option<Bytes> {
    let (head, data) = uri.split_once(',')?;
    let kind = head.get(.."data:".len()).filter(|scheme| scheme.eq_ignore_ascii_case("data:"));
    kind?;
    let plain = percent_decode_str(data);
    if head.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64")) {
        let text = plain.decode_utf8().ok()?;
        return base64::decode(&text).map(Bytes::from);
    }
    Some(Bytes::from(plain.collect::<Vec<u8>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents() {
        for (uri, expected) in [
            ("data:image/png;base64,/+8=", Some(&[0xff, 0xef][..])),
            ("DATA:image/png;name=a.png;BASE64,/%2B8%3D", Some(&[0xff, 0xef])),
            ("data:text/plain,a%20b", Some(b"a b")),
            ("data:,", Some(b"")),
            ("data:image/png;base64,****", None),
            ("data:image/png", None),
            ("https://a.example/b,c", None),
            ("", None),
        ] {
            assert_eq!(content(uri).as_deref(), expected, "{uri}");
        }
        assert_eq!(head("data:image/png;base64,/+8="), "data:image/png;base64");
    }
}
