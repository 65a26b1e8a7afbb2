//! Durations in a scenario: `300s`, `1m 30s`, `500ms`, or a number of seconds.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// The longest duration: about 317 years.
pub(super) const MAX_SECS: u64 = 10_000_000_000;

/// A duration in a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// Returns a duration in seconds.
    #[must_use]
    pub fn secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Returns a duration in milliseconds.
    #[must_use]
    pub fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }
}

impl Span {
    fn within_limit(duration: Duration) -> Option<Self> {
        (duration <= Duration::from_secs(MAX_SECS)).then_some(Self(duration))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpanVisitor;

        impl Visitor<'_> for SpanVisitor {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 300s, 500ms or a number of seconds")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                match text.parse::<f64>() {
                    Ok(seconds) => self.visit_f64(seconds),
                    Err(_) => humantime::parse_duration(text)
                        .ok()
                        .and_then(Span::within_limit)
                        .ok_or_else(|| refused(format!("{text:?}"))),
                }
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Span, E> {
                let duration = Duration::try_from_secs_f64(seconds).ok();
                duration.and_then(Span::within_limit).ok_or_else(|| refused(seconds))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Span, E> {
                Span::within_limit(Duration::from_secs(seconds)).ok_or_else(|| refused(seconds))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Span, E> {
                u64::try_from(seconds)
                    .map_err(|_| refused(seconds))
                    .and_then(|it| self.visit_u64(it))
            }
        }

        fn refused<E: de::Error>(value: impl fmt::Display) -> E {
            E::custom(format!(
                "must be a duration such as 300s, 0 to {MAX_SECS} seconds, got {value}"
            ))
        }

        deserializer.deserialize_any(SpanVisitor)
    }
}
