//! Durations are milliseconds on the other side, and moments are milliseconds since 1970.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, de};

/// A duration that came as a number of milliseconds, or as the word `Infinity`, for which JSON has
/// no number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Millis(pub(crate) Duration);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(f64),
            Word(String),
        }
        let wrong = || de::Error::custom("it must be a number of milliseconds, 0 or more");
        match Form::deserialize(from).map_err(|_| wrong())? {
            Form::Number(millis) => {
                Duration::try_from_secs_f64(millis / 1000.0).map(Self).map_err(|_| wrong())
            }
            Form::Word(word) if word == "Infinity" => Ok(Self(Duration::MAX)),
            Form::Word(_) => Err(wrong()),
        }
    }
}

/// A moment that came as milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(pub(crate) SystemTime);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wrong = |_| de::Error::custom("it must be a moment after 1970");
        let millis = f64::deserialize(from)?;
        let since = Duration::try_from_secs_f64(millis / 1000.0).map_err(wrong)?;
        SystemTime::UNIX_EPOCH
            .checked_add(since)
            .map(Self)
            .ok_or_else(|| de::Error::custom("it is too far in the future"))
    }
}

/// A duration as a number of milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A moment as milliseconds since 1970.
pub(crate) fn since_1970(moment: SystemTime) -> f64 {
    match moment.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    }
}
