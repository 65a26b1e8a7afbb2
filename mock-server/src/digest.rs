//! Hashes, and bytes as hexadecimal text.

use sha2::{Digest as _, Sha256};

/// Returns the bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// Returns a number that depends on every one of these bytes.
pub(crate) fn hash_u64(parts: &[&[u8]]) -> u64 {
    digest(parts).iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
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
    hex(digest(parts).get(..16).unwrap_or_default())
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}
