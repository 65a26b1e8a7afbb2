//! How a world's webhooks go.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};

use super::{Nth, Span};

/// How a world's webhooks go, and what is wrong with them.
///
/// All but `retries` is for the deliveries that `nth` names, which are all of them by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookScenario {
    /// The pause before each further attempt, where one got no 2xx answer. The service makes up
    /// to three with growing pauses; how long these are is a guess: 5 s, 30 s, 2 min.
    pub retries: Vec<Span>,
    /// Which deliveries the rest is for, counted from 1 in the order in which their jobs end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<Nth>,
    /// How many times each is sent again although all is well.
    pub duplicate: u32,
    /// In which order they are sent.
    pub order: WebhookOrder,
    /// How long after the job's end.
    pub delay: Span,
    /// They are never sent.
    pub drop: bool,
    /// The job ends at once, and its webhook is sent before the submit is answered.
    pub before_answer: bool,
    /// How they are signed.
    pub signature: WebhookSignature,
    /// What is added to their timestamps, such as `-10m`; the signature fits.
    pub timestamp_offset: Offset,
    /// The world's secret is replaced before each is signed.
    pub rotate_secret: bool,
    /// Only the first so many bytes of the body are sent; the signature is that of the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate: Option<usize>,
}

/// In which order webhooks are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOrder {
    /// As their jobs end.
    #[default]
    AsTheyEnd,
    /// What comes within a second of the world's clock is gathered, and sent last first.
    Reversed,
}

/// How a webhook is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookSignature {
    /// Right.
    #[default]
    Good,
    /// With another secret.
    Bad,
    /// Without the header.
    Missing,
    /// By the scheme of Standard Webhooks, which is not the service's.
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
    /// The script for the n-th delivery: itself, or one in which nothing is wrong.
    #[must_use]
    pub fn for_nth(&self, nth: u64) -> Self {
        let meant = self.nth.as_ref().is_none_or(|wanted| wanted.has(nth));
        if meant { self.clone() } else { Self { retries: self.retries.clone(), ..Self::default() } }
    }
}

/// A number of seconds that may be negative: `-10m`, `90s`, or a plain number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset(pub i64);

impl Offset {
    fn parse(text: &str) -> Option<Self> {
        let (sign, size) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let seconds = size
            .parse::<u64>()
            .ok()
            .or_else(|| humantime::parse_duration(size).ok().map(|duration| duration.as_secs()))?;
        Some(Self(sign * i64::try_from(seconds).ok()?))
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
                f.write_str("a time such as `-10m`, `90s` or a whole number of seconds")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Offset, E> {
                Offset::parse(text).ok_or_else(|| E::custom(format!("`{text}` is no such time")))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Offset, E> {
                Ok(Offset(seconds))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Offset, E> {
                i64::try_from(seconds).map(Offset).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(OffsetVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    #[test]
    fn the_grammar() {
        let text = "webhooks: {retries: [1s], nth: [1, 3], duplicate: 1, order: reversed, \
                    delay: 2s, drop: true, before_answer: true, signature: standard_webhooks, \
                    timestamp_offset: -10m, rotate_secret: true, truncate: 20}";
        let script = Scenario::parse(text).unwrap().webhooks;
        assert_eq!(script.retries, [Span::secs(1)]);
        assert_eq!(script.timestamp_offset, Offset(-600));
        let again =
            Scenario::parse(&serde_json::to_string(&Scenario::parse(text).unwrap()).unwrap());
        assert_eq!(again.unwrap().webhooks, script);

        let other = script.for_nth(2);
        assert_eq!(
            other,
            WebhookScenario { retries: vec![Span::secs(1)], ..WebhookScenario::default() }
        );
        assert_eq!(script.for_nth(3), script);
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
