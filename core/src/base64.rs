//! Base64, read as loosely as the service and browsers write it.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LOOSE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes; padding may be missing, and white space does not count. `None` for anything else.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return LOOSE.decode(compact).ok();
    }
    LOOSE.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn forms_of_the_same_bytes() {
        for text in ["/+8=", "/+8", "/ +8=\r\n"] {
            assert_eq!(decode(text).as_deref(), Some(&[0xff, 0xef][..]), "{text:?}");
        }
        assert_eq!(decode("").as_deref(), Some(&[][..]));
        for text in ["/+8*", "_-8", "/", "https://a.example/b.mp4"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
