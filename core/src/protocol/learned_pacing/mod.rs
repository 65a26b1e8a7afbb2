//! Pacing that learns how long the jobs of a model take.

mod durations;
mod journal;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use self::durations::Durations;
pub use self::durations::SavedDurations;
use self::journal::{Journal, Observation};
use self::plan::{PollPlan, SPREAD};
use super::pacing::Pacing;

/// How many jobs must have ended before there is a plan.
const MIN_JOBS: f64 = 5.0;
/// How often a plan is made anew at most.
const PLAN_EVERY: Duration = Duration::from_millis(100);
/// How many jobs must have ended before one that ends too early or too late is a surprise.
const SURPRISE_JOBS: f64 = 20.0;
/// The share of everything that is forgotten with each surprise.
const SURPRISE_FORGETS: f64 = 0.15;
/// How much of the polls seen is forgotten with each job.
const POLLS_FORGET: f64 = 0.01;
/// How many polls, as planned, are assumed before any is seen.
const POLLS_ASSUMED: f64 = 100.0;
/// The most polls in place of one, if fewer were sent than planned.
const MOST_CORRECTION: f64 = 1.4;

/// A job that is waited for, as far as its duration matters. Times are by the client's clock.
#[derive(Clone, Copy, Debug)]
pub struct ObservedJob {
    accepted: Duration,
    /// Until when it was open, in seconds since then.
    open: f64,
    /// How many polls saw it open.
    polls: u32,
    /// Whether a poll was sent before there was a plan.
    unplanned: bool,
    outlived: bool,
}

impl ObservedJob {
    /// A job whose submit was accepted at this time.
    #[must_use]
    pub fn accepted(at: Duration) -> Self {
        Self { accepted: at, open: 0.0, polls: 0, unplanned: false, outlived: false }
    }

    fn age(&self, now: Duration) -> f64 {
        now.saturating_sub(self.accepted).as_secs_f64()
    }
}

/// Learns how long the jobs of one model take, and places polls where they shorten the time from a job's end to
/// its result the most.
#[derive(Clone, Debug)]
pub struct LearnedPacing {
    fallback: Pacing,
    /// The polls of a job; `None` for as many as `fallback` needs if its pauses do not grow, up to a limit.
    polls: Option<f64>,
    durations: Durations,
    /// What others do not know yet; `None` if nothing is shared.
    journal: Option<Journal>,
    plan: Option<Arc<PollPlan>>,
    polls_seen: PollsSeen,
    /// Changes since the plan was made.
    changes: f64,
    planned: Duration,
}

impl LearnedPacing {
    /// Creates a pacing that is `fallback` until it has learned.
    #[must_use]
    pub fn new(fallback: Pacing, polls: Option<f64>) -> Self {
        Self {
            fallback,
            polls,
            durations: Durations::default(),
            journal: None,
            plan: None,
            polls_seen: PollsSeen::default(),
            changes: 0.0,
            planned: Duration::ZERO,
        }
    }

    /// Prepares to share what is learned with other clients; see [`unshared`](Self::unshared).
    #[must_use]
    pub fn shared(self) -> Self {
        Self { journal: Some(Journal::default()), ..self }
    }

    /// Returns what was learned, for other clients.
    #[must_use]
    pub fn unshared(&self) -> Unshared {
        let journal = self.journal.clone().unwrap_or_default();
        Unshared { durations: self.durations.clone(), journal }
    }

    /// What was unshared is now shared, as a part of `all` that all clients learned. Continues with that if there
    /// is more in it than this client's own part.
    pub fn mark_shared(&mut self, unshared: &Unshared, all: Option<&SavedDurations>) {
        let Some(journal) = &mut self.journal else { return };
        journal.remove_before(unshared.journal.next());
        if let Some(mut durations) = all.and_then(Durations::restore) {
            journal.apply(&mut durations);
            self.continue_with(durations);
        }
    }

    /// Continues with what another client learned. Returns whether it is valid; otherwise nothing changes.
    pub fn restore(&mut self, saved: &SavedDurations) -> bool {
        let Some(durations) = Durations::restore(saved) else { return false };
        self.continue_with(durations);
        true
    }

    fn continue_with(&mut self, durations: Durations) {
        self.durations = durations;
        self.plan = None;
        self.renew(Duration::ZERO);
    }

    /// Returns the number of jobs that count, about a hundred at most, if there is a plan.
    #[must_use]
    pub fn planned_for(&self) -> Option<u32> {
        self.plan.as_ref().map(|_| self.durations.jobs() as u32)
    }

    /// Returns the pause before the next poll of a job, or `None` if nothing is known yet. `random` is from 0 to
    /// 1.
    #[must_use]
    pub fn pause(&self, job: &ObservedJob, now: Duration, random: f64) -> Option<Duration> {
        let plan = self.plan.as_ref()?;
        let spread = if job.polls > 0 { 0.0 } else { SPREAD * random.clamp(0.0, 1.0) };
        let next = plan.next(job.open, 1.0 - spread);
        let pause = Duration::try_from_secs_f64(next - job.age(now)).unwrap_or_default();
        Some(pause)
    }

    /// A poll that was sent at this time saw the job open.
    pub fn open(&mut self, job: &mut ObservedJob, sent: Duration) {
        let age = job.age(sent).max(job.open);
        self.learn(Observation::Open(job.open, age));
        job.open = age;
        job.polls = job.polls.saturating_add(1);
        job.unplanned |= self.plan.is_none();
        if !job.outlived && self.plan.as_ref().is_some_and(|plan| age > plan.end()) {
            job.outlived = true;
            self.surprise();
            self.renew(sent);
        }
    }

    /// The job has ended, as a response or a delivery of this time says. `least` is how long it ran by the
    /// service's own clock, without the time that it waited in a queue.
    pub fn ended(&mut self, job: &ObservedJob, seen: Duration, least: Option<Duration>) {
        if let Some(plan) = &self.plan
            && !job.outlived
            && !job.unplanned
        {
            self.polls_seen.add(f64::from(job.polls) + 1.0, plan.polls_by(job.age(seen)));
        }
        self.learn_end(job, seen, least);
    }

    fn learn_end(&mut self, job: &ObservedJob, seen: Duration, least: Option<Duration>) {
        let age = job.age(seen).max(job.open);
        let least = least.map(|time| time.as_secs_f64()).filter(|time| *time <= age);
        let from = least.unwrap_or_default().max(job.open);
        self.learn(Observation::Open(job.open, from));
        self.learn(Observation::Ended(from, age));
        if self.plan.as_ref().is_some_and(|plan| age < plan.start()) {
            self.surprise();
        }
        self.changes += 1.0;
        self.renew(seen);
    }

    /// The job has ended at this time: a webhook said so at once.
    pub fn ended_at(&mut self, job: &ObservedJob, seen: Duration) {
        let age = job.age(seen).max(job.open);
        self.learn(Observation::Open(job.open, age));
        self.learn_end(&ObservedJob { open: age, ..*job }, seen, None);
    }

    /// A job took much shorter or longer than all before it: something changed.
    fn surprise(&mut self) {
        if self.durations.jobs() > SURPRISE_JOBS {
            self.learn(Observation::Forget(SURPRISE_FORGETS));
        }
        self.changes += 1.0;
    }

    fn learn(&mut self, observation: Observation) {
        observation.apply(&mut self.durations);
        if let Some(journal) = &mut self.journal {
            journal.add(observation);
        }
    }

    fn renew(&mut self, now: Duration) {
        let jobs = self.durations.jobs();
        if jobs < MIN_JOBS {
            return;
        }
        let due = now >= self.planned.saturating_add(PLAN_EVERY) && self.changes >= jobs / 30.0;
        if self.plan.is_none() || due {
            let correction = self.polls_seen.correction();
            let plan = PollPlan::new(&self.durations, &self.fallback, self.polls, correction);
            self.plan = plan.map(Arc::new);
            self.changes = 0.0;
            self.planned = now;
        }
    }
}

/// How many polls jobs took until they ended, beside the numbers in their plans. Responses and timers take time, so
/// pauses are longer than planned, and polls fewer.
#[derive(Clone, Debug)]
struct PollsSeen {
    seen: f64,
    planned: f64,
}

impl Default for PollsSeen {
    fn default() -> Self {
        Self { seen: POLLS_ASSUMED, planned: POLLS_ASSUMED }
    }
}

impl PollsSeen {
    fn add(&mut self, seen: f64, planned: f64) {
        self.seen = self.seen * (1.0 - POLLS_FORGET) + seen;
        self.planned = self.planned * (1.0 - POLLS_FORGET) + planned;
    }

    /// Returns how many polls to plan in place of one.
    fn correction(&self) -> f64 {
        (self.planned / self.seen).clamp(1.0, MOST_CORRECTION)
    }
}

/// What a client learned, and which part of it others do not know yet.
#[derive(Clone, Debug)]
pub struct Unshared {
    durations: Durations,
    journal: Journal,
}

impl Unshared {
    /// Returns what others learned together with the part that they do not know; without others, or if theirs is
    /// invalid, everything that this client learned.
    #[must_use]
    pub fn added_to(&self, others: Option<&SavedDurations>) -> SavedDurations {
        match others.and_then(Durations::restore) {
            Some(mut durations) => {
                self.journal.apply(&mut durations);
                durations.save()
            }
            None => self.durations.save(),
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
