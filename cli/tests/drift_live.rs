//! `viseme drift --live`: a walk over the API, recorded and compared.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]

use crate::support::Harness;
use serde_json::{Value, json};
use viseme_mock::scenario::ResponseMutation;
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

/// A service that refuses unknown models, as the walk expects it.
fn service() -> Scenario {
    Scenario::new().refuse_unknown_models().job(JobRule::new(Timeline::after_polls(1)))
}

fn read(harness: &Harness, name: &str) -> String {
    std::fs::read_to_string(harness.path("report").join(name)).unwrap()
}

fn differences(harness: &Harness) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&read(harness, "drift.json")).unwrap();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let differences = report["differences"].as_array().unwrap();
    differences.iter().map(|it| (text(&it["kind"]), text(&it["at"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_walk_pays_for_one_job_and_finds_no_difference_in_the_mock() {
    let harness = Harness::new(service()).await;
    let result = harness.viseme(&["drift", "--live", "report", "--yes"]).await;
    assert_eq!(result.code, Some(0), "{result:?}");
    let price = result.err.find("The paid job costs 0.07 USD").expect("the price");
    let submitted = result.err.find("submitted as job").expect("the job");
    assert!(price < submitted, "the price comes first: {result:?}");
    assert!(result.out.contains("no differences"), "{result:?}");
    assert_eq!(result.out.trim_end(), read(&harness, "drift.txt").trim_end());
    assert_eq!(differences(&harness), [], "{result:?}");
    assert_eq!(harness.world.ledger().charges.len(), 1);
    let recording = read(&harness, "recording.yaml");
    for part in ["balance", "models", "model/price", "billings/search", "user/usage_stats"] {
        assert!(recording.contains(&format!("/api/v3/{part}")), "{part} is not in the recording");
    }
    assert!(recording.contains("no-such-model"));
    let scenario = Scenario::parse(&read(&harness, "scenario.yaml")).unwrap();
    let prices: Vec<_> = scenario.jobs.iter().map(|rule| rule.price_usd).collect();
    assert_eq!(prices, [Some(0.07), Some(0.07)], "the job, and any further one");
    for name in ["recording.yaml", "scenario.yaml", "drift.txt", "drift.json"] {
        assert!(!read(&harness, name).contains(harness.world.key()), "the key is in {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_confirmation_nothing_is_sent() {
    let harness = Harness::new(service()).await;
    let result = harness.viseme(&["drift", "--live", "report"]).await;
    assert_eq!(result.code, Some(2), "{result:?}");
    assert!(result.err.contains("--yes"), "{result:?}");
    assert!(harness.world.journal().is_empty() && !harness.path("report").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_walk_finds_what_the_service_does_differently() {
    let everywhere = json!({"trace": "t-1"});
    let scenario =
        service()
            .fault(Fault::at(RequestKind::Poll).mutate(ResponseMutation::Merge(
                json!({"data": {"timings": null, "progress": 0.5}}),
            )))
            .fault(Fault::at(RequestKind::Other).mutate(ResponseMutation::Merge(everywhere)));
    let harness = Harness::new(scenario).await;
    let result = harness.viseme(&["drift", "--live", "report", "--yes", "--fail", "--json"]).await;
    assert_eq!(result.code, Some(2), "{result:?}");
    let found = differences(&harness);
    for (kind, at) in [
        ("other_type", "/data/timings"),
        ("unknown_key", "/data/progress"),
        ("unknown_key", "/trace"),
    ] {
        let difference = (kind.to_owned(), at.to_owned());
        assert!(found.contains(&difference), "{difference:?} is not in {found:?}");
    }
    assert_eq!(result.json()["differences"].as_array().unwrap().len(), found.len());
    assert_eq!(harness.world.ledger().charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_job_that_fails_leaves_a_report() {
    let failed = JobRule::new(Timeline::ends_after_polls(1, "failed")).error(1403, "No face.");
    let harness = Harness::new(Scenario::new().refuse_unknown_models().job(failed)).await;
    let result = harness.viseme(&["drift", "--live", "report", "--yes"]).await;
    assert_eq!(result.code, Some(4), "{result:?}");
    assert_eq!(differences(&harness), [], "{result:?}");
    assert!(read(&harness, "recording.yaml").contains("No face."));
}
