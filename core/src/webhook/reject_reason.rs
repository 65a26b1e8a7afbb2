//! The reason why a delivery failed verification.

use std::fmt;
use std::time::Duration;

use super::{SCHEME, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use crate::error::{Error, ErrorKind};

/// The reason why a delivery failed verification.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectReason {
    /// A header is missing.
    MissingHeader {
        /// The header's name.
        name: &'static str,
    },
    /// A header occurs more than once.
    DuplicateHeader {
        /// The header's name.
        name: &'static str,
    },
    /// A header has a value that the service never sends.
    InvalidHeader {
        /// The header's name.
        name: &'static str,
        /// The valid form.
        expected: &'static str,
    },
    /// The signature has another scheme than `v3`.
    UnsupportedScheme {
        /// The scheme's name, cut to 16 characters.
        scheme: String,
    },
    /// The signature does not match the headers, the body and the secret: the delivery is forged,
    /// the secret is another, or the body was changed.
    InvalidSignature {
        /// Whether the body has whitespace that the service does not write, which hints that
        /// something parsed and reformatted it.
        body_looks_reformatted: bool,
    },
    /// The signature is valid, but the delivery is too old: it may be a replay.
    TooOld {
        /// The delivery's age.
        age: Duration,
        /// The maximum age.
        tolerance: Duration,
    },
    /// The signature is valid, but the delivery's timestamp is in the future: one of the two
    /// clocks is wrong.
    InFuture {
        /// How far the timestamp is in the future.
        ahead: Duration,
        /// How far it may be in the future.
        tolerance: Duration,
    },
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader { name } => write!(
                f,
                "the header `{name}` is missing. Pass all headers of the request, and check that \
                 no proxy removes it",
            ),
            Self::DuplicateHeader { name } => {
                write!(f, "the header `{name}` occurs more than once")
            }
            Self::InvalidHeader { name, expected } => {
                write!(f, "the header `{name}` must be {expected}")
            }
            Self::UnsupportedScheme { scheme } => {
                write!(f, "the header `{SIGNATURE_HEADER}` must have the scheme `{SCHEME}`")?;
                write!(f, ", got `{scheme}`")?;
                if scheme == "v1" {
                    f.write_str(
                        " (the scheme of Standard Webhooks, which the service does not use)",
                    )?;
                }
                Ok(())
            }
            Self::InvalidSignature { body_looks_reformatted } => {
                f.write_str(
                    "the signature does not match. Pass the raw body of the request, and the \
                     webhook secret of the account that submitted the job",
                )?;
                if *body_looks_reformatted {
                    f.write_str(
                        ". This body has whitespace that the service does not write: something \
                         may have parsed and reformatted it",
                    )?;
                }
                Ok(())
            }
            Self::TooOld { age, tolerance } => write!(
                f,
                "it was signed {} s ago, but at most {} s are allowed. It may be a replay, or this \
                 machine's clock is fast",
                age.as_secs(),
                tolerance.as_secs(),
            ),
            Self::InFuture { ahead, tolerance } => write!(
                f,
                "its `{TIMESTAMP_HEADER}` is {} s in the future, but at most {} s are allowed. \
                 Check this machine's clock: it is probably slow",
                ahead.as_secs(),
                tolerance.as_secs(),
            ),
        }
    }
}

impl std::error::Error for RejectReason {}

/// Returns an error of the kind [`ErrorKind::Webhook`] with the reason as its source.
impl From<RejectReason> for Error {
    fn from(reason: RejectReason) -> Self {
        let message = format!("Webhook verification failed: {reason}.");
        Self::new(ErrorKind::Webhook, message).with_source(reason)
    }
}
