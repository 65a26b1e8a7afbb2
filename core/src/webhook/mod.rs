//! Webhooks: what the service calls back with when a job has completed or failed.
//!
//! Anybody can send a request to a public URL, so a delivery is believed only once its signature
//! was verified with the account's webhook secret. [`Verifier::receive`] does that and reads the
//! prediction. Nothing here does I/O or reads a clock: the headers, the body and the time of now
//! are handed in.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use viseme::webhook::{Verifier, WebhookSecret};
//!
//! # fn main() -> viseme::Result<()> {
//! let secret = WebhookSecret::new("whsec_e9EE3BdyXSxcB4ZyZUKjQUEoQX4sF9P1+eMpb/KluCM=")?;
//! let verifier = Verifier::new(secret);
//!
//! // From your web framework: all headers, and the body as it came, before any JSON parsing.
//! let headers = [
//!     ("Webhook-Id", "e6832d4abffb4d79bfbca19783fca133"),
//!     ("Webhook-Timestamp", "1758798328"),
//!     ("Webhook-Signature", "v3,0000000000000000000000000000000000000000000000000000000000000000"),
//! ];
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_758_798_330);
//! let error = verifier.receive(headers, b"{}", now).unwrap_err();
//! assert_eq!(error.code(), "webhook");
//! # Ok(())
//! # }
//! ```

mod body;
#[cfg(feature = "testing")]
pub(crate) mod fuzzing;
mod headers;
mod refusal;
mod secret;
mod verifier;

use std::time::Duration;

pub use body::parse;
pub use refusal::Refusal;
pub use secret::WebhookSecret;
pub use verifier::{Delivery, Verified, Verifier};

/// The header with the delivery's id: the same each time a delivery is sent again.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of sending, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the scheme and the signature: `v3,` and 64 hexadecimal digits.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// The only signature scheme of the service. It is not the one of Standard Webhooks, which is
/// `v1`, base64, and keyed with the decoded secret.
pub const SCHEME: &str = "v3";
/// What webhook secrets begin with; it is no part of the key.
pub const SECRET_PREFIX: &str = "whsec_";
/// How far a delivery's timestamp may be from now, either way, unless set otherwise: 5 minutes.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
