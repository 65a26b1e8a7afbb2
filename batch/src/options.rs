//! How a batch runs.

use std::str::FromStr;
use std::time::Duration;

/// The options of a batch.
#[derive(Clone, Debug)]
pub struct BatchOptions {
    /// How many items run at the same time. Default 10.
    pub limit: usize,
    /// What all jobs of the batch together may cost, in millionths of a US dollar. Default: no limit.
    pub max_cost: Option<u64>,
    /// Submits only the first rows, so that you can look at their results. Default: all.
    pub pilot: Option<usize>,
    /// How often an item is submitted again after its job failed. Each time is paid for. Default 0.
    pub retry_failed: u32,
    /// What happens to a submit whose job is not found.
    pub on_unknown: OnUnknown,
    /// Pays for each of several equal rows. Default `false`: they share one job.
    pub repeat: bool,
    /// Treats warnings of the check as errors.
    pub strict: bool,
    /// A URL that the service calls when a job ends.
    pub webhook: Option<String>,
    /// If several machines work on the batch: how long after the last sign of life of one the others take
    /// over its items. Default 60 s.
    pub lease: Duration,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            limit: 10,
            max_cost: None,
            pilot: None,
            retry_failed: 0,
            on_unknown: OnUnknown::Keep,
            repeat: false,
            strict: false,
            webhook: None,
            lease: Duration::from_secs(60),
        }
    }
}

/// What happens to a submit whose response was lost and whose job is not found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknown {
    /// The item stays unknown, and the next run searches again.
    #[default]
    Keep,
    /// The batch submits nothing more.
    Stop,
    /// The item is submitted again if its job is not found this long after the submit. It is paid for
    /// twice if the service shows the job even later.
    ResubmitAfter(Duration),
}

impl FromStr for OnUnknown {
    type Err = String;

    /// Parses `keep`, `stop` or `resubmit-after=24h`.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || "expected `keep`, `stop` or a time such as `resubmit-after=24h`".to_owned();
        match text {
            "keep" => Ok(Self::Keep),
            "stop" => Ok(Self::Stop),
            _ => {
                let time = text.strip_prefix("resubmit-after=").ok_or_else(expected)?;
                humantime::parse_duration(time).map(Self::ResubmitAfter).map_err(|_| expected())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_on_unknown() {
        assert_eq!("keep".parse(), Ok(OnUnknown::Keep));
        assert_eq!("stop".parse(), Ok(OnUnknown::Stop));
        let day = OnUnknown::ResubmitAfter(Duration::from_secs(24 * 60 * 60));
        assert_eq!("resubmit-after=24h".parse(), Ok(day));
        for text in ["", "resubmit", "resubmit-after=", "resubmit-after=soon", "Keep"] {
            assert!(text.parse::<OnUnknown>().is_err(), "{text}");
        }
    }
}
