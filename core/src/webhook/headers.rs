//! Picks the three headers of a delivery out of all the others.

use super::refusal::Refusal;
use super::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};

/// The headers that are signed, and the signature.
pub(super) struct SignedHeaders {
    /// Not empty, visible ASCII.
    pub(super) id: String,
    /// The digits as they came: they are part of what is signed.
    pub(super) timestamp: String,
    /// The same as a number: seconds since 1970.
    pub(super) seconds: u64,
    pub(super) signature: String,
}

impl SignedHeaders {
    pub(super) fn of<N: AsRef<str>, V: AsRef<[u8]>>(
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Refusal> {
        let mut found = [(ID_HEADER, None), (TIMESTAMP_HEADER, None), (SIGNATURE_HEADER, None)];
        for (name, value) in headers {
            let slot =
                found.iter_mut().find(|(wanted, _)| name.as_ref().eq_ignore_ascii_case(wanted));
            if let Some((name, slot)) = slot {
                if slot.is_some() {
                    return Err(Refusal::RepeatedHeader { name });
                }
                *slot = Some(value);
            }
        }
        let [id, timestamp, signature] = found.map(|(name, value)| text(name, value));
        let (id, timestamp, signature) = (id?, timestamp?, signature?);
        let seconds = seconds(&timestamp).ok_or(Refusal::MalformedHeader {
            name: TIMESTAMP_HEADER,
            expected: "a whole number of seconds since 1970",
        })?;
        Ok(Self { id, timestamp, seconds, signature })
    }
}

fn text(name: &'static str, value: Option<impl AsRef<[u8]>>) -> Result<String, Refusal> {
    let value = value.ok_or(Refusal::MissingHeader { name })?;
    let bytes = value.as_ref();
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_graphic) {
        return Err(Refusal::MalformedHeader { name, expected: "visible ASCII without space" });
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// Digits alone: `parse` would take a sign as well.
fn seconds(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
