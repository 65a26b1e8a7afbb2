//! One of several runs that a job rule draws from, such as the runs of a recording.

use serde::{Deserialize, Serialize};

use super::{JobRule, Timeline};
use crate::digest::hash_u64;
use crate::scenario::parse::within;

/// A run that a job can take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobRun {
    /// The job's states; those of the rule by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
    /// The price in USD; that of the rule by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_usd: Option<f64>,
    /// The application code of a job that does not complete; that of the rule by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The error text of a job that does not complete; that of the rule by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl JobRun {
    /// Returns a run with this timeline.
    #[must_use]
    pub fn new(timeline: Timeline) -> Self {
        Self { timeline: Some(timeline), ..Self::default() }
    }

    /// Returns an error if a value is out of range.
    fn validate(&self, other_statuses: &[String]) -> Result<(), String> {
        JobRule::default().with_run(self).validate(other_statuses)
    }
}

impl JobRule {
    /// Returns the rule for the n-th job of a world: with one of its runs, if it has several. Each run is
    /// as likely as the others. Which one it is depends on the seed and the number alone.
    pub(crate) fn drawn(self, seed: u64, nth: u64) -> Self {
        let parts: [&[u8]; 3] = [b"run", &seed.to_be_bytes(), &nth.to_be_bytes()];
        let index = hash_u64(&parts).checked_rem(self.one_of.len() as u64);
        let run = index.and_then(|index| self.one_of.get(usize::try_from(index).ok()?)).cloned();
        match run {
            Some(run) => Self { one_of: Vec::new(), ..self }.with_run(&run),
            None => self,
        }
    }

    /// Returns the rule with what the run says.
    fn with_run(self, run: &JobRun) -> Self {
        Self {
            timeline: run.timeline.clone().or(self.timeline),
            price_usd: run.price_usd.or(self.price_usd),
            code: run.code.or(self.code),
            error: run.error.clone().or(self.error),
            ..self
        }
    }

    /// Adds a run to draw from.
    #[must_use]
    pub fn run(mut self, run: JobRun) -> Self {
        self.one_of.push(run);
        self
    }

    /// Returns an error if a run has a value that is out of range.
    pub(super) fn validate_runs(&self, other_statuses: &[String]) -> Result<(), String> {
        for (number, run) in self.one_of.iter().enumerate() {
            run.validate(other_statuses)
                .map_err(|error| within(&format!("one_of[{number}]"), &error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> JobRule {
        let run = |seconds| JobRun::new(Timeline::secs(&[("created", 0), ("completed", seconds)]));
        let rule = JobRule::new(Timeline::after_polls(1)).price_usd(0.5).error(1402, "No file.");
        let failed = JobRun { price_usd: Some(0.0), code: Some(1200), ..JobRun::default() };
        rule.run(run(1)).run(run(2)).run(failed)
    }

    #[test]
    fn a_run_is_drawn_by_the_seed_and_each_is_as_likely() {
        let draws = |seed| (1..=300).map(|nth| rule().drawn(seed, nth)).collect::<Vec<_>>();
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        for seconds in [1, 2] {
            let timeline = Timeline::secs(&[("created", 0), ("completed", seconds)]);
            let drawn =
                draws(7).into_iter().filter(|rule| rule.timeline.as_ref() == Some(&timeline));
            let count = drawn.count();
            assert!((70..130).contains(&count), "{count} of 300");
        }
    }

    #[test]
    fn a_run_overrides_the_rule_where_it_says_something() {
        let drawn: Vec<JobRule> = (1..=50).map(|nth| rule().drawn(1, nth)).collect();
        assert!(drawn.iter().all(|rule| rule.one_of.is_empty()));
        let failed = drawn.iter().find(|rule| rule.code == Some(1200)).unwrap();
        assert_eq!(failed.timeline, Some(Timeline::after_polls(1)), "the rule's own");
        assert_eq!((failed.price_usd, failed.error.as_deref()), (Some(0.0), Some("No file.")));
        let other = drawn.iter().find(|rule| rule.code == Some(1402)).unwrap();
        assert_eq!(other.price_usd, Some(0.5));
        let plain = JobRule::new(Timeline::after_polls(1));
        assert_eq!(plain.clone().drawn(1, 1), plain);
    }
}
