//! The whole way: a recorder writes what random clients see of random jobs, and the mock plays it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use proptest::prelude::*;
use viseme::Config;
use viseme_mock::scenario::Span;
use viseme_mock::{JobRule, MockServer, Scenario, Timeline};
use viseme_recorder::Recorder;
use viseme_recorder::recording::{RecordedJob, Recording};
use viseme_recorder::scenario::to_yaml;

use crate::replay::{MODEL, Truth, check_played, play, played};
use crate::{Api, SUBMIT};

/// A job, and the pauses between the polls of its client in milliseconds.
type Planned = (Truth, Vec<u64>);

/// The mock rounds its times to a millisecond.
const ROUNDING: u64 = 1;
/// Only a broken recorder takes this long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Jobs short enough for a test in real time. The recorder asks after the end of those that their client
/// leaves early.
fn any_planned() -> impl Strategy<Value = Planned> {
    let middle = (any::<bool>(), 1u64..600).prop_map(|(queues, after)| queues.then_some(after));
    let end = prop_oneof![3 => Just("completed"), 1 => Just("failed"), 1 => Just("cancelled")];
    let truth = (any::<bool>(), middle, 1u64..600, end, 1u64..900).prop_map(
        |(is_created, queued, processing, end, last)| {
            let mut truth: Truth = Vec::new();
            let mut at = 0;
            if is_created {
                truth.push(("created".to_owned(), at));
                if let Some(after) = queued {
                    at += after;
                    truth.push(("queued".to_owned(), at));
                }
                at += processing;
            }
            truth.push(("processing".to_owned(), at));
            truth.push((end.to_owned(), at + last));
            truth
        },
    );
    (truth, proptest::collection::vec(prop_oneof![1u64..50, 1u64..400], 0..12))
}

fn timeline(truth: &Truth) -> Timeline {
    let entry = |(word, at): &(String, u64)| BTreeMap::from([(word.clone(), Span::millis(*at))]);
    Timeline::Times(truth.iter().map(entry).collect())
}

/// Records these jobs, each with a client of its own.
async fn record(jobs: &[Planned]) -> Recording {
    let server = MockServer::start().await.unwrap();
    let mut scenario = Scenario::new();
    scenario.other_statuses = vec!["queued".to_owned()];
    for (nth, (truth, _)) in (1..).zip(jobs) {
        scenario = scenario
            .job(JobRule { timeline: Some(timeline(truth)), ..JobRule::default() }.nth(nth));
    }
    let world = server.world_with(scenario);
    let folder = tempfile::tempdir().unwrap();
    let config = Config::builder().ignore_env().anonymous().base_url(world.base_url());
    let builder = Recorder::builder(config.build().unwrap(), folder.path().join("recording"));
    let recorder = builder.start().await.unwrap();
    let api = Api::through(&world, &recorder.url());
    let mut clients = Vec::new();
    for (_, pauses) in jobs {
        let id = api.submit_to(SUBMIT).await["id"].as_str().unwrap().to_owned();
        let api = &api;
        clients.push(async move {
            for pause in pauses {
                tokio::time::sleep(Duration::from_millis(*pause)).await;
                api.poll(&id).await;
            }
        });
    }
    futures_util::future::join_all(clients).await;
    let ended = async {
        while recorder.jobs() != (jobs.len(), jobs.len()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
    recorder.finish().unwrap().1
}

/// Checks that each recorded state of a job is one that it had, and began when its interval says.
fn check_recorded(truth: &Truth, recorded: &RecordedJob) -> Result<(), TestCaseError> {
    let began: HashMap<&str, u64> = truth.iter().map(|(word, at)| (word.as_str(), *at)).collect();
    for state in &recorded.states {
        let at = began[state.status.as_str()];
        prop_assert!(
            state.not_before_ms <= at + ROUNDING && at <= state.not_after_ms + ROUNDING,
            "{state:?} began at {at}: {truth:?}"
        );
    }
    let last = recorded.states.last().map(|state| &state.status);
    prop_assert_eq!(last, truth.last().map(|(word, _)| word), "the end is always seen");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn recorded_jobs_are_played_within_their_intervals(
        jobs in proptest::collection::vec(any_planned(), 6..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let recording = record(&jobs).await;
            prop_assert_eq!(recording.jobs.len(), jobs.len());
            let text = to_yaml(std::slice::from_ref(&recording));
            let server = MockServer::start().await.unwrap();
            let world = played(&server, &text);
            for ((truth, _), recorded) in jobs.iter().zip(&recording.jobs) {
                check_recorded(truth, recorded)?;
                let (states, _) = play(&world, MODEL).await;
                check_played(&states, recorded, &text)?;
            }
            Ok(())
        })?;
    }
}
