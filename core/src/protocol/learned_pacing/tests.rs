use proptest::prelude::*;

use super::*;

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn fresh() -> LearnedPacing {
    LearnedPacing::new(Pacing::for_model(None), None)
}

/// Learns from jobs that took this long each, one after the other, and were seen at once.
fn learn(pacing: &mut LearnedPacing, durations: impl IntoIterator<Item = f64>) {
    for (number, duration) in durations.into_iter().enumerate() {
        let job = ObservedJob::accepted(secs(1000.0 * number as f64));
        pacing.ended_at(&job, job.accepted + secs(duration));
    }
}

/// When a job is polled that stays open, in seconds.
fn polls(pacing: &LearnedPacing, count: usize) -> Vec<f64> {
    let mut job = ObservedJob::accepted(Duration::ZERO);
    let mut times = Vec::new();
    for _ in 0..count {
        let now = secs(job.open);
        let pause = pacing.pause(&job, now, 0.0).expect("a plan");
        job.open = (now + pause).as_secs_f64();
        job.polls += 1;
        times.push(job.open);
    }
    times
}

/// Everything that was learned.
fn saved(pacing: &LearnedPacing) -> SavedDurations {
    pacing.unshared().added_to(None)
}

#[test]
fn nothing_is_known_before_five_jobs() {
    let mut pacing = fresh();
    let job = ObservedJob::accepted(Duration::ZERO);
    for _ in 0..4 {
        learn(&mut pacing, [3.0]);
        assert_eq!(pacing.pause(&job, Duration::ZERO, 0.5), None);
    }
    learn(&mut pacing, [3.0]);
    assert_eq!(pacing.planned_for(), Some(5));
    let first = pacing.pause(&job, Duration::ZERO, 0.5).expect("a plan").as_secs_f64();
    assert!((2.5..3.2).contains(&first), "{first}");
}

#[test]
fn only_polls_of_a_plan_are_counted_beside_it() {
    let mut pacing = fresh();
    let mut jobs = vec![ObservedJob::accepted(Duration::ZERO); 30];
    for job in &mut jobs {
        pacing.open(job, secs(1.0));
    }
    for job in &jobs {
        pacing.ended(job, secs(3.0), None);
    }
    assert!(pacing.planned_for().is_some());
    assert_eq!(pacing.polls_seen.correction(), 1.0);
    // These are seen by their first poll, which came late.
    for number in 1..=30 {
        let job = ObservedJob::accepted(secs(10.0 * f64::from(number)));
        pacing.ended(&job, job.accepted + secs(2.9), None);
    }
    assert!(pacing.polls_seen.correction() > 1.0);
}

#[test]
fn polls_are_where_jobs_end_and_pauses_grow_after_that() {
    let mut pacing = fresh();
    learn(&mut pacing, (0..100).map(|number| 20.0 + f64::from(number % 10) / 10.0));
    let times = polls(&pacing, 40);
    let near = times.iter().filter(|time| (19.5..21.5).contains(*time)).count();
    let before = times.iter().filter(|time| **time < 19.5).count();
    assert!(near >= 8 && before <= 3, "{times:?}");
    let last = times.windows(2).map(|pair| pair[1] - pair[0]).next_back().expect("many polls");
    assert!((4.9..=5.0).contains(&last), "the longest pause without learning: {last}");
}

#[test]
fn two_modes_are_polled_and_the_time_between_them_is_not() {
    let mut pacing = fresh();
    learn(&mut pacing, (0..60).map(|number| if number % 2 == 0 { 4.0 } else { 40.0 }));
    let times = polls(&pacing, 30);
    let count = |from, to| times.iter().filter(|time| (from..to).contains(*time)).count();
    assert!(count(3.7, 4.6) >= 1, "{times:?}");
    assert!(count(37.0, 43.0) >= 3, "{times:?}");
    assert!(count(6.0, 35.0) <= 8, "a pause is at most five seconds: {times:?}");
}

#[test]
fn the_time_of_the_service_narrows_the_end() {
    let early = |pacing| polls(pacing, 20).into_iter().filter(|time| *time < 7.5).count();
    // Polled too late, all of them: only the service knows when they ended.
    let mut pacing = fresh();
    for number in 0..30 {
        let job = ObservedJob::accepted(secs(100.0 * f64::from(number)));
        pacing.ended(&job, job.accepted + secs(9.0), Some(secs(8.5)));
    }
    assert!(early(&pacing) <= 1, "{:?}", polls(&pacing, 5));
    // A time that cannot be is not believed.
    let mut pacing = fresh();
    for number in 0..30 {
        let job = ObservedJob::accepted(secs(100.0 * f64::from(number)));
        pacing.ended(&job, job.accepted + secs(9.0), Some(secs(8500.0)));
    }
    assert!(early(&pacing) >= 2, "{:?}", polls(&pacing, 5));
}

#[test]
fn an_ended_job_waits_no_longer() {
    let mut pacing = fresh();
    learn(&mut pacing, [2.0; 20]);
    let job = ObservedJob::accepted(Duration::ZERO);
    assert_eq!(pacing.pause(&job, secs(60.0), 0.5), Some(Duration::ZERO), "overdue long ago");
}

#[test]
fn jobs_that_began_together_poll_apart() {
    let mut pacing = fresh();
    learn(&mut pacing, (0..100).map(|number| 2.0 + f64::from(number) / 100.0));
    let job = ObservedJob::accepted(Duration::ZERO);
    let first = |random| pacing.pause(&job, Duration::ZERO, random).expect("a plan").as_secs_f64();
    assert!(first(0.0) - first(1.0) > 0.03, "{} {}", first(0.0), first(1.0));
}

#[test]
fn what_was_learned_is_kept_and_garbage_is_not() {
    let mut pacing = fresh();
    learn(&mut pacing, (0..100).map(|number| 2.0 + f64::from(number) / 100.0));
    let saved = serde_json::to_string(&saved(&pacing)).expect("JSON");
    assert!(saved.len() < 20_000, "{}", saved.len());
    let mut other = fresh();
    assert!(other.restore(&serde_json::from_str(&saved).expect("the durations")));
    assert_eq!(serde_json::to_string(&self::saved(&other)).expect("JSON"), saved);
    assert_eq!(other.planned_for(), Some(100));
    assert!((2.0..2.4).contains(&polls(&other, 1)[0]), "{:?}", polls(&other, 3));
    for invalid in [
        r#"{"jobs": -1, "open": [], "ended": []}"#,
        r#"{"jobs": 1e300, "open": [], "ended": []}"#,
        r#"{"jobs": 9, "open": [1, 2], "ended": [1]}"#,
        r#"{"jobs": 9, "open": [1e9], "ended": [0]}"#,
    ] {
        let invalid = serde_json::from_str(invalid).expect("JSON");
        let mut other = fresh();
        assert!(!other.restore(&invalid), "{invalid:?}");
        assert_eq!(other.planned_for(), None);
    }
}

#[test]
fn two_clients_share_what_they_learn() {
    let (mut one, mut other) = (fresh().shared(), fresh().shared());
    learn(&mut one, [4.0; 3]);
    learn(&mut other, [4.0; 4]);
    assert_eq!((one.planned_for(), other.planned_for()), (None, None), "too few jobs each");
    let of_one = one.unshared();
    let file = of_one.added_to(None);
    one.mark_shared(&of_one, None);
    let of_other = other.unshared();
    learn(&mut other, [4.0]);
    let file = of_other.added_to(Some(&file));
    other.mark_shared(&of_other, Some(&file));
    assert_eq!(other.planned_for(), Some(8), "3 of one, 4 of its own, and 1 since it shared them");
    // What is shared already is not added again, and what the other still keeps for itself is not in the file.
    let of_one = one.unshared();
    let file = of_one.added_to(Some(&file));
    one.mark_shared(&of_one, Some(&file));
    assert_eq!(one.planned_for(), Some(7));
    learn(&mut one, [4.0; 2]);
    let of_one = one.unshared();
    assert_eq!(of_one.added_to(Some(&SavedDurations::default())), {
        let mut fresh = fresh();
        learn(&mut fresh, [4.0; 2]);
        saved(&fresh)
    });
}

#[test]
fn invalid_durations_of_others_are_replaced() {
    let mut pacing = fresh().shared();
    learn(&mut pacing, [4.0; 6]);
    let invalid = r#"{"jobs": -1, "open": [], "ended": []}"#;
    let invalid = serde_json::from_str(invalid).expect("JSON");
    let unshared = pacing.unshared();
    assert_eq!(unshared.added_to(Some(&invalid)), saved(&pacing));
    pacing.mark_shared(&unshared, Some(&invalid));
    assert_eq!(pacing.planned_for(), Some(6));
}

/// An observation: when a job was polled in turn, and how it ended.
type Observation = (Vec<f64>, f64, Option<f64>);

fn observations() -> impl Strategy<Value = Vec<Observation>> {
    let time = prop_oneof![0f64..1e-3, 0f64..10.0, 0f64..1e4, 0f64..1e12];
    let polls = proptest::collection::vec(time.clone(), 0..4);
    proptest::collection::vec((polls, time.clone(), proptest::option::of(time)), 0..60)
}

proptest! {
    #[test]
    fn any_observations_lead_to_polls_in_order_and_in_time(
        observations in observations(),
        saved in proptest::collection::vec((0f64..121.0, 0f64..121.0), 0..200),
        random in 0f64..=1.0,
        budget in proptest::option::of(1f64..1000.0),
    ) {
        let fallback = Pacing::for_model(None);
        let mut pacing = LearnedPacing::new(fallback, budget);
        let (open, ended): (Vec<f64>, Vec<f64>) = saved.into_iter().unzip();
        let saved = serde_json::json!({"jobs": 7, "open": open, "ended": ended});
        pacing.restore(&serde_json::from_value(saved).expect("the durations"));
        for (mut polls, end, least) in observations {
            polls.sort_by(f64::total_cmp);
            let accepted = secs(5.0);
            let mut job = ObservedJob::accepted(accepted);
            for poll in polls {
                pacing.open(&mut job, secs(poll));
            }
            pacing.ended(&job, secs(end), least.map(secs));
        }
        let mut job = ObservedJob::accepted(Duration::ZERO);
        for _ in 0..100 {
            let now = secs(job.open);
            let Some(pause) = pacing.pause(&job, now, random) else { break };
            let plan = pacing.plan.as_ref().expect("a plan");
            let longest = fallback.max.as_secs_f64().max(plan.end() / 4.0);
            prop_assert!(!pause.is_zero(), "at {now:?}");
            prop_assert!(pause.as_secs_f64() <= longest + 1e-6, "{pause:?} at {now:?}");
            if job.open >= plan.end() {
                prop_assert!(pause <= fallback.max, "{pause:?} at {now:?}");
            }
            job.open = (now + pause).as_secs_f64();
            job.polls += 1;
        }
        let late = pacing.pause(&ObservedJob::accepted(Duration::ZERO), Duration::MAX, random);
        prop_assert!(late.is_none_or(|pause| pause.is_zero()));
    }
}
