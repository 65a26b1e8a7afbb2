//! The limit of cost, and the decisions of the user about a key without a job.

use std::time::SystemTime;

use futures_util::future::join_all;
use serde_json::json;
use viseme::SubmitRecord;
use viseme::ledger::{Account, Claim, ClaimRequest, Ledger as _, LedgerKey};

use crate::place::Place;

fn key(name: &str) -> LedgerKey {
    LedgerKey::new(Account::new("https://api.example", "digest"), name)
}

fn claim(name: &str, price: Option<u64>) -> ClaimRequest {
    let record = SubmitRecord::new("a/b", json!({"x": name}), SystemTime::UNIX_EPOCH);
    let mut claim = ClaimRequest::new(key(name), name, record);
    claim.price = price;
    claim
}

on_each_backend!(
    concurrent_claims_never_exceed_the_limit,
    a_refused_submit_frees_its_cost_and_a_lost_one_does_not,
    a_price_is_needed_only_with_a_limit,
    the_budget_is_exact,
    a_price_that_was_unknown_is_set_once,
    a_key_without_a_job_is_given_up_or_gets_the_job_that_the_user_found,
);

async fn concurrent_claims_never_exceed_the_limit(place: Place) {
    let ledger = place.open().await;
    let ledger = ledger.with_cost_limit(1_000);
    let claims = join_all((0..40).map(|number| {
        let ledger = ledger.clone();
        async move { ledger.claim(&claim(&format!("key-{number}"), Some(70))).await }
    }));
    let (granted, refused): (Vec<_>, Vec<_>) = claims.await.into_iter().partition(Result::is_ok);
    assert_eq!((granted.len(), refused.len()), (14, 26));
    assert!(refused.iter().all(|refused| refused.as_ref().unwrap_err().is_cost_limit()));
    assert_eq!(ledger.spent_micros().await.unwrap(), 980);
}

async fn a_refused_submit_frees_its_cost_and_a_lost_one_does_not(place: Place) {
    let ledger = place.open().await;
    let ledger = ledger.with_cost_limit(100);
    assert_eq!(ledger.claim(&claim("a", Some(60))).await.unwrap(), Claim::Go);
    assert!(ledger.claim(&claim("b", Some(60))).await.is_err());
    ledger.refused(&key("a"), "no credits").await.unwrap();
    assert_eq!(ledger.claim(&claim("b", Some(60))).await.unwrap(), Claim::Go);
    ledger.accepted(&key("b"), "job-1").await.unwrap();
    let error = ledger.claim(&claim("c", Some(60))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "The job costs $0.00006, and of the limit of $0.0001 only $0.00004 is left."
    );
}

async fn a_price_is_needed_only_with_a_limit(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.claim(&claim("a", None)).await.unwrap(), Claim::Go);
    let error = ledger.with_cost_limit(100).claim(&claim("b", None)).await.unwrap_err();
    assert!(error.to_string().contains("price of the job is unknown"), "{error}");
}

async fn the_budget_is_exact(place: Place) {
    let ledger = place.open().await;
    let ledger = ledger.with_cost_limit(100);
    ledger.require_budget(100).await.unwrap();
    assert!(ledger.require_budget(101).await.unwrap_err().is_cost_limit());
    ledger.claim(&claim("a", Some(100))).await.unwrap();
    assert!(ledger.require_budget(1).await.is_err());
    ledger.require_budget(0).await.unwrap();
}

async fn a_price_that_was_unknown_is_set_once(place: Place) {
    let ledger = place.open().await;
    for (name, price) in [("known", Some(5)), ("unknown", None), ("refused", None)] {
        ledger.claim(&claim(name, price)).await.unwrap();
    }
    ledger.refused(&key("refused"), "no credits").await.unwrap();
    let without_price = async || -> Vec<String> {
        let submits = ledger.submits_without_price().await.unwrap();
        submits.into_iter().map(|submit| submit.key).collect()
    };
    assert_eq!(without_price().await, ["unknown"]);
    for (name, price) in [("unknown", 70), ("unknown", 9), ("known", 9)] {
        ledger.set_price(name, price).await.unwrap();
    }
    assert!(without_price().await.is_empty());
    assert_eq!(ledger.spent_micros().await.unwrap(), 75);
}

async fn a_key_without_a_job_is_given_up_or_gets_the_job_that_the_user_found(place: Place) {
    let ledger = place.open().await;
    for name in ["a", "b"] {
        ledger.claim(&claim(name, None)).await.unwrap();
    }
    assert!(matches!(ledger.claim(&claim("a", None)).await.unwrap(), Claim::Taken(_)));
    ledger.give_up("a", "the user says so").await.unwrap();
    assert_eq!(ledger.claim(&claim("a", None)).await.unwrap(), Claim::Go);

    ledger.adopt("a", "job-1").await.unwrap();
    let error = ledger.adopt("b", "job-1").await.unwrap_err();
    assert_eq!(error.to_string(), "The job job-1 belongs to the key `a`.");
    ledger.adopt("b", "job-2").await.unwrap();
    // Only an open submit can be given up.
    assert!(ledger.give_up("b", "too late").await.is_err());
    assert!(matches!(ledger.claim(&claim("b", None)).await.unwrap(), Claim::Taken(_)));
}
