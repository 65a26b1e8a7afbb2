//! How the service signs its webhooks.
//!
//! Source: the service's page on webhooks.

use std::time::Duration;

/// The header with the delivery's id. It is the same for every attempt of a delivery.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of the attempt, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the scheme and the signature: `v3,` followed by 64 hexadecimal digits.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// The only signature scheme of the service. It differs from Standard Webhooks, which is `v1`, uses
/// base64, and is keyed with the decoded secret.
pub const SCHEME: &str = "v3";
/// The prefix of webhook secrets. It is not part of the key.
pub const SECRET_PREFIX: &str = "whsec_";
/// The default tolerance for the timestamp of a delivery, in either direction: 5 minutes.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);
