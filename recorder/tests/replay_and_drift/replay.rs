//! The mock plays recordings: the same states, each within its recorded interval.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use viseme_mock::{ClockMode, MockServer, RequestKind, Scenario, World};
use viseme_recorder::recording::{
    Endpoint, JobOutcome, Origin, RecordedBody, RecordedExchange, RecordedJob, RecordedState,
    Recording, VERSION,
};
use viseme_recorder::scenario::{scenario, to_yaml};

use crate::{Api, SUBMIT, data, exchange, response_of};

/// A job as it really went: its states, and when each began.
pub(crate) type Truth = Vec<(String, u64)>;

pub(crate) const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";

/// Returns what somebody sees who polls at these times: each state that was seen, and the interval in
/// which it began.
fn seen(truth: &Truth, polls: &[u64]) -> Vec<RecordedState> {
    let at = |time: u64| truth.iter().rev().find(|(_, began)| *began <= time).unwrap().0.clone();
    let mut states: Vec<RecordedState> = Vec::new();
    let mut last = 0;
    for poll in std::iter::once(&0).chain(polls) {
        let status = at(*poll);
        if states.last().is_none_or(|state| state.status != status) {
            let not_before_ms = if states.is_empty() { 0 } else { last };
            states.push(RecordedState {
                status,
                not_before_ms,
                not_after_ms: *poll,
                narrowed_by: None,
            });
        }
        last = *poll;
    }
    states
}

fn job(model: &str, states: Vec<RecordedState>, timings: Option<u64>) -> RecordedJob {
    let status = states.last().unwrap().status.clone();
    let failed = status != "completed";
    let outcome = JobOutcome {
        status,
        code: failed.then_some(1403),
        error: if failed { "No face.".to_owned() } else { String::new() },
        outputs: Vec::new(),
    };
    RecordedJob {
        id: "1".to_owned(),
        model: model.to_owned(),
        input: json!({}),
        webhook: false,
        sent_at_ms: 0,
        accepted_at_ms: 1,
        submitted_at: Timestamp::UNIX_EPOCH,
        created_at: None,
        states,
        outcome: Some(outcome),
        timings: timings.map(|time| json!({"inference": time})),
        execution_time_ms: None,
    }
}

fn recording(jobs: Vec<RecordedJob>, exchanges: Vec<RecordedExchange>) -> Recording {
    Recording {
        version: VERSION,
        recorder: "test".to_owned(),
        upstream: "https://api.example".to_owned(),
        started_at: "2026-11-29T10:00:00Z".parse().unwrap(),
        ended_at: "2026-11-29T11:00:00Z".parse().unwrap(),
        unfinished: false,
        jobs,
        exchanges,
        media: BTreeMap::new(),
    }
}

/// Plays a scenario as its YAML says, by a clock that the test moves.
pub(crate) fn played(server: &MockServer, text: &str) -> World {
    server.world_with(Scenario::parse(text).unwrap().clock(ClockMode::Manual))
}

/// Submits a job and returns its states and when each begins, and the last response.
pub(crate) async fn play(world: &World, model: &str) -> (Truth, serde_json::Value) {
    let api = Api::of(world);
    let submitted = api.submit_to(&format!("/api/v3/{model}")).await;
    let id = submitted["id"].as_str().unwrap().to_owned();
    let began = world.job(&id).unwrap().created_at.parse::<Timestamp>().unwrap();
    let mut states = vec![(submitted["status"].as_str().unwrap().to_owned(), 0)];
    let mut now = Duration::ZERO;
    while let Some(next) = world.job(&id).unwrap().next_change_at {
        let at = next.parse::<Timestamp>().unwrap().duration_since(began).unsigned_abs();
        world.advance(at - now);
        now = at;
        let status = data(&api.poll(&id).await)["status"].as_str().unwrap().to_owned();
        states.push((status, u64::try_from(at.as_millis()).unwrap()));
    }
    (states, data(&api.poll(&id).await))
}

/// Checks that a played job had the recorded states, and that each began within its interval.
pub(crate) fn check_played(
    states: &Truth,
    recorded: &RecordedJob,
    scenario: &str,
) -> Result<(), TestCaseError> {
    let words: Vec<&str> = states.iter().map(|(word, _)| word.as_str()).collect();
    let expected: Vec<&str> = recorded.states.iter().map(|it| it.status.as_str()).collect();
    prop_assert_eq!(words, expected, "{}", scenario);
    for ((word, at), state) in states.iter().zip(&recorded.states) {
        let interval = state.not_before_ms..=state.not_after_ms;
        prop_assert!(interval.contains(at), "{word} at {at}, {interval:?}: {scenario}");
    }
    Ok(())
}

fn any_truth() -> impl Strategy<Value = Truth> {
    let word = prop_oneof![
        4 => Just("processing".to_owned()),
        1 => Just("queued".to_owned()),
        1 => Just("canceling".to_owned()),
        // Differs in one letter from a known status.
        1 => Just("create".to_owned()),
    ];
    let end = prop_oneof![
        3 => Just("completed".to_owned()),
        1 => Just("failed".to_owned()),
        1 => Just("cancelled".to_owned()),
    ];
    let middle = proptest::collection::vec((word, 1u64..20_000), 0..4);
    (any::<bool>(), middle, end, 1u64..200_000).prop_map(|(is_created, middle, end, last)| {
        let first = if is_created { "created" } else { "processing" };
        let mut truth = vec![(first.to_owned(), 0)];
        let mut at = 0;
        for (word, after) in middle {
            at += after;
            if truth.last().is_none_or(|(last, _)| *last != word) {
                truth.push((word, at));
            }
        }
        truth.push((end, at + last));
        truth
    })
}

/// Times of polls. The last one sees the end.
fn any_polls() -> impl Strategy<Value = Vec<u64>> {
    let gaps = proptest::collection::vec(prop_oneof![1u64..50, 1u64..3_000, 1u64..60_000], 0..40);
    gaps.prop_map(|gaps| {
        let mut at = 0;
        let mut polls: Vec<u64> = Vec::new();
        for gap in gaps {
            at += gap;
            polls.push(at);
        }
        polls
    })
}

fn until_the_end(truth: &Truth, mut polls: Vec<u64>) -> Vec<u64> {
    let end = truth.last().unwrap().1;
    polls.push(polls.last().copied().unwrap_or_default().max(end) + 1);
    polls
}

/// Returns the time from the last `processing` that was seen first to the end, as the service tells it.
fn processing_time(truth: &Truth) -> Option<u64> {
    let began = truth.iter().find(|(word, _)| word == "processing")?.1;
    Some(truth.last().unwrap().1 - began)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_state_begins_within_its_recorded_interval(
        runs in proptest::collection::vec((any_truth(), any_polls(), any::<bool>()), 1..4),
    ) {
        let jobs: Vec<RecordedJob> = runs
            .iter()
            .map(|(truth, polls, with_timings)| {
                let states = seen(truth, &until_the_end(truth, polls.clone()));
                job(MODEL, states, processing_time(truth).filter(|_| *with_timings))
            })
            .collect();
        let text = to_yaml(&[recording(jobs.clone(), Vec::new())]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = MockServer::start().await.unwrap();
            let world = played(&server, &text);
            for job in &jobs {
                let (states, last) = play(&world, MODEL).await;
                check_played(&states, job, &text)?;
                let outcome = job.outcome.as_ref().unwrap();
                prop_assert_eq!(last["error"].as_str().unwrap(), &outcome.error);
                prop_assert_eq!(last["code"].as_i64(), outcome.code);
            }
            Ok(())
        })?;
    }
}

fn states(times: &[(&str, u64)]) -> Vec<RecordedState> {
    let state = |(status, at): &(&str, u64)| RecordedState {
        status: (*status).to_owned(),
        not_before_ms: *at,
        not_after_ms: *at,
        narrowed_by: None,
    };
    times.iter().map(state).collect()
}

#[tokio::test]
async fn several_recordings_are_a_distribution() {
    let run = |end: u64| job(MODEL, states(&[("created", 0), ("completed", end)]), None);
    let other = job("other/mo[d]el*", states(&[("created", 0), ("failed", 7)]), None);
    let text = to_yaml(&[
        recording(vec![run(1000), other], Vec::new()),
        recording(vec![run(2500), run(90_000)], Vec::new()),
    ]);
    let server = MockServer::start().await.unwrap();
    let world = played(&server, &text);
    let mut ends = BTreeMap::<u64, usize>::new();
    for _ in 0..40 {
        let (states, _) = play(&world, MODEL).await;
        *ends.entry(states.last().unwrap().1).or_default() += 1;
    }
    assert_eq!(ends.keys().copied().collect::<Vec<_>>(), [1000, 2500, 90_000], "{text}");
    // The same seed draws the same runs.
    let again = scenario(&[recording(vec![run(1000), run(2000)], Vec::new())]);
    let draws = |seed: u64| {
        let server = &server;
        let again = again.clone().seed(seed).clock(ClockMode::Manual);
        async move {
            let world = server.world_with(again);
            let mut ends = Vec::new();
            for _ in 0..12 {
                ends.push(play(&world, MODEL).await.0.last().unwrap().1);
            }
            ends
        }
    };
    let first = draws(7).await;
    assert_eq!(first, draws(7).await);
    assert_eq!(first[..2], [1000, 2000], "one recording is played in its order first");
}

fn refused(path: &str, status: u16, headers: &[(&str, &str)]) -> RecordedExchange {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let value = json!({"code": status, "message": "Not now."});
    exchange("POST", path, response_of(status, headers.collect(), RecordedBody::Json { value }))
}

#[tokio::test]
async fn refusals_are_faults_at_the_same_requests() {
    let accepted = || {
        let value = json!({"code": 200, "message": "success", "data": {"id": "1"}});
        exchange("POST", SUBMIT, response_of(200, BTreeMap::new(), RecordedBody::Json { value }))
    };
    let poll = |status: u16| {
        let mut poll = refused("/", status, &[]);
        poll.endpoint = Endpoint::Poll;
        poll
    };
    let mut own_poll = poll(503);
    own_poll.by = Origin::Recorder;
    let mut lost = accepted();
    lost.response = None;
    // 10:00:00.001 is when the response arrived.
    let date = [("retry-after", "Sun, 29 Nov 2026 10:00:30 GMT")];
    let exchanges = vec![
        refused(SUBMIT, 429, &[("retry-after", "7")]),
        accepted(),
        refused(SUBMIT, 429, &[("retry-after", "7")]),
        refused(SUBMIT, 503, &date),
        refused(SUBMIT, 400, &[]),
        lost,
        own_poll,
        poll(200),
        poll(502),
        poll(404),
    ];
    let text = to_yaml(&[recording(Vec::new(), exchanges.clone())]);
    let server = MockServer::start().await.unwrap();
    let world = played(&server, &text);
    let api = Api::of(&world);
    let input = json!({"audio": "https://a.example/a.mp3", "video": "https://a.example/a.mp4"});
    let mut got = Vec::new();
    for _ in 0..5 {
        let response = api.send("POST", SUBMIT, Some(&input)).await.response.unwrap();
        got.push((response.status, response.headers.get("retry-after").cloned()));
    }
    assert_eq!(got[0], (429, Some("7".to_owned())), "{text}");
    assert_eq!((got[1].0, got[2].0, got[3].0, got[4].0), (200, 429, 503, 400), "{text}");
    let wait = httpdate::parse_http_date(got[3].1.as_deref().unwrap()).unwrap();
    let wait = wait.duration_since(std::time::SystemTime::now()).unwrap_or_default();
    assert!(wait <= Duration::from_secs(31), "as far in the future as it was: {wait:?}");
    assert_eq!(world.ledger().charges.len(), 1, "a refused submit is not charged");
    let faults = world.scenario().faults;
    let polls: Vec<_> = faults.iter().filter(|it| it.at == RequestKind::Poll).collect();
    assert_eq!(polls.len(), 1, "only 502, the recorder's own poll and 404 do not count: {text}");
    assert!(polls[0].nth.as_ref().unwrap().has(2), "{text}");
    assert_eq!(faults.iter().filter(|it| it.at == RequestKind::Submit).count(), 4, "{text}");

    // Two recordings: as often as it happened in both of them.
    let calm = recording(Vec::new(), vec![accepted(), accepted()]);
    let merged = scenario(&[recording(Vec::new(), exchanges), calm]);
    let shares: Vec<_> = merged.faults.iter().map(|fault| (fault.at, fault.probability)).collect();
    let submit = RequestKind::Submit;
    let expected = [
        (submit, Some(2.0 / 8.0)),
        (submit, Some(1.0 / 6.0)),
        (submit, Some(1.0 / 5.0)),
        (submit, Some(1.0 / 4.0)),
        (RequestKind::Poll, Some(1.0 / 3.0)),
    ];
    assert_eq!(shares, expected);
}

#[test]
fn a_job_has_its_price_and_one_that_did_not_end_is_left_out() {
    let mut open = job(MODEL, states(&[("created", 0)]), None);
    open.outcome = None;
    let ended = job(MODEL, states(&[("created", 0), ("completed", 9)]), None);
    let price = |at_ms: u64, price: f64| {
        let value = json!({"code": 200, "data": {"price": 9.0, "discounted_price": price}});
        let response = response_of(200, BTreeMap::new(), RecordedBody::Json { value });
        let mut asked = exchange("POST", "/api/v3/model/price", response);
        (asked.endpoint, asked.at_ms) = (Endpoint::Price, at_ms);
        asked.request.body = RecordedBody::Json { value: json!({"model_id": MODEL}) };
        asked
    };
    let mut late = ended.clone();
    late.sent_at_ms = 100;
    let scenario = scenario(&[recording(
        vec![open, ended, late],
        vec![price(0, 0.07), price(50, 0.14), price(200, 0.5)],
    )]);
    let rules: Vec<_> =
        scenario.jobs.iter().map(|rule| (rule.price_usd, rule.one_of.len())).collect();
    assert_eq!(rules, [(Some(0.07), 0), (Some(0.14), 0), (None, 2)]);
    assert_eq!(scenario.jobs[0].matches.as_ref().unwrap().nth, Some(2));
}
