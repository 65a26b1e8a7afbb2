//! Verifies the signature and the age of deliveries.

use std::fmt;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::delivery::{Delivery, Verified, looks_reformatted, parse};
use super::reject_reason::RejectReason;
use super::{
    DEFAULT_TOLERANCE, ID_HEADER, SCHEME, SECRET_PREFIX, SIGNATURE_HEADER, TIMESTAMP_HEADER,
};
use crate::error::{Error, ErrorKind, Result};

/// The webhook secret of an account. It cannot be printed, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct WebhookSecret(SecretString);

impl WebhookSecret {
    /// Creates a secret from the text that the service shows, `whsec_…`. Surrounding whitespace is
    /// removed, and the prefix is optional.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Config`] if the secret is empty: anybody could sign with an empty
    /// secret.
    pub fn new(secret: impl Into<String>) -> Result<Self> {
        let secret = SecretString::from(secret.into());
        let text = secret.expose_secret().trim();
        let key = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
        if key.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "The webhook secret is empty. Copy it from your account, or fetch it with \
                 `Client::webhook_secret`.",
            ));
        }
        Ok(Self(SecretString::from(key)))
    }

    /// Returns the key of the signature: the bytes after the prefix. They look like base64 but are
    /// not decoded.
    fn key(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// Verifies deliveries with one secret, or with several during a rotation.
#[derive(Clone, Debug)]
#[must_use]
pub struct Verifier {
    secrets: Vec<WebhookSecret>,
    tolerance: Duration,
}

impl Verifier {
    /// Creates a verifier that accepts deliveries of the last 5 minutes.
    pub fn new(secret: WebhookSecret) -> Self {
        Self { secrets: vec![secret], tolerance: DEFAULT_TOLERANCE }
    }

    /// Accepts deliveries signed with this secret as well: the old one, for the hours after a
    /// rotation.
    pub fn or(mut self, secret: WebhookSecret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Sets the maximum difference between a delivery's timestamp and the current time, in either
    /// direction and with fractions of a second. Default 5 minutes. A longer tolerance gives
    /// attackers more time for a replay.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies the sender, the integrity and the age of a delivery.
    ///
    /// `headers` are the request's headers in any order and case, with or without others:
    /// `&http::HeaderMap`, or a map or list of pairs of strings. `body` is the raw body. `now` is
    /// the current time.
    ///
    /// # Errors
    /// Returns the [`RejectReason`] if the delivery must not be trusted.
    pub fn verify<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Verified, RejectReason> {
        let headers = SignedHeaders::from_headers(headers)?;
        let signature = parse_signature(&headers.signature)?;
        if !self.secrets.iter().any(|secret| matches(secret, &headers, body, &signature)) {
            return Err(RejectReason::InvalidSignature {
                body_looks_reformatted: looks_reformatted(body),
            });
        }
        // The age is checked last: a delivery rejected for its age is known to be genuine.
        let sent_at = self.check_age(headers.seconds, now)?;
        Ok(Verified { id: headers.id, sent_at })
    }

    /// Verifies a delivery as [`verify`](Self::verify) does, and parses its prediction.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Webhook`] if the verification fails (the [`RejectReason`] is the
    /// error's source) or the body has no prediction.
    pub fn receive<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Delivery> {
        let Verified { id, sent_at } = self.verify(headers, body, now)?;
        Ok(Delivery { id, sent_at, prediction: parse(body)? })
    }

    fn check_age(&self, seconds: u64, now: SystemTime) -> Result<SystemTime, RejectReason> {
        let tolerance = self.tolerance;
        let Some(sent_at) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) else {
            return Err(RejectReason::InFuture { ahead: Duration::MAX, tolerance });
        };
        match now.duration_since(sent_at) {
            Ok(age) if age > tolerance => Err(RejectReason::TooOld { age, tolerance }),
            Err(error) if error.duration() > tolerance => {
                Err(RejectReason::InFuture { ahead: error.duration(), tolerance })
            }
            _ => Ok(sent_at),
        }
    }
}

/// The signed headers and the signature.
struct SignedHeaders {
    /// Not empty, visible ASCII.
    id: String,
    /// The digits as received: they are part of the signed text.
    timestamp: String,
    /// The timestamp as a number: seconds since 1970.
    seconds: u64,
    signature: String,
}

impl SignedHeaders {
    fn from_headers<N: AsRef<str>, V: AsRef<[u8]>>(
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, RejectReason> {
        let mut found = [(ID_HEADER, None), (TIMESTAMP_HEADER, None), (SIGNATURE_HEADER, None)];
        for (name, value) in headers {
            let slot =
                found.iter_mut().find(|(wanted, _)| name.as_ref().eq_ignore_ascii_case(wanted));
            if let Some((name, slot)) = slot {
                if slot.is_some() {
                    return Err(RejectReason::DuplicateHeader { name });
                }
                *slot = Some(value);
            }
        }
        let [id, timestamp, signature] = found.map(|(name, value)| header_text(name, value));
        let (id, timestamp, signature) = (id?, timestamp?, signature?);
        let seconds = parse_seconds(&timestamp).ok_or(RejectReason::InvalidHeader {
            name: TIMESTAMP_HEADER,
            expected: "a whole number of seconds since 1970",
        })?;
        Ok(Self { id, timestamp, seconds, signature })
    }
}

fn header_text(
    name: &'static str,
    value: Option<impl AsRef<[u8]>>,
) -> Result<String, RejectReason> {
    let value = value.ok_or(RejectReason::MissingHeader { name })?;
    let bytes = value.as_ref();
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_graphic) {
        return Err(RejectReason::InvalidHeader { name, expected: "visible ASCII without spaces" });
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// Parses digits only: `str::parse` would accept a sign as well.
fn parse_seconds(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Parses a signature header. Upper-case digits are rejected: the service writes lower-case digits,
/// and each signature must have exactly one valid form.
fn parse_signature(header: &str) -> Result<[u8; 32], RejectReason> {
    let invalid = RejectReason::InvalidHeader {
        name: SIGNATURE_HEADER,
        expected: "`v3,` and 64 lower-case hexadecimal digits",
    };
    let Some((scheme, hex)) = header.split_once(',') else { return Err(invalid) };
    if scheme != SCHEME {
        return Err(RejectReason::UnsupportedScheme { scheme: scheme.chars().take(16).collect() });
    }
    let mut bytes = [0; 32];
    match base16ct::lower::decode(hex, &mut bytes) {
        Ok(decoded) if decoded.len() == 32 => Ok(bytes),
        _ => Err(invalid),
    }
}

/// Returns whether the signature was made with this secret, in constant time.
fn matches(
    secret: &WebhookSecret,
    headers: &SignedHeaders,
    body: &[u8],
    signature: &[u8; 32],
) -> bool {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.key()) else { return false };
    for part in [headers.id.as_bytes(), b".", headers.timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.verify_slice(signature).is_ok()
}
