//! The rules of a ledger for any order of operations.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use viseme::ledger::{Account, Claim, ClaimRequest, EntryState, Ledger as _, LedgerKey};
use viseme::{Status, SubmitRecord};

use crate::place::Place;

#[derive(Clone, Debug)]
enum Operation {
    Claim { key: u8, retry_failed: bool },
    Accepted(u8),
    Refused(u8),
    Settled { key: u8, completed: bool },
    Reopen,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let key = 0..3_u8;
    let operation = prop_oneof![
        4 => (key.clone(), any::<bool>())
            .prop_map(|(key, retry_failed)| Operation::Claim { key, retry_failed }),
        3 => key.clone().prop_map(Operation::Accepted),
        1 => key.clone().prop_map(Operation::Refused),
        2 => (key, any::<bool>()).prop_map(|(key, completed)| Operation::Settled { key, completed }),
        1 => Just(Operation::Reopen),
    ];
    prop::collection::vec(operation, 1..40)
}

/// What a key may do next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Free,
    Sent,
    Accepted,
    Completed,
    Failed,
}

fn key(name: u8) -> LedgerKey {
    LedgerKey::new(Account::new("https://api.example", "digest"), format!("key-{name}"))
}

fn state_in(entry: Option<&EntryState>) -> State {
    match entry {
        None => State::Free,
        Some(EntryState::Sent { .. }) => State::Sent,
        Some(EntryState::Done { status: None, .. }) => State::Accepted,
        Some(EntryState::Done { status: Some(Status::Completed), .. }) => State::Completed,
        Some(_) => State::Failed,
    }
}

fn holds_on(backend: fn() -> BoxFuture<'static, Place>, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let holds = |operations| {
        runtime.block_on(async { a_key_has_one_open_submit(backend().await, operations).await });
        Ok(())
    };
    runner.run(&operations(), holds).unwrap();
}

#[test]
fn a_key_has_one_open_submit_and_one_result_in_a_file() {
    holds_on(|| std::future::ready(Place::file()).boxed(), 60);
}

#[cfg(all(unix, feature = "testing"))]
#[test]
fn a_key_has_one_open_submit_and_one_result_in_a_database() {
    holds_on(|| Place::database().boxed(), 20);
}

async fn a_key_has_one_open_submit(place: Place, operations: Vec<Operation>) {
    let mut ledger = place.open().await;
    let mut expected: HashMap<u8, State> = HashMap::new();
    let mut failed = HashSet::new();
    let mut jobs = 0;
    for operation in operations {
        match operation {
            Operation::Claim { key: name, retry_failed } => {
                let record = SubmitRecord::new("m", json!({"x": name}), SystemTime::now());
                let mut claim = ClaimRequest::new(key(name), "fingerprint", record);
                claim.retry_failed = retry_failed;
                let state = expected.entry(name).or_insert(State::Free);
                let is_free = *state == State::Free || (*state == State::Failed && retry_failed);
                let claimed = ledger.claim(&claim).await.unwrap();
                assert_eq!(claimed == Claim::Go, is_free, "{state:?}");
                if is_free {
                    *state = State::Sent;
                }
            }
            Operation::Accepted(name) => {
                jobs += 1;
                ledger.accepted(&key(name), &format!("job-{jobs}")).await.unwrap();
                change(&mut expected, name, State::Sent, State::Accepted);
            }
            Operation::Refused(name) => {
                ledger.refused(&key(name), "no").await.unwrap();
                // A rejected retry leaves the failed job before it.
                let before = if failed.contains(&name) { State::Failed } else { State::Free };
                change(&mut expected, name, State::Sent, before);
            }
            Operation::Settled { key: name, completed } => {
                let (status, state) = if completed {
                    (Status::Completed, State::Completed)
                } else {
                    (Status::Failed, State::Failed)
                };
                ledger.settled(&key(name), &status).await.unwrap();
                change(&mut expected, name, State::Accepted, state);
                if expected.get(&name) == Some(&State::Failed) {
                    failed.insert(name);
                }
            }
            Operation::Reopen => ledger = place.open().await,
        }
    }
    for (name, state) in expected {
        let entry = ledger.find(&key(name)).await.unwrap();
        let found = state_in(entry.as_ref().map(|entry| &entry.state));
        assert_eq!(found, state, "key {name}");
    }
}

fn change(states: &mut HashMap<u8, State>, name: u8, from: State, to: State) {
    if let Some(state) = states.get_mut(&name)
        && *state == from
    {
        *state = to;
    }
}

on_each_backend!(one_job_cannot_belong_to_two_keys);

async fn one_job_cannot_belong_to_two_keys(place: Place) {
    let ledger = place.open().await;
    for name in [1, 2] {
        let record = SubmitRecord::new("m", json!({}), SystemTime::now());
        ledger.claim(&ClaimRequest::new(key(name), "fingerprint", record)).await.unwrap();
    }
    ledger.accepted(&key(1), "job").await.unwrap();
    let error = ledger.accepted(&key(2), "job").await.unwrap_err();
    assert_eq!(error.to_string(), "The job job belongs to the key `key-1`.");
    let entry = ledger.find(&key(2)).await.unwrap().unwrap();
    assert!(matches!(entry.state, EntryState::Sent { .. }), "the failed operation changed nothing");
}
