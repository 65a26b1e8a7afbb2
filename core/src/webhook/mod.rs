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

pub use body::parse;
pub use refusal::Refusal;
pub use secret::WebhookSecret;
pub use verifier::{Delivery, Verified, Verifier};
pub use viseme_spec::webhook::{
    DEFAULT_TOLERANCE, ID_HEADER, SCHEME, SECRET_PREFIX, SIGNATURE_HEADER, TIMESTAMP_HEADER,
};

#[cfg(test)]
mod tests;
