//! Hashes, and bytes as hexadecimal text.

use sha2::{Digest as _, Sha256};

/// Returns the bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// Returns a number that depends on every one of these bytes.
pub(crate) fn hash_u64(parts: &[&[u8]]) -> u64 {
    let digest = Sha256::digest(parts.concat());
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// Returns 32 hexadecimal digits that depend on the seed and the number alone.
pub(crate) fn id_from(seed: u64, number: u64) -> String {
    short_hash(&[&seed.to_be_bytes(), &number.to_be_bytes()])
}

/// Returns the id of a request: 32 hexadecimal digits that depend on its world, the world's seed and
/// its number there. No job or upload has the same.
pub(crate) fn request_id_from(world: &str, seed: u64, number: u64) -> String {
    let parts: [&[u8]; 4] =
        [b"request", &seed.to_be_bytes(), &number.to_be_bytes(), world.as_bytes()];
    short_hash(&parts)
}

/// Returns the first 16 bytes of a hash as hexadecimal digits.
fn short_hash(parts: &[&[u8]]) -> String {
    hex(Sha256::digest(parts.concat()).get(..16).unwrap_or_default())
}
