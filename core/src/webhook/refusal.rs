//! Why a delivery is not believed.

use std::fmt;
use std::time::Duration;

use super::{SCHEME, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use crate::error::{Error, ErrorKind};

/// Why a delivery is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A header is missing.
    MissingHeader {
        /// Its name.
        name: &'static str,
    },
    /// A header came more than once, so that it is not clear which one counts.
    RepeatedHeader {
        /// Its name.
        name: &'static str,
    },
    /// A header cannot be what the service sent.
    MalformedHeader {
        /// Its name.
        name: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The signature is of another scheme than the service's `v3`.
    UnknownScheme {
        /// The scheme's name, cut to a few characters.
        scheme: String,
    },
    /// The signature does not fit the headers, the body and the secret: a forgery, another secret,
    /// or a body that is not as it came.
    BadSignature {
        /// Whether the body does not look as the service writes it (JSON without space between
        /// its parts), so that something may have parsed and written it anew.
        body_looks_rewritten: bool,
    },
    /// The signature is right, but the delivery was sent too long ago: perhaps a recording that
    /// is played back.
    TooOld {
        /// Its age.
        age: Duration,
        /// The greatest age that is taken.
        tolerance: Duration,
    },
    /// The signature is right, but the delivery says it was sent in the future: one of the two
    /// clocks is wrong.
    FromTheFuture {
        /// How far in the future.
        ahead: Duration,
        /// How far it may be.
        tolerance: Duration,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader { name } => write!(
                f,
                "the header `{name}` is missing. Pass all headers of the request, and make sure \
                 that no proxy removes it",
            ),
            Self::RepeatedHeader { name } => {
                write!(f, "the header `{name}` came more than once; the service sends it once")
            }
            Self::MalformedHeader { name, expected } => {
                write!(f, "the header `{name}` is malformed: it has to be {expected}")
            }
            Self::UnknownScheme { scheme } => {
                write!(f, "`{SIGNATURE_HEADER}` has the scheme `{scheme}`, not `{SCHEME}`")?;
                if scheme == "v1" {
                    f.write_str(
                        ". That is the scheme of Standard Webhooks, which the service does not use",
                    )?;
                }
                Ok(())
            }
            Self::BadSignature { body_looks_rewritten } => {
                f.write_str(
                    "the signature does not fit. Pass the body byte by byte as it came, and the \
                     webhook secret of the account that submitted the job",
                )?;
                if *body_looks_rewritten {
                    f.write_str(
                        "; this body does not look like the service's own JSON, so something may \
                         have parsed and rewritten it",
                    )?;
                }
                Ok(())
            }
            Self::TooOld { age, tolerance } => write!(
                f,
                "it was signed {} s ago, and at most {} s are taken: a recording, or this \
                 machine's clock is fast",
                age.as_secs(),
                tolerance.as_secs(),
            ),
            Self::FromTheFuture { ahead, tolerance } => write!(
                f,
                "its `{TIMESTAMP_HEADER}` is {} s in the future, and at most {} s are taken: \
                 this machine's clock is slow",
                ahead.as_secs(),
                tolerance.as_secs(),
            ),
        }
    }
}

impl std::error::Error for Refusal {}

/// An error of the kind [`ErrorKind::Webhook`]; the refusal is its source.
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = format!("The webhook was refused: {refusal}.");
        Self::new(ErrorKind::Webhook, message).with_source(refusal)
    }
}
