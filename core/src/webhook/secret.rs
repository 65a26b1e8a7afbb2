//! The secret that deliveries are signed with.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::SECRET_PREFIX;
use crate::error::{Error, ErrorKind, Result};

/// The webhook secret of an account. It cannot be printed, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct WebhookSecret(SecretString);

impl WebhookSecret {
    /// The secret as the service gives it, `whsec_…`; space around it is removed. The prefix may
    /// be missing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where there is nothing but the prefix: anybody could sign with an
    /// empty secret.
    pub fn new(secret: impl Into<String>) -> Result<Self> {
        let secret = SecretString::from(secret.into());
        let text = secret.expose_secret().trim();
        let key = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
        if key.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "The webhook secret is empty. Take it from your account, or let \
                 `Client::webhook_secret` fetch it.",
            ));
        }
        Ok(Self(SecretString::from(key)))
    }

    /// The key of the signature: the text after the prefix, byte by byte. It looks like base64 but
    /// is not decoded.
    pub(super) fn key(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}
