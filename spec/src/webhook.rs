//! How the service signs its webhooks.
//!
//! Source: the service's page on webhooks.

use std::time::Duration;

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
