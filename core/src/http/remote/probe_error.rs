//! Why a remote file could not be probed to the end.

use std::time::Duration;

use url::Url;

use super::super::ssrf::Blocked;
use super::super::transport::TransportError;
use crate::media::Rule;
use crate::protocol::is_retryable;

/// Why a probe ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProbeError {
    /// [`Rule::Readable`] if the service is likely to fail as well, else
    /// [`Rule::Undetermined`].
    pub(crate) rule: Rule,
    /// A clause that completes "the file could not be checked: …".
    pub(crate) clause: String,
    /// What to do, as a sentence; may be empty.
    pub(crate) advice: &'static str,
}

/// How a probe ends early.
pub(super) enum ProbeStop {
    /// The connection failed: another request may continue.
    Broken(ProbeError),
    Final(ProbeError),
    /// The file changed while it was read.
    Changed,
}

impl ProbeError {
    fn new(rule: Rule, clause: impl Into<String>, advice: &'static str) -> Self {
        Self { rule, clause: clause.into(), advice }
    }

    pub(super) fn changed() -> Self {
        Self::new(Rule::Undetermined, "it changed while it was read", "")
    }

    pub(super) fn too_slow(timeout: Duration) -> Self {
        let clause = format!("that took longer than {} s", timeout.as_secs_f64());
        Self::new(Rule::Undetermined, clause, "")
    }
}

impl ProbeStop {
    /// A limit of this client.
    pub(super) fn bound(clause: &str) -> Self {
        Self::Final(ProbeError::new(Rule::Undetermined, clause, ""))
    }

    /// The clause completes "the server …".
    pub(super) fn server(clause: &str) -> Self {
        Self::bound(&format!("the server {clause}"))
    }

    pub(super) fn broken(error: &TransportError) -> Self {
        if error.private_address {
            return Self::private();
        }
        let clause = format!("the {} failed: {error}", error.connection());
        Self::Broken(ProbeError::new(Rule::Readable, clause, "Check the URL."))
    }

    pub(super) fn status(status: u16) -> Self {
        let (rule, advice) = match status {
            401 | 403 => (
                Rule::Readable,
                "The service is likely to be refused as well: check the URL, and whether a \
                 signature in it has run out.",
            ),
            status if is_retryable(status) => (Rule::Undetermined, ""),
            _ => (
                Rule::Readable,
                "The service is likely to get the same response, and the job to fail: check the URL.",
            ),
        };
        Self::Final(ProbeError::new(rule, format!("the server answers HTTP {status}"), advice))
    }

    /// The clause completes "it was …".
    pub(super) fn redirect(clause: &str) -> Self {
        Self::Final(ProbeError::new(Rule::Readable, format!("it was {clause}"), "Check the URL."))
    }

    pub(super) fn blocked(blocked: Blocked, url: &Url) -> Self {
        match blocked {
            Blocked::Private => Self::private(),
            Blocked::Scheme => {
                Self::bound(&format!("its scheme is `{}`; http and https are read", url.scheme()))
            }
            Blocked::Proxy => Self::Final(ProbeError::new(
                Rule::Undetermined,
                "it would be read through a proxy, which hides whether its address is private",
                "Set `allow_private_addresses` to read it anyway.",
            )),
        }
    }

    fn private() -> Self {
        Self::Final(ProbeError::new(
            Rule::Undetermined,
            "it leads to a private address",
            "Make sure that the service can reach it. Set `allow_private_addresses` to read it from \
             here.",
        ))
    }
}
