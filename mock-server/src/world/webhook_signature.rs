//! Signs webhooks as the service does. The client's code is not used, so that each implementation
//! checks the other.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use viseme_spec::webhook::{SCHEME, SECRET_PREFIX};

use crate::digest::hex;
use crate::scenario::WebhookSignature;

/// Returns a world's secret after this many rotations. It depends on the world's id alone.
pub(super) fn secret(world: &str, rotations: u64) -> String {
    let digest = Sha256::digest(format!("webhook secret {rotations} of {world}"));
    format!("{SECRET_PREFIX}{}", BASE64_STANDARD.encode(digest))
}

/// Returns the value of the signature header; `None` if the header is omitted.
pub(super) fn signature(
    how: WebhookSignature,
    secret: &str,
    id: &str,
    timestamp: i64,
    body: &str,
) -> Option<String> {
    let message = format!("{id}.{timestamp}.{body}");
    let text = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    match how {
        WebhookSignature::Good => {
            Some(format!("{SCHEME},{}", hex(&hmac(text.as_bytes(), &message))))
        }
        WebhookSignature::Bad => {
            Some(format!("{SCHEME},{}", hex(&hmac(b"another secret", &message))))
        }
        WebhookSignature::Missing => None,
        WebhookSignature::StandardWebhooks => {
            let key = BASE64_STANDARD.decode(text).unwrap_or_default();
            Some(format!("v1,{}", BASE64_STANDARD.encode(hmac(&key, &message))))
        }
    }
}

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    // HMAC accepts keys of any length, so this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_matches_the_published_vector() {
        assert_eq!(
            hex(&hmac(b"Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_secret_depends_on_the_world_and_the_rotation() {
        assert_eq!(secret("a", 0), secret("a", 0));
        assert_ne!(secret("a", 0), secret("a", 1));
        assert_ne!(secret("a", 0), secret("b", 0));
    }
}
