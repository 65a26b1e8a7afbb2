//! Removes the API key from text that people read.

use std::borrow::Cow;

use secrecy::{ExposeSecret as _, SecretString};

/// The shortest key that is removed. A shorter one is no secret, and common words contain it.
const MIN_KEY: usize = 6;

/// Removes a key from messages and logs. Values that the client uses, such as ids and URLs, stay
/// as they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor(Option<SecretString>);

impl Redactor {
    pub(super) fn new(key: SecretString) -> Self {
        Self((key.expose_secret().len() >= MIN_KEY).then_some(key))
    }

    /// Returns the text with `[key]` in place of the key.
    pub(super) fn clean<'a>(&self, text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        let text = text.into();
        match &self.0 {
            Some(key) if text.contains(key.expose_secret()) => {
                Cow::Owned(text.replace(key.expose_secret(), "[key]"))
            }
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_removed_unless_they_are_too_short_to_be_keys() {
        for (key, text, expected) in [
            ("0123456789abcdef", "a 0123456789abcdef b0123456789abcdef", "a [key] b[key]"),
            ("0123456789abcdef", "0123456789", "0123456789"),
            ("test", "a test", "a test"),
            ("video", "https://a.example/video.mp4", "https://a.example/video.mp4"),
        ] {
            assert_eq!(Redactor::new(key.into()).clean(text), expected);
        }
        assert_eq!(Redactor::default().clean("text"), "text");
    }
}
