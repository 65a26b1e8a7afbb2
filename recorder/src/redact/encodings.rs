//! The forms in which a text can contain a secret.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Returns a secret as it is, in Base64 and in hex. Base64 has three forms, by the place of the secret
/// within the text that was encoded; of each only the characters that the neighbours do not change.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut forms = vec![bytes.to_vec()];
    for shift in 0..3 {
        let shifted: Vec<u8> = std::iter::repeat_n(0, shift).chain(bytes.iter().copied()).collect();
        // Each character has six bits.
        let first = (shift * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&shifted);
            if let Some(form) = text.get(first..last)
                && form.len() >= 6
            {
                forms.push(form.as_bytes().to_vec());
            }
        }
    }
    forms.push(base16ct::lower::encode_string(bytes).into_bytes());
    forms.push(base16ct::upper::encode_string(bytes).into_bytes());
    forms.sort();
    forms.dedup();
    forms
}

/// Returns the views of some bytes in which to search: as they are, and decoded as percent-encoding, as
/// JSON, and as both. A decoded view decodes only what is encoded, so that a secret is found if a part of
/// it is encoded.
pub(super) fn views(bytes: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let mut views = vec![Cow::Borrowed(bytes)];
    let has_percent = memchr::memchr(b'%', bytes).is_some();
    if has_percent {
        views.push(percent_encoding::percent_decode(bytes).collect::<Vec<u8>>().into());
    }
    if memchr::memchr(b'\\', bytes).is_some() {
        let plain = unescaped(bytes);
        if has_percent || memchr::memchr(b'%', &plain).is_some() {
            views.push(percent_encoding::percent_decode(&plain).collect::<Vec<u8>>().into());
        }
        // YAML and JSON within JSON escape it again.
        if memchr::memchr(b'\\', &plain).is_some() {
            views.push(unescaped(&plain).into());
        }
        views.push(plain.into());
    }
    views
}

/// Decodes the escapes of JSON and YAML: `\u0041`, `\x41`, `\/`, `\"`.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let (b'\\', Some((&kind, after))) = (byte, after.split_first()) else {
            plain.push(byte);
            continue;
        };
        let digits = match kind {
            b'u' => 4,
            b'x' => 2,
            _ => 0,
        };
        let code = (digits > 0)
            .then(|| after.get(..digits))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32);
        match code {
            Some(code) => {
                plain.extend(code.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after.get(digits..).unwrap_or_default();
            }
            None => {
                plain.push(match kind {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    kind => kind,
                });
                rest = after;
            }
        }
    }
    plain
}
