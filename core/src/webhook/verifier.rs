//! Tells the service's deliveries from everybody else's.

use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::body::{looks_rewritten, parse};
use super::headers::SignedHeaders;
use super::{DEFAULT_TOLERANCE, Refusal, SCHEME, SIGNATURE_HEADER, WebhookSecret};
use crate::error::Result;
use crate::protocol::Prediction;

/// Verifies deliveries with a secret, or several while a secret is being replaced.
#[derive(Clone, Debug)]
#[must_use]
pub struct Verifier {
    secrets: Vec<WebhookSecret>,
    tolerance: Duration,
}

/// What a verified delivery says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Its id, to recognise a delivery that comes again.
    pub id: String,
    /// When it was sent, in whole seconds.
    pub sent_at: SystemTime,
}

/// A verified delivery and what it tells.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// Its id. The service sends a delivery again where it got no 2xx answer, and at times all
    /// the same: do each id's work once.
    pub id: String,
    /// When it was sent, in whole seconds.
    pub sent_at: SystemTime,
    /// The state of the job, with its input.
    pub prediction: Prediction,
}

impl Verifier {
    /// A verifier that takes deliveries of up to 5 minutes ago.
    pub fn new(secret: WebhookSecret) -> Self {
        Self { secrets: vec![secret], tolerance: DEFAULT_TOLERANCE }
    }

    /// Takes deliveries signed with this secret as well: the old one, for the hours after a
    /// change.
    pub fn or(mut self, secret: WebhookSecret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// How far a delivery's timestamp may be from now, either way; fractions of a second count.
    /// Default 5 minutes. A longer one lets recorded deliveries be played back for longer.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies a delivery: who sent it, when, and that nothing in it was changed.
    ///
    /// `headers` are the request's headers in any order and case, more than needed or not:
    /// `&http::HeaderMap`, a map or list of pairs of text all fit. `body` is the body as it came.
    /// `now` is the time of now.
    ///
    /// # Errors
    /// The [`Refusal`] that says why the delivery is not to be believed.
    pub fn verify<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Verified, Refusal> {
        let headers = SignedHeaders::of(headers)?;
        let signature = signature(&headers.signature)?;
        if !self.secrets.iter().any(|secret| fits(secret, &headers, body, &signature)) {
            return Err(Refusal::BadSignature { body_looks_rewritten: looks_rewritten(body) });
        }
        // The age comes last: then a delivery that is refused for it is known to be genuine.
        let sent_at = self.timely(headers.seconds, now)?;
        Ok(Verified { id: headers.id, sent_at })
    }

    /// Verifies a delivery as [`verify`](Self::verify) does, and reads what it tells.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`](crate::ErrorKind::Webhook) where it is not to be believed (the
    /// [`Refusal`] is the error's source) or holds no prediction.
    pub fn receive<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Delivery> {
        let Verified { id, sent_at } = self.verify(headers, body, now)?;
        Ok(Delivery { id, sent_at, prediction: parse(body)? })
    }

    fn timely(&self, seconds: u64, now: SystemTime) -> Result<SystemTime, Refusal> {
        let tolerance = self.tolerance;
        let Some(sent_at) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) else {
            return Err(Refusal::FromTheFuture { ahead: Duration::MAX, tolerance });
        };
        match now.duration_since(sent_at) {
            Ok(age) if age > tolerance => Err(Refusal::TooOld { age, tolerance }),
            Err(error) if error.duration() > tolerance => {
                Err(Refusal::FromTheFuture { ahead: error.duration(), tolerance })
            }
            _ => Ok(sent_at),
        }
    }
}

/// The bytes of a signature header. Upper-case digits are refused: the service writes lower-case
/// ones, and a signature shall have one form.
fn signature(header: &str) -> Result<[u8; 32], Refusal> {
    let malformed = Refusal::MalformedHeader {
        name: SIGNATURE_HEADER,
        expected: "`v3,` and 64 lower-case hexadecimal digits",
    };
    let Some((scheme, hex)) = header.split_once(',') else { return Err(malformed) };
    if scheme != SCHEME {
        return Err(Refusal::UnknownScheme { scheme: scheme.chars().take(16).collect() });
    }
    let mut bytes = [0; 32];
    match base16ct::lower::decode(hex, &mut bytes) {
        Ok(decoded) if decoded.len() == 32 => Ok(bytes),
        _ => Err(malformed),
    }
}

/// Whether the signature is this secret's; takes as long for every wrong one.
fn fits(
    secret: &WebhookSecret,
    headers: &SignedHeaders,
    body: &[u8],
    signature: &[u8; 32],
) -> bool {
    // A key of any length is fine for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.key()) else { return false };
    for part in [headers.id.as_bytes(), b".", headers.timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.verify_slice(signature).is_ok()
}
