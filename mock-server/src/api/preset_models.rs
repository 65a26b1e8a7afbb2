//! Models of the mock server's own. Their names decide how their jobs end.

use std::time::Duration;

use crate::scenario::{JobRule, Timeline};

/// Examples of all presets.
pub(super) const EXAMPLES: &str = "mock/instant, mock/never, mock/slow-5m, mock/polls-3, mock/fail-1200, \
                                   mock/end-cancelled";

/// Returns whether only a preset model can have this id.
pub(super) fn is_preset(model: &str) -> bool {
    model.starts_with("mock/")
}

/// Returns how a job of a preset model proceeds: `mock/instant` completes at once, `mock/never` never
/// ends, `mock/slow-5m` takes that long, `mock/polls-3` completes at the third poll,
/// `mock/fail-1200` fails with that code, `mock/end-cancelled` ends in that state.
pub(super) fn rule(model: &str) -> Option<JobRule> {
    let name = model.strip_prefix("mock/")?;
    let after = |time: Duration, last: &str| JobRule::new(Timeline::standard(time / 2, time, last));
    match name.split_once('-') {
        None if name == "instant" => Some(after(Duration::ZERO, "completed")),
        None if name == "never" => {
            Some(JobRule::new(Timeline::secs(&[("created", 0), ("processing", 1)])))
        }
        Some(("fail", code)) => {
            let code = code.parse().ok()?;
            Some(after(Duration::from_secs(1), "failed").error(code, failure_text(code)))
        }
        Some(("slow", time)) => Some(after(humantime::parse_duration(time).ok()?, "completed")),
        Some(("polls", count)) => Some(JobRule::new(Timeline::after_polls(count.parse().ok()?))),
        Some(("end", last)) => Some(after(Duration::from_secs(1), last)),
        _ => None,
    }
}

/// Returns the service's text for an application code.
fn failure_text(code: i64) -> &'static str {
    match code {
        1200 => "The content contains sensitive information.",
        1400 => "Missing parameter.",
        1401 => "Invalid parameter.",
        1402 => "Failed to download image from the provided URL.",
        1407 => "Insufficient credits.",
        5000 => "Internal error.",
        5003 => "Service unavailable.",
        _ => "Task execution failed.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_the_timeline() {
        let state = |model: &str, seconds, polls| {
            let timeline = rule(model).unwrap().timeline.unwrap();
            timeline.state(Duration::from_secs(seconds), polls).to_owned()
        };
        assert_eq!(state("mock/instant", 0, 0), "completed");
        assert_eq!(state("mock/never", 1_000_000_000, 9), "processing");
        assert_eq!(state("mock/slow-5m", 299, 9), "processing");
        assert_eq!(state("mock/slow-5m", 300, 0), "completed");
        assert_eq!(state("mock/end-queued", 1, 0), "queued");
        assert_eq!(state("mock/polls-3", 0, 2), "processing");
        assert_eq!(state("mock/polls-3", 0, 3), "completed");
        assert_eq!(rule("mock/fail-1200").unwrap().code, Some(1200));
        for model in ["mock/", "mock/fail-x", "mock/slow-x", "mock/else", "other/instant"] {
            assert!(rule(model).is_none(), "{model}");
        }
    }
}
