//! Faults: which requests they affect, whether before or after the charge, and what breaks.

use http::HeaderValue;
use serde::{Deserialize, Serialize};

use super::Span;
use super::fault_action::{
    Body, FaultAction, ResponseMutation, RetryAfter, StatusResponse, WireFault,
};

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The kind of request.
    pub at: RequestKind,
    /// Which of these requests, counted from 1 since the fault was added; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<Nth>,
    /// Every Nth of these requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Only the first this many of these requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// The probability, from 0 to 1, drawn from the world's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Whether the request has its effect before the fault.
    #[serde(default)]
    pub when: When,
    /// What happens.
    #[serde(rename = "do")]
    pub action: FaultAction,
}

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequestKind {
    /// The POST that creates a job and charges for it.
    Submit,
    /// A read of a job's status.
    Poll,
    /// A request for a presigned upload.
    Presign,
    /// The upload itself.
    Put,
    /// A download of an output.
    Output,
    /// The list of past jobs.
    History,
    /// Every other request of the API.
    Other,
    /// Any request but those to the control API.
    Any,
}

/// One number or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a number or a list of numbers, counted from 1")]
pub enum Nth {
    /// This one.
    One(u64),
    /// Each of these.
    Many(Vec<u64>),
}

impl Nth {
    /// Returns whether the n-th is included.
    #[must_use]
    pub fn has(&self, nth: u64) -> bool {
        match self {
            Self::One(one) => *one == nth,
            Self::Many(many) => many.contains(&nth),
        }
    }
}

/// Whether a request has its effect before the fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// It has none: no job, no charge.
    #[default]
    BeforeAccept,
    /// It has; only the response is affected.
    AfterAccept,
}

impl Fault {
    /// Returns a fault at every request of this kind. It resets the connection, until another action is
    /// set.
    #[must_use]
    pub fn at(kind: RequestKind) -> Self {
        Self {
            at: kind,
            nth: None,
            every: None,
            until: None,
            probability: None,
            when: When::default(),
            action: FaultAction::Wire(WireFault::Reset),
        }
    }

    /// Affects only the n-th request.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(Nth::One(nth));
        self
    }

    /// Affects only these requests.
    #[must_use]
    pub fn each(mut self, nth: &[u64]) -> Self {
        self.nth = Some(Nth::Many(nth.to_vec()));
        self
    }

    /// Affects every Nth request.
    #[must_use]
    pub fn every(mut self, every: u64) -> Self {
        self.every = Some(every);
        self
    }

    /// Affects a request with this probability, from 0 to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Affects only the first this many requests.
    #[must_use]
    pub fn until(mut self, until: u64) -> Self {
        self.until = Some(until);
        self
    }

    /// Lets the request have its effect before the fault.
    #[must_use]
    pub fn after_accept(mut self) -> Self {
        self.when = When::AfterAccept;
        self
    }

    /// Resets the connection.
    #[must_use]
    pub fn reset(self) -> Self {
        self.wire(WireFault::Reset)
    }

    /// Breaks the connection or the stream of bytes.
    #[must_use]
    pub fn wire(mut self, wire: WireFault) -> Self {
        self.action = FaultAction::Wire(wire);
        self
    }

    /// Changes what the response says. The request has its effect.
    #[must_use]
    pub fn mutate(mut self, mutation: ResponseMutation) -> Self {
        self.action = FaultAction::Mutation(mutation);
        self
    }

    /// Responds with this status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.action = FaultAction::Status(StatusResponse {
            status,
            retry_after: None,
            body: None,
            location: None,
        });
        self
    }

    /// Adds `Retry-After` in seconds to a status response.
    #[must_use]
    pub fn retry_after_secs(self, seconds: u64) -> Self {
        self.retry_after(RetryAfter::Seconds(Span::secs(seconds)))
    }

    /// Adds `Retry-After` to a status response.
    #[must_use]
    pub fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        if let FaultAction::Status(response) = &mut self.action {
            response.retry_after = Some(retry_after);
        }
        self
    }

    /// Sets the body of a status response.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        if let FaultAction::Status(response) = &mut self.action {
            response.body = Some(body);
        }
        self
    }

    /// Returns whether the n-th request of its kind is affected. `random` returns a number from 0 to 1.
    #[must_use]
    pub(crate) fn matches(&self, nth: u64, random: impl FnOnce() -> f64) -> bool {
        self.nth.as_ref().is_none_or(|wanted| wanted.has(nth))
            && self.every.is_none_or(|every| every > 0 && nth.is_multiple_of(every))
            && self.until.is_none_or(|until| nth <= until)
            && self.probability.is_none_or(|probability| random() < probability)
    }

    /// Returns an error if a value is out of range.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let nth = match &self.nth {
            None => &[][..],
            Some(Nth::One(one)) => std::slice::from_ref(one),
            Some(Nth::Many(many)) => many,
        };
        if nth.contains(&0) {
            return Err("`nth` counts from 1, got 0".to_owned());
        }
        if self.every == Some(0) {
            return Err("`every` must be 1 or more, got 0".to_owned());
        }
        if let Some(share) = self.probability.filter(|share| !(0.0..=1.0).contains(share)) {
            return Err(format!("`probability` must be from 0 to 1, got {share}"));
        }
        match &self.action {
            FaultAction::Status(response) if !(200..=599).contains(&response.status) => {
                Err(format!("status {} is not from 200 to 599", response.status))
            }
            FaultAction::Status(response) => {
                header_value("do.location", response.location.as_deref())?;
                match &response.retry_after {
                    Some(RetryAfter::Raw { raw }) => header_value("do.retry_after.raw", Some(raw)),
                    _ => Ok(()),
                }
            }
            FaultAction::Mutation(ResponseMutation::ContentType(value)) => {
                header_value("do.content_type", Some(value))
            }
            _ => Ok(()),
        }
    }

    /// Returns how often it will be triggered in all; `None` if that is open.
    #[must_use]
    pub(crate) fn times(&self) -> Option<u64> {
        match (&self.nth, self.every, self.probability) {
            (Some(Nth::One(_)), None, None) => Some(1),
            (Some(Nth::Many(many)), None, None) => Some(many.len() as u64),
            (None, None, None) => self.until,
            _ => None,
        }
    }
}

/// Returns an error if a header cannot have this value.
fn header_value(field: &str, value: Option<&str>) -> Result<(), String> {
    match value {
        Some(value) if HeaderValue::from_bytes(value.as_bytes()).is_err() => Err(format!(
            "`{field}` must not have line breaks or other control characters, got {value:?}"
        )),
        _ => Ok(()),
    }
}

impl RequestKind {
    /// Returns whether a fault at this kind affects a request of that kind.
    #[must_use]
    pub(crate) fn covers(self, kind: Self) -> bool {
        self == Self::Any || self == kind
    }
}
