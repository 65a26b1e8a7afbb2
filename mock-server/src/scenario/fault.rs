//! What breaks: where, which time, before or after the money was spent, and how.

use serde::{Deserialize, Serialize};

use super::Span;
use super::effect::{Body, FaultAction, ResponseMutation, RetryAfter, StatusReply, WireFault};

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// At which kind of request.
    pub at: RequestKind,
    /// At which of them, counted from 1 since the fault was set; every one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<Nth>,
    /// At every so-manieth of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// No longer after this many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// With this probability, from 0 to 1, by the world's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Before or after what the request asked for was done.
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
    /// The POST that costs money.
    Submit,
    /// A read of a job's state.
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
#[serde(untagged, expecting = "`nth` is a number or a list of numbers, counted from 1")]
pub enum Nth {
    /// This one.
    One(u64),
    /// Each of these.
    Many(Vec<u64>),
}

impl Nth {
    /// Whether the n-th is meant.
    #[must_use]
    pub fn has(&self, nth: u64) -> bool {
        match self {
            Self::One(one) => *one == nth,
            Self::Many(many) => many.contains(&nth),
        }
    }
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Nothing was done: no job, no charge.
    #[default]
    BeforeAccept,
    /// It was done; the answer suffers.
    AfterAccept,
}

impl Fault {
    /// A fault at every request of that kind, to be told what it does.
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

    /// Only at the n-th.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(Nth::One(nth));
        self
    }

    /// Only at these.
    #[must_use]
    pub fn each(mut self, nth: &[u64]) -> Self {
        self.nth = Some(Nth::Many(nth.to_vec()));
        self
    }

    /// At every so-manieth.
    #[must_use]
    pub fn every(mut self, every: u64) -> Self {
        self.every = Some(every);
        self
    }

    /// With this probability, from 0 to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Only at the first so many.
    #[must_use]
    pub fn until(mut self, until: u64) -> Self {
        self.until = Some(until);
        self
    }

    /// After what was asked for was done.
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

    /// Breaks the connection or the flow of bytes.
    #[must_use]
    pub fn wire(mut self, wire: WireFault) -> Self {
        self.action = FaultAction::Wire(wire);
        self
    }

    /// Changes what the answer says; what was asked for is done.
    #[must_use]
    pub fn mutate(mut self, mutation: ResponseMutation) -> Self {
        self.action = FaultAction::Mutation(mutation);
        self
    }

    /// Answers with this status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.action = FaultAction::Status(StatusReply {
            status,
            retry_after: None,
            body: None,
            location: None,
        });
        self
    }

    /// Adds `Retry-After` in seconds to a status.
    #[must_use]
    pub fn retry_after_secs(self, seconds: u64) -> Self {
        self.retry_after(RetryAfter::Seconds(Span::secs(seconds)))
    }

    /// Adds a `Retry-After` to a status.
    #[must_use]
    pub fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        if let FaultAction::Status(reply) = &mut self.action {
            reply.retry_after = Some(retry_after);
        }
        self
    }

    /// Sets the body of a status.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        if let FaultAction::Status(reply) = &mut self.action {
            reply.body = Some(body);
        }
        self
    }

    /// Whether the n-th request of its kind is meant; `random` gives a number from 0 to 1.
    #[must_use]
    pub(crate) fn strikes(&self, nth: u64, random: impl FnOnce() -> f64) -> bool {
        self.nth.as_ref().is_none_or(|wanted| wanted.has(nth))
            && self.every.is_none_or(|every| every > 0 && nth.is_multiple_of(every))
            && self.until.is_none_or(|until| nth <= until)
            && self.probability.is_none_or(|probability| random() < probability)
    }

    /// Says what in it has no meaning.
    pub(crate) fn check(&self) -> Result<(), String> {
        let nth = match &self.nth {
            None => &[][..],
            Some(Nth::One(one)) => std::slice::from_ref(one),
            Some(Nth::Many(many)) => many,
        };
        if nth.contains(&0) {
            return Err("nth counts from 1".to_owned());
        }
        if self.every == Some(0) {
            return Err("every is 1 or more".to_owned());
        }
        if self.probability.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err("probability is from 0 to 1".to_owned());
        }
        match &self.action {
            FaultAction::Status(reply) if !(200..=599).contains(&reply.status) => {
                Err(format!("status {} is not from 200 to 599", reply.status))
            }
            _ => Ok(()),
        }
    }

    /// How many times it is to strike; `None` where that is open.
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

impl RequestKind {
    /// Whether a fault at this point strikes a request of that kind.
    #[must_use]
    pub(crate) fn covers(self, kind: Self) -> bool {
        self == Self::Any || self == kind
    }
}
