//! Learned pacing beside fixed and growing pauses, on traces of jobs.
//!
//! `cargo test -p viseme --all-features --lib learned_pacing::simulation -- --nocapture --include-ignored` prints the
//! table.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use super::*;

const JOBS: usize = 1000;
/// How long a request and its response take on a machine that is not busy, in seconds.
const ROUND_TRIP: f64 = 0.004;

/// How jobs run.
#[derive(Clone, Copy)]
struct Setup {
    /// How many at the same time, at most.
    limit: usize,
    /// How long a request and its response take, in seconds.
    round_trip: f64,
}

impl Setup {
    fn at_once(limit: usize) -> Self {
        Self { limit, round_trip: ROUND_TRIP }
    }
}

enum Strategy {
    Pauses(Pacing),
    Learned(Box<LearnedPacing>),
}

/// Random numbers that are the same in each run: SplitMix64.
struct Random(u64);

impl Random {
    /// Returns a number from 0 to less than 1.
    fn f64(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[derive(Default)]
struct Outcome {
    lateness: Vec<f64>,
    polls: usize,
}

impl Outcome {
    fn percentile(&self, hundredths: usize) -> f64 {
        let mut sorted = self.lateness.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() * hundredths / 100).copied().unwrap_or_default()
    }

    fn polls_per_job(&self) -> f64 {
        self.polls as f64 / self.lateness.len() as f64
    }
}

fn seconds(time: f64) -> Duration {
    Duration::from_secs_f64(time)
}

impl Strategy {
    fn pause(&self, job: &ObservedJob, now: f64, polls: u32, random: f64) -> f64 {
        match self {
            Self::Pauses(pacing) => pacing.delay(polls, random),
            Self::Learned(learned) => learned
                .pause(job, seconds(now), random)
                .unwrap_or_else(|| learned.fallback.delay(polls, random)),
        }
        .as_secs_f64()
    }

    /// Runs the jobs in their order.
    fn run(&mut self, durations: &[f64], setup: Setup, start: f64, random: &mut Random) -> Outcome {
        let Setup { limit, round_trip } = setup;
        let mut outcome = Outcome { lateness: vec![0.0; durations.len()], polls: 0 };
        // The next poll of each job, by its time in nanoseconds.
        let mut queue = BinaryHeap::new();
        let nanos = |time: f64| Reverse((time * 1e9) as u64);
        let mut jobs: Vec<(ObservedJob, f64, u32)> = Vec::new();
        let mut waiting = durations.iter().enumerate();
        // Submits follow each other closely.
        let mut submits: VecDeque<f64> = (0..limit).map(|n| start + 0.0002 * n as f64).collect();
        loop {
            while let Some(now) = submits.pop_front() {
                let Some((number, _)) = waiting.next() else { break };
                let job = ObservedJob::accepted(seconds(now));
                let pause = self.pause(&job, now, 0, random.f64());
                jobs.push((job, now, 0));
                queue.push((nanos(now + pause), number));
            }
            let Some((Reverse(at), number)) = queue.pop() else { return outcome };
            let sent = at as f64 / 1e9;
            let now = sent + round_trip;
            let (job, began, polls) = &mut jobs[number];
            outcome.polls += 1;
            *polls += 1;
            let ends = *began + durations[number];
            if sent + round_trip / 2.0 >= ends {
                if let Self::Learned(learned) = self {
                    learned.ended(job, seconds(now), None);
                }
                outcome.lateness[number] = now - ends;
                submits.push_back(now);
            } else {
                if let Self::Learned(learned) = self {
                    learned.open(job, seconds(sent));
                }
                let pause = self.pause(job, now, *polls, random.f64());
                queue.push((nanos(now + pause), number));
            }
        }
    }
}

fn trace(jobs: usize, seed: u64, duration: &DurationOf) -> Vec<f64> {
    let mut random = Random(seed);
    (0..jobs).map(|number| duration(number, &mut random)).collect()
}

fn uniform(from: f64, to: f64) -> impl Fn(usize, &mut Random) -> f64 {
    move |_, random| from + (to - from) * random.f64()
}

fn normal(random: &mut Random) -> f64 {
    (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}

fn log_normal(median: f64, sigma: f64) -> impl Fn(usize, &mut Random) -> f64 {
    move |_, random| median * (sigma * normal(random)).exp()
}

/// Runs a first trace and then a second one; returns the outcome of the second.
fn after(
    strategy: &mut Strategy,
    first: &[f64],
    second: &[f64],
    setup: Setup,
    seed: u64,
) -> Outcome {
    let mut random = Random(seed);
    strategy.run(first, Setup { limit: 10, ..setup }, 0.0, &mut random);
    strategy.run(second, setup, 1e6, &mut random)
}

fn learned(polls: Option<f64>) -> Strategy {
    Strategy::Learned(Box::new(LearnedPacing::new(Pacing::for_model(None), polls)))
}

fn strategies() -> Vec<(&'static str, Strategy)> {
    let every = |secs| Strategy::Pauses(Pacing::every(Duration::from_secs(secs)));
    let second = Duration::from_secs(1);
    let exponential = Pacing { growth: 2.0, max: 30 * second, ..Pacing::every(second) };
    vec![
        ("learned", learned(None)),
        ("learned, 60 polls", learned(Some(60.0))),
        ("default", Strategy::Pauses(Pacing::for_model(None))),
        ("every 1 s", every(1)),
        ("every 2 s", every(2)),
        ("every 5 s", every(5)),
        ("1 s, doubling to 30 s", Strategy::Pauses(exponential)),
    ]
}

/// A number of the job and chance to a duration.
type DurationOf = Box<dyn Fn(usize, &mut Random) -> f64>;

fn two_modes() -> DurationOf {
    Box::new(|_, random| {
        let is_short = random.f64() < 0.6;
        if is_short { 4.0 + 0.2 * normal(random) } else { 40.0 + 2.0 * normal(random) }
    })
}

/// Durations change by a factor after half of the jobs.
fn drift(factor: f64) -> DurationOf {
    Box::new(move |number, random| {
        (2.0 + random.f64()) * if number < JOBS / 2 { 1.0 } else { factor }
    })
}

/// A queue that fills for up to a minute and empties again.
fn slow_queue() -> DurationOf {
    Box::new(|number, random| 30.0 * (1.0 - (number as f64 / 150.0).cos()) + 2.0 + random.f64())
}

fn traces() -> Vec<(&'static str, DurationOf)> {
    vec![
        ("2 to 3 s", Box::new(uniform(2.0, 3.0))),
        ("60 to 180 s", Box::new(uniform(60.0, 180.0))),
        ("log-normal, 20 s", Box::new(log_normal(20.0, 0.5))),
        ("4 s or 40 s", two_modes()),
        ("drift: 2 to 3 s, then twice", drift(2.0)),
        ("drift: 2 to 3 s, then half", drift(0.5)),
        ("slow queue, 0 to 60 s", slow_queue()),
        ("always 2 s", Box::new(|_, _| 2.0)),
    ]
}

/// Runs fifty jobs of a trace, and then the jobs that count.
fn outcome(duration: &DurationOf, strategy: &mut Strategy, limit: usize) -> Outcome {
    let (first, second) = (trace(50, 1, duration), trace(JOBS, 2, duration));
    after(strategy, &first, &second, Setup::at_once(limit), 3)
}

#[test]
#[ignore = "prints a table; the other tests check its numbers"]
fn learned_pacing_beside_fixed_and_growing_pauses() {
    println!("Lateness of {JOBS} jobs in seconds, after 50 jobs were seen");
    for (limit, at_once) in [(10, "10 at the same time"), (JOBS, "all at the same time")] {
        println!("\n{at_once:<28} {:<22} {:>7} {:>7} {:>10}", "", "p50", "p99", "polls/job");
        for (name, duration) in traces() {
            // How many jobs run at the same time does not matter to the others.
            let learned = if limit == JOBS { 2 } else { usize::MAX };
            for (strategy, mut pacing) in strategies().into_iter().take(learned) {
                let outcome = outcome(&duration, &mut pacing, limit);
                let (p50, p99) = (outcome.percentile(50), outcome.percentile(99));
                let polls = outcome.polls_per_job();
                println!("{name:<28} {strategy:<22} {p50:>7.3} {p99:>7.3} {polls:>10.2}");
            }
        }
    }
}

#[test]
fn jobs_of_2_to_3_seconds_are_seen_within_120_ms_with_7_polls() {
    let duration: DurationOf = Box::new(uniform(2.0, 3.0));
    println!("Jobs of 2 to 3 s, with 21 seeds: lateness p99 in seconds, polls a job");
    // With a thousand at once, nothing is learned before most of them end.
    for (limit, latest) in [(10, 0.12), (100, 0.2), (JOBS, 0.25)] {
        let mut p99 = Vec::new();
        let mut most_polls: f64 = 0.0;
        for seed in 0..21 {
            let first = trace(50, 10 * seed + 1, &duration);
            let second = trace(JOBS, 10 * seed + 2, &duration);
            let setup = Setup::at_once(limit);
            let outcome = after(&mut learned(None), &first, &second, setup, 10 * seed + 3);
            p99.push(outcome.percentile(99));
            most_polls = most_polls.max(outcome.polls_per_job());
        }
        p99.sort_by(f64::total_cmp);
        let (median, worst) = (p99[10], p99[20]);
        println!(
            "{limit:>4} at once: median {median:.3}, worst {worst:.3}, at most {most_polls:.2}"
        );
        assert!(median <= 0.12, "{limit} at once: {median}");
        assert!(worst <= latest, "{limit} at once: {worst}");
        assert!(most_polls <= 7.2, "{limit} at once: {most_polls}");
    }
}

#[test]
fn slow_responses_take_no_polls_away() {
    let duration: DurationOf = Box::new(uniform(2.0, 3.0));
    let (first, second) = (trace(50, 1, &duration), trace(JOBS, 2, &duration));
    println!("Jobs of 2 to 3 s, by the time of a round trip: lateness p99 in seconds, polls a job");
    for round_trip in [0.004, 0.01, 0.02, 0.04, 0.08] {
        let setup = Setup { limit: 10, round_trip };
        let outcome = after(&mut learned(None), &first, &second, setup, 3);
        let (p99, polls) = (outcome.percentile(99), outcome.polls_per_job());
        println!("{round_trip:.3}: {p99:.3}, {polls:.2}");
        assert!((6.3..7.2).contains(&polls), "{round_trip}: {polls} polls");
        assert!(p99 < 0.12 + round_trip, "{round_trip}: {p99}");
    }
}

#[test]
fn jobs_of_minutes_are_seen_within_half_a_second() {
    let duration: DurationOf = Box::new(uniform(60.0, 180.0));
    let every_second = Pacing::every(Duration::from_secs(1));
    let every_second = outcome(&duration, &mut Strategy::Pauses(every_second), 10);
    let learned = |polls| outcome(&duration, &mut learned(polls), 10);
    let usual = learned(None);
    assert!(usual.percentile(50) < 0.48, "{}", usual.percentile(50));
    assert!(usual.polls_per_job() < 0.6 * every_second.polls_per_job());

    // With no more polls than without learning, too, they are seen sooner.
    let before = outcome(&duration, &mut Strategy::Pauses(Pacing::for_model(None)), 10);
    let few = learned(Some(26.0));
    assert!(few.polls_per_job() <= before.polls_per_job(), "{}", few.polls_per_job());
    let (p50, before) = (few.percentile(50), before.percentile(50));
    assert!(p50 < 0.6 * before, "{p50} in place of {before}");
}

#[test]
fn other_traces_are_seen_sooner_than_without_learning() {
    let every_second = Pacing::every(Duration::from_secs(1));
    for (name, duration) in traces() {
        let before = outcome(&duration, &mut Strategy::Pauses(Pacing::for_model(None)), 10);
        let every_second = outcome(&duration, &mut Strategy::Pauses(every_second), 10);
        let learned = outcome(&duration, &mut learned(None), 10);
        let (p50, before_p50) = (learned.percentile(50), before.percentile(50));
        assert!(p50 < 0.6 * before_p50, "{name}: {p50} in place of {before_p50}");
        let (p99, before_p99) = (learned.percentile(99), before.percentile(99));
        assert!(p99 < 1.2 * before_p99, "{name}: {p99} in place of {before_p99}");
        let (polls, most) = (learned.polls_per_job(), 0.65 * every_second.polls_per_job());
        assert!(polls < most.max(9.0), "{name}: {polls}, at most {most}");
    }
}

#[test]
fn a_shift_is_learned_within_a_hundred_jobs() {
    for factor in [2.0, 0.5] {
        let outcome = outcome(&drift(factor), &mut learned(None), 10);
        let after = outcome.lateness.get(JOBS / 2 + 100..).unwrap_or_default().to_vec();
        let after = Outcome { lateness: after, polls: 0 };
        assert!(after.percentile(50) < 0.2, "{factor}: {}", after.percentile(50));
    }
}
