//! What a record costs, in a file and in a database on the same machine.
#![allow(clippy::print_stdout, reason = "the numbers are what it is for")]

use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use serde_json::json;
use viseme::SubmitRecord;
use viseme::ledger::{Account, Claim, ClaimRequest, Ledger as _, LedgerKey};
use viseme_ledger::AnyLedger;

use crate::place::Place;

fn claim(name: &str) -> ClaimRequest {
    let key = LedgerKey::new(Account::new("https://api.example", "digest"), name);
    let mut claim =
        ClaimRequest::new(key, name, SubmitRecord::new("a/b", json!({}), SystemTime::now()));
    claim.price = Some(70_000);
    claim
}

/// Claims and accepts this many keys, `at_once` of them at a time. Returns how long each claim took.
async fn record(ledger: &AnyLedger, keys: usize, at_once: usize) -> (Duration, Vec<Duration>) {
    let started = Instant::now();
    let workers = (0..at_once).map(|worker| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            for number in (worker..keys).step_by(at_once) {
                let claim = claim(&format!("{at_once}-{number}"));
                let started = Instant::now();
                assert_eq!(ledger.claim(&claim).await.unwrap(), Claim::Go);
                taken.push(started.elapsed());
                let job = format!("job-{at_once}-{number}");
                ledger.accepted(&claim.key, &job).await.unwrap();
            }
            taken
        })
    });
    let taken = join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
    (started.elapsed(), taken)
}

async fn measure(place: Place) {
    let kind = if AnyLedger::is_url(&place.path_or_url) { "PostgreSQL" } else { "SQLite" };
    for (limit, words) in [(None, "without a limit"), (Some(u64::MAX), "with a limit of cost")] {
        for (keys, at_once) in [(300, 1), (2_000, 16)] {
            let ledger = place.another().await.open().await;
            let ledger = match limit {
                Some(limit) => ledger.with_cost_limit(limit),
                None => ledger,
            };
            let (elapsed, mut taken) = record(&ledger, keys, at_once).await;
            taken.sort();
            let median = taken.get(taken.len() / 2).unwrap().as_secs_f64() * 1e3;
            let slow = taken.get(taken.len() * 99 / 100).unwrap().as_secs_f64() * 1e3;
            let rate = keys as f64 / elapsed.as_secs_f64();
            println!(
                "{kind}, {words}, {at_once} at once: {rate:.0} submits recorded a second; a claim takes \
                 {median:.2} ms, 99 of 100 at most {slow:.2} ms"
            );
        }
    }
}

mod sqlite {
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "a measurement; prints its numbers"]
    async fn the_cost_of_a_record() {
        super::measure(crate::place::Place::file()).await;
    }
}

#[cfg(all(unix, feature = "testing"))]
mod postgres {
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "a measurement; prints its numbers"]
    async fn the_cost_of_a_record() {
        super::measure(crate::place::Place::database().await).await;
    }
}
