//! Secrets and ids that cannot be guessed.

use std::fmt::Write as _;
use std::io;

/// Returns 32 hexadecimal digits of the system's secure random numbers.
///
/// # Errors
/// The system has none.
pub(crate) fn token() -> io::Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        // A String takes every text.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Compares two secrets in a time that depends on their lengths only.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_hexadecimal() {
        let (a, b) = (token().unwrap(), token().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 32);
        assert!(a.bytes().all(|byte| byte.is_ascii_hexdigit()), "{a}");
        assert!(equal(&a, &a));
        assert!(!equal(&a, &b));
        assert!(!equal(&a, ""));
    }
}
