//! Webhooks: the requests that the service sends when a job has completed or failed.
//!
//! Anybody can send a request to a public URL. Trust a delivery only after its signature was
//! verified with the webhook secret of the account. [`Verifier::receive`] verifies the signature
//! and parses the prediction. Nothing here does I/O or reads a clock: pass the headers, the body
//! and the current time.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use viseme::webhook::{Verifier, WebhookSecret};
//!
//! # fn main() -> viseme::Result<()> {
//! let secret = WebhookSecret::new("whsec_e9EE3BdyXSxcB4ZyZUKjQUEoQX4sF9P1+eMpb/KluCM=")?;
//! let verifier = Verifier::new(secret);
//!
//! // From your web framework: all headers, and the raw body, before any JSON parsing.
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

mod delivery;
#[cfg(feature = "testing")]
pub(crate) mod fuzzing;
mod reject_reason;
mod verifier;

pub use delivery::{Delivery, Verified, parse};
pub use reject_reason::RejectReason;
pub use verifier::{Verifier, WebhookSecret};
pub use viseme_spec::webhook::{
    DEFAULT_TOLERANCE, ID_HEADER, SCHEME, SECRET_PREFIX, SIGNATURE_HEADER, TIMESTAMP_HEADER,
};

#[cfg(test)]
mod tests;
