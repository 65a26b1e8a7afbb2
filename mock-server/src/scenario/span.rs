//! Durations in a scenario: `300s`, `1m 30s`, `500ms`, or a number of seconds.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

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
                    Err(_) => humantime::parse_duration(text).map(Span).map_err(|_| {
                        E::custom(format!("must be a duration such as 300s, got {text:?}"))
                    }),
                }
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Span, E> {
                let span = Duration::try_from_secs_f64(seconds).map(Span);
                span.map_err(|_| E::custom(format!("must be 0 or more seconds, got {seconds}")))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Span, E> {
                Ok(Span::secs(seconds))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Span, E> {
                let span = u64::try_from(seconds).map(Span::secs);
                span.map_err(|_| E::custom(format!("must be 0 or more seconds, got {seconds}")))
            }
        }

        deserializer.deserialize_any(SpanVisitor)
    }
}
