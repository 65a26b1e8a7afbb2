//! Balance, prices, past jobs, deletion, bills and usage.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{MODEL, TestClient, local_input, remote_input};
use futures_util::TryStreamExt as _;
use serde_json::json;
use viseme::{BillingFilter, ErrorKind, HistoryFilter, Input, Prediction, Status, TextToVideo};
use viseme_mock::scenario::{Body, ClockScenario};
use viseme_mock::{ClockMode, Fault, JobRule, RequestKind, Scenario, Timeline};

fn speech(text: &str) -> TextToVideo {
    TextToVideo::new().video("https://media.example/face.mp4").text(text)
}

#[tokio::test]
async fn the_balance_falls_by_what_is_paid() {
    let rule = JobRule::new(Timeline::after_polls(1)).price_usd(0.5);
    let scenario = Scenario { balance_usd: Some(2.0), ..Scenario::new().job(rule) };
    let test = TestClient::with(scenario).await;
    assert_eq!(test.client.balance().await.unwrap(), 2.0);
    test.client.run(remote_input()).await.unwrap();
    assert_eq!(test.client.balance().await.unwrap(), 1.5);
}

#[tokio::test]
async fn reads_are_repeated_and_refusals_are_not() {
    for (fault, requests) in [
        (Fault::at(RequestKind::Other).until(2).status(503), 3),
        (Fault::at(RequestKind::Other).until(1).reset(), 2),
        (Fault::at(RequestKind::Other).until(3).status(429).retry_after_secs(9), 4),
        (Fault::at(RequestKind::Other).until(1).status(200).body(Body::Html), 2),
    ] {
        let test = TestClient::with(Scenario::new().fault(fault.clone())).await;
        assert_eq!(test.client.balance().await.unwrap(), 100.0, "{fault:?}");
        assert_eq!(test.world.journal().len(), requests, "{fault:?}");
    }
    for (status, requests, kind) in [
        (401, 1, ErrorKind::Authentication),
        (403, 1, ErrorKind::PermissionDenied),
        (500, 5, ErrorKind::Server),
    ] {
        let test =
            TestClient::with(Scenario::new().fault(Fault::at(RequestKind::Other).status(status)))
                .await;
        let error = test.client.balance().await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, requests), "{error}");
        assert_eq!(test.world.journal().len(), requests as usize);
    }
}

#[tokio::test]
async fn a_price_of_either_form() {
    let test = TestClient::new().await;
    let price = test.client.price(remote_input()).await.unwrap();
    assert_eq!((price.model.as_str(), price.due()), (MODEL, 0.07));
    assert_eq!((price.currency.as_str(), price.left_out.len()), ("USD", 0));
    let sent = test.world.journal()[0].body.clone().unwrap();
    assert_eq!(sent["inputs"]["video"], "https://media.example/face.mp4");

    let old = Scenario::new().fault(Fault::at(RequestKind::Other).nth(1).status(404));
    let test = TestClient::with(old).await;
    assert_eq!(test.client.price(remote_input()).await.unwrap().amount, 0.07);
    assert_eq!(test.count("POST", "/model/pricing"), 1);

    let error = test.client.price(Input::new(format!("{MODEL}s"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let base = test.client.price(Input::new(MODEL)).await.unwrap();
    assert_eq!((base.amount, base.left_out), (0.07, vec!["audio".to_owned(), "video".to_owned()]));
    let error = test.client.price(speech(&"x".repeat(121))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn media_on_this_machine_are_left_out_of_a_price_or_uploaded_for_it() {
    let test = TestClient::new().await;
    let price = test.client.price(local_input()).await.unwrap();
    assert_eq!(price.left_out, ["audio", "video"]);
    assert!(test.world.requests(RequestKind::Put).is_empty());

    let price = test.client.price(local_input()).upload(true).await.unwrap();
    assert!(price.left_out.is_empty());
    assert_eq!(test.world.requests(RequestKind::Put).len(), 2);
    let sent = test.world.journal().last().unwrap().body.clone().unwrap();
    assert!(sent["inputs"]["video"].as_str().unwrap().starts_with(test.world.base_url()));
    assert!(test.world.ledger().charges.is_empty(), "a price costs nothing");
}

async fn submit(test: &TestClient, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let job = test.client.submit(speech(&format!("Number {number}."))).await.unwrap();
        ids.push(job.id().to_owned());
    }
    ids.reverse();
    ids
}

async fn ids(test: &TestClient, filter: HistoryFilter) -> Vec<String> {
    let jobs: Vec<Prediction> = test.client.history(filter).try_collect().await.unwrap();
    jobs.into_iter().map(|job| job.id).collect()
}

#[tokio::test]
async fn the_history_is_read_page_by_page_as_needed() {
    let test = TestClient::new().await;
    let made = submit(&test, 7).await;
    for (page_size, pages) in [(100, 1), (7, 2), (3, 3), (1, 8)] {
        let before = test.world.requests(RequestKind::History).len();
        assert_eq!(ids(&test, HistoryFilter::new().page_size(page_size)).await, made);
        assert_eq!(test.world.requests(RequestKind::History).len() - before, pages, "{page_size}");
    }
    let before = test.world.requests(RequestKind::History).len();
    let mut history = test.client.history(HistoryFilter::new().page_size(2));
    assert_eq!(history.next().await.unwrap().unwrap().id, made[0]);
    assert_eq!(test.world.requests(RequestKind::History).len() - before, 1, "no more than needed");
    // A new job moves the others to later pages.
    let newest = submit(&test, 1).await;
    let rest: Vec<_> = history.map_ok(|job| job.id).try_collect().await.unwrap();
    assert_eq!(rest, made[1..], "nothing twice, nothing lost");
    assert_eq!(ids(&test, HistoryFilter::new()).await[0], newest[0]);
}

#[tokio::test]
async fn the_history_is_filtered_by_the_service() {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let clock = Some(ClockScenario { mode: ClockMode::Manual, start: Some(start) });
    let test = TestClient::with(Scenario { clock, ..Scenario::new() }).await;
    let first = submit(&test, 1).await;
    test.world.advance(Duration::from_secs(3600));
    let second = test.client.submit(remote_input()).await.unwrap().id().to_owned();
    test.world.force(&second, "failed");
    let moment = SystemTime::from(start) + Duration::from_secs(60);
    for (filter, expected) in [
        (HistoryFilter::new().model(MODEL), vec![second.clone()]),
        (HistoryFilter::new().status(Status::Failed), vec![second.clone()]),
        (HistoryFilter::new().status(Status::Other("queued".into())), vec![]),
        (HistoryFilter::new().created_after(moment), vec![second.clone()]),
        (HistoryFilter::new().created_before(moment), first.clone()),
    ] {
        assert_eq!(ids(&test, filter.clone()).await, expected, "{filter:?}");
    }
    let mut with_inputs = test.client.history(HistoryFilter::new().include_inputs(true));
    let job = with_inputs.next().await.unwrap().unwrap();
    assert_eq!(job.input.unwrap()["audio"], "https://media.example/voice.mp3");
}

#[tokio::test]
async fn a_history_that_fails_ends_in_its_error() {
    let test =
        TestClient::with(Scenario::new().fault(Fault::at(RequestKind::History).status(403))).await;
    let mut history = test.client.history(HistoryFilter::new());
    let error = history.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(history.next().await.is_none());
}

#[tokio::test]
async fn deleted_jobs_are_gone() {
    let test = TestClient::new().await;
    let made = submit(&test, 3).await;
    let deleted = test.client.delete([made[0].as_str(), "unknown", made[1].as_str()]).await;
    assert_eq!(deleted.unwrap(), 2);
    assert_eq!(ids(&test, HistoryFilter::new()).await, made[2..]);
    assert_eq!(test.client.delete(Vec::<String>::new()).await.unwrap(), 0);
    let before = test.world.journal().len();
    let error = test.client.delete(["a", " "]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(test.world.journal().len(), before, "nothing was sent");

    let many: Vec<String> = (0..250).map(|number| format!("x{number}")).chain(made).collect();
    assert_eq!(test.client.delete(many).await.unwrap(), 1);
    assert_eq!(test.count("POST", "/predictions/delete"), 4);
}

#[tokio::test]
async fn the_usage_is_available_in_three_forms() {
    let rule = JobRule::new(Timeline::after_polls(1)).price_usd(0.25);
    let test = TestClient::with(Scenario::new().job(rule)).await;
    let from = SystemTime::now() - Duration::from_secs(60);
    let id = test.client.run(remote_input()).await.unwrap().id;
    test.client.run(speech("Hello.")).await.unwrap();
    let to = SystemTime::now() + Duration::from_secs(60);

    let usage = test.client.usage(from, to, None).await.unwrap();
    assert_eq!((usage.cost, usage.requests, usage.succeeded), (Some(0.5), Some(2), Some(2)));
    assert_eq!(usage.models.len(), 2);
    assert_eq!((usage.days[0].requests, usage.days[0].models.len()), (Some(2), 2));
    let usage = test.client.usage(from, to, Some(MODEL)).await.unwrap();
    assert_eq!((usage.cost, usage.models[0].model.as_str()), (Some(0.25), MODEL));
    let error = test.client.usage(to, from, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    let all: Vec<_> =
        test.client.billings(BillingFilter::new().from(from).to(to)).try_collect().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].model.as_deref(), Some(TextToVideo::MODEL), "newest first");
    let of_job: Vec<_> =
        test.client.billings(BillingFilter::new().jobs([&id])).try_collect().await.unwrap();
    assert_eq!(of_job.len(), 1);
    assert_eq!(
        (of_job[0].amount, of_job[0].status.as_ref()),
        (Some(0.25), Some(&Status::Completed))
    );
    assert!(of_job[0].created_at.unwrap() > UNIX_EPOCH);
    let before: Vec<_> =
        test.client.billings(BillingFilter::new().to(from)).try_collect().await.unwrap();
    assert_eq!(before, []);

    let day = of_job[0].created_at.unwrap();
    let json = serde_json::to_value(&of_job[0]).unwrap();
    let month = json["created_at"].as_str().unwrap()[..7].to_owned();
    let month: Vec<_> = test.client.billings_of_month(month).try_collect().await.unwrap();
    assert_eq!((month.len(), month[1].created_at), (2, Some(day)));
    let none: Vec<_> = test.client.billings_of_month("1999-01").try_collect().await.unwrap();
    assert_eq!(none, []);
    assert_eq!(
        test.world.journal().last().unwrap().body.as_ref().unwrap()["year_month"],
        json!("1999-01")
    );
}
