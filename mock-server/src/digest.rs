//! Hashes, and bytes as hexadecimal text.

use sha2::{Digest as _, Sha256};

/// Returns the bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Returns a number that depends on every one of these bytes.
pub(crate) fn hash_u64(parts: &[&[u8]]) -> u64 {
    let digest = Sha256::digest(parts.concat());
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// Returns 32 hexadecimal digits that depend on the seed and the number alone.
pub(crate) fn id_from(seed: u64, number: u64) -> String {
    let digest = Sha256::digest([seed.to_be_bytes(), number.to_be_bytes()].concat());
    hex(digest.get(..16).unwrap_or_default())
}
