//! How webhooks are sent.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};

use super::span::MAX_SECS;
use super::{MAX_COPIES, Nth, Span};

/// How webhooks are sent, and what is wrong with them.
///
/// All fields but `retries` apply to the deliveries in `nth`; to all of them by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookScenario {
    /// The pauses before further attempts after one without a 2xx response. The service makes up to
    /// three with growing pauses. Their lengths are a guess: 5 s, 30 s, 2 min.
    pub retries: Vec<Span>,
    /// The deliveries that the other fields apply to, counted from 1 in the order of their jobs' ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<Nth>,
    /// How many duplicates of each are sent.
    pub duplicate: u32,
    /// The order in which they are sent.
    pub order: WebhookOrder,
    /// The delay after the job's end.
    pub delay: Span,
    /// They are never sent.
    pub drop: bool,
    /// The job ends at once, and its webhook is sent before the submit is answered.
    pub before_answer: bool,
    /// How they are signed.
    pub signature: WebhookSignature,
    /// An offset of their timestamps, such as `-10m`. The signature is valid.
    pub timestamp_offset: Offset,
    /// The world's secret is rotated before each is signed.
    pub rotate_secret: bool,
    /// Only the first bytes of the body are sent, with the signature of the whole body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate: Option<usize>,
}

/// The order in which webhooks are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOrder {
    /// In the order of their jobs' ends.
    #[default]
    AsTheyEnd,
    /// Those within one second of the world's clock are collected and sent in reversed order.
    Reversed,
}

/// The signature of a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookSignature {
    /// Valid.
    #[default]
    Good,
    /// Made with another secret.
    Bad,
    /// No signature header.
    Missing,
    /// The scheme of Standard Webhooks, which the service does not use.
    StandardWebhooks,
}

impl Default for WebhookScenario {
    fn default() -> Self {
        Self {
            retries: vec![Span::secs(5), Span::secs(30), Span::secs(120)],
            nth: None,
            duplicate: 0,
            order: WebhookOrder::default(),
            delay: Span::default(),
            drop: false,
            before_answer: false,
            signature: WebhookSignature::default(),
            timestamp_offset: Offset::default(),
            rotate_secret: false,
            truncate: None,
        }
    }
}

impl WebhookScenario {
    /// Returns an error if a value is out of range.
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.nth.as_ref().is_some_and(|nth| nth.has(0)) {
            return Err("`nth` counts from 1, got 0".to_owned());
        }
        if self.duplicate as usize > MAX_COPIES {
            let got = self.duplicate;
            return Err(format!("`duplicate` must be at most {MAX_COPIES}, got {got}"));
        }
        Ok(())
    }

    /// Returns the scenario of the n-th delivery: this one, or one without faults.
    #[must_use]
    pub fn for_nth(&self, nth: u64) -> Self {
        let applies = self.nth.as_ref().is_none_or(|wanted| wanted.has(nth));
        if applies {
            self.clone()
        } else {
            Self { retries: self.retries.clone(), ..Self::default() }
        }
    }
}

/// A number of seconds that may be negative: `-10m`, `90s`, or a plain number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset(pub i64);

impl Offset {
    fn within_limit(seconds: i64) -> Option<Self> {
        (seconds.unsigned_abs() <= MAX_SECS).then_some(Self(seconds))
    }

    fn parse(text: &str) -> Option<Self> {
        let (sign, size) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let seconds = size
            .parse::<u64>()
            .ok()
            .or_else(|| humantime::parse_duration(size).ok().map(|duration| duration.as_secs()))?;
        Self::within_limit(sign * i64::try_from(seconds).ok()?)
    }
}

impl Serialize for Offset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}s", self.0))
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OffsetVisitor;

        impl de::Visitor<'_> for OffsetVisitor {
            type Value = Offset;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as -10m, 90s or a number of seconds")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Offset, E> {
                Offset::parse(text).ok_or_else(|| refused(format!("{text:?}")))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Offset, E> {
                Offset::within_limit(seconds).ok_or_else(|| refused(seconds))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Offset, E> {
                let offset = i64::try_from(seconds).ok().and_then(Offset::within_limit);
                offset.ok_or_else(|| refused(seconds))
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Offset, E> {
                let is_whole = seconds.fract() == 0.0 && seconds.abs() <= MAX_SECS as f64;
                if is_whole { Ok(Offset(seconds as i64)) } else { Err(refused(seconds)) }
            }
        }

        fn refused<E: de::Error>(value: impl fmt::Display) -> E {
            E::custom(format!("must be a duration such as -10m, in whole seconds, got {value}"))
        }

        deserializer.deserialize_any(OffsetVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    #[test]
    fn every_field_is_read_and_written() {
        let text = "webhooks: {retries: [1s], nth: [1, 3], duplicate: 1, order: reversed, \
                    delay: 2s, drop: true, before_answer: true, signature: standard_webhooks, \
                    timestamp_offset: -10m, rotate_secret: true, truncate: 20}";
        let webhooks = Scenario::parse(text).unwrap().webhooks;
        assert_eq!(webhooks.retries, [Span::secs(1)]);
        assert_eq!(webhooks.timestamp_offset, Offset(-600));
        let again =
            Scenario::parse(&serde_json::to_string(&Scenario::parse(text).unwrap()).unwrap());
        assert_eq!(again.unwrap().webhooks, webhooks);

        let other = webhooks.for_nth(2);
        assert_eq!(
            other,
            WebhookScenario { retries: vec![Span::secs(1)], ..WebhookScenario::default() }
        );
        assert_eq!(webhooks.for_nth(3), webhooks);
        assert!(Scenario::parse("webhooks: {signature: odd}").is_err());
        assert!(Scenario::parse("webhooks: {timestamp_offset: soon}").is_err());
    }

    #[test]
    fn offsets() {
        for (text, seconds) in [
            ("-10m", Some(-600)),
            ("+1h", Some(3600)),
            ("90", Some(90)),
            ("-7", Some(-7)),
            ("", None),
            ("--1s", None),
        ] {
            assert_eq!(Offset::parse(text).map(|offset| offset.0), seconds, "{text}");
        }
    }
}
