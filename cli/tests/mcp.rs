//! `viseme mcp` with a client of the official Rust SDK: a run is confirmed, and paid for once.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic fails the test"
)]

use crate::support::mcp::{Session, User, lip_sync};
use crate::support::{Harness, ends, never_ends};
use rmcp::model::{CallToolRequestParams, ElicitationAction};
use serde_json::{Value, json};
use viseme_mock::scenario::WireFault;
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

fn charges(harness: &Harness) -> usize {
    harness.world.ledger().charges.len()
}

/// Runs the samples with the price that the server says.
async fn confirmed(session: &Session, more: Value) -> Value {
    let quote = session.ok("run", lip_sync(more.clone())).await;
    assert_eq!(quote["state"], "confirmation_required", "{quote}");
    let mut more = more;
    more["confirm_price_usd"] = quote["price_usd"].clone();
    more["idempotency_key"] = quote["idempotency_key"].clone();
    lip_sync(more)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_confirms_the_price_and_pays_once() {
    let harness = Harness::new(ends("completed")).await;
    let user = User::default();
    let session = Session::start(&harness, user.clone(), &[]).await;
    let checked = session.ok("check", lip_sync(json!({}))).await;
    assert_eq!((&checked["ok"], &checked["media"][1]["width"]), (&json!(true), &json!(1280)));
    let part = session.ok("check", json!({"audio": "voice.mp3"})).await;
    assert_eq!((&part["ok"], &part["problems"]), (&json!(true), &json!([])));
    let price = session.ok("price", lip_sync(json!({}))).await;
    assert_eq!(price["is_exact"], true);

    let arguments = confirmed(&session, json!({})).await;
    assert_eq!(arguments["confirm_price_usd"], price["price_usd"]);
    let balance = session.ok("balance", json!({})).await["balance_usd"].as_f64().unwrap();
    assert!(balance > 0.0 && charges(&harness) == 0);
    let mut cheap = arguments.clone();
    cheap["confirm_price_usd"] = json!(0.001);
    let refused = session.ok("run", cheap).await;
    assert_eq!(refused["state"], "confirmation_required");
    assert!(refused["next"].as_str().unwrap().contains("0.001"), "{refused}");
    assert_eq!(charges(&harness), 0);

    let done = session.ok("run", arguments.clone()).await;
    assert_eq!((&done["state"], &done["is_earlier_job"]), (&json!("completed"), &json!(false)));
    // The price and the run used the same uploads.
    assert_eq!(harness.world.requests(RequestKind::Put).len(), 2);
    // Without the price and without the key: the same input pays for no second job.
    for again in [arguments, lip_sync(json!({}))] {
        let again = session.ok("run", again).await;
        assert_eq!(
            (&again["state"], &again["is_earlier_job"]),
            (&json!("completed"), &json!(true))
        );
        assert_eq!(again["job_id"], done["job_id"]);
    }
    assert_eq!(charges(&harness), 1);
    let id = done["job_id"].as_str().unwrap();
    let messages = user.progress.lock().unwrap().clone();
    assert!(messages.iter().any(|it| it == &format!("submitted: job {id}")), "{messages:?}");

    let first = session.ok("download", json!({"job_id": id, "folder": "out"})).await;
    let second = session.ok("download", json!({"job_id": id, "folder": "out"})).await;
    let path = |saved: &Value| saved["files"][0]["path"].as_str().unwrap().to_owned();
    assert_ne!(path(&first), path(&second), "no file is replaced");
    let real = harness.folder.path().canonicalize().unwrap().join("out");
    assert!(std::path::Path::new(&path(&first)).starts_with(real), "{first}");
    assert!(std::fs::metadata(path(&second)).unwrap().len() > 0);
    let history = session.ok("history", json!({"limit": 5})).await;
    assert_eq!(history["jobs"][0]["job_id"], id);
    let models = session.ok("models", json!({"search": "lipsync audio"})).await;
    let model = models["models"][0]["id"].as_str().unwrap().to_owned();
    let schema = session.ok("schema", json!({"model": model})).await;
    assert!(schema["schema"]["properties"]["audio"].is_object(), "{schema}");
    assert_eq!(session.close().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_asks_its_user() {
    for stateless in [false, true] {
        let harness = Harness::new(ends("completed")).await;
        for (answer, expected) in [
            (ElicitationAction::Decline, 0),
            (ElicitationAction::Cancel, 0),
            (ElicitationAction::Accept, 1),
        ] {
            let user = User { answer: Some(answer.clone()), ..User::default() };
            let session = match stateless {
                true => Session::start_stateless(&harness, user.clone()).await,
                false => Session::start(&harness, user.clone(), &[]).await,
            };
            // The agent cannot agree in place of the user.
            let arguments = lip_sync(json!({"confirm_price_usd": 100}));
            if expected == 0 {
                assert_eq!(session.error("run", arguments).await["code"], "declined");
            } else {
                assert_eq!(session.ok("run", arguments).await["state"], "completed");
            }
            assert_eq!(charges(&harness), expected, "{stateless} {answer:?}");
            let questions = user.questions.lock().unwrap().clone();
            assert_eq!(questions.len(), 1);
            assert!(questions[0].contains(" USD? "), "{questions:?}");
            assert_eq!(session.close().await, Some(0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_loses_no_job() {
    let harness = Harness::new(never_ends()).await;
    let user = User::default();
    let session = Session::start(&harness, user.clone(), &[]).await;
    let arguments = confirmed(&session, json!({"wait_seconds": 600})).await;
    let call = session.client.call_tool(
        CallToolRequestParams::new("run").with_arguments(arguments.as_object().unwrap().clone()),
    );
    let told = || user.progress.lock().unwrap().iter().any(|it| it.starts_with("submitted: job "));
    tokio::select! {
        result = call => panic!("it ended: {result:?}"),
        // Dropping the call cancels it.
        () = harness.until("the client knows the job", |_| told()) => {}
    }
    // The server still answers, and knows the job.
    let mut again = arguments;
    again["wait_seconds"] = json!(0);
    let running = session.ok("run", again).await;
    assert_eq!((&running["state"], &running["is_earlier_job"]), (&json!("running"), &json!(true)));
    let id = harness.world.jobs()[0].id.clone();
    assert_eq!(running["job_id"], id.as_str());
    let waited = session.ok("wait", json!({"job_id": id, "wait_seconds": 0})).await;
    assert_eq!(waited["state"], "running");
    let early = session.error("download", json!({"job_id": id})).await;
    assert_eq!((&early["code"], &early["job_id"]), (&json!("job_running"), &json!(id)));
    assert_eq!(charges(&harness), 1);
    assert_eq!(session.close().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_pays_once() {
    // While it waits for the job, and while the response to its submit is on the way.
    let silent = Fault::at(RequestKind::Submit).nth(1).after_accept().wire(WireFault::Silence);
    let slow = Scenario::new().job(JobRule::new(Timeline::ends_after_polls(30, "completed")));
    for scenario in [slow, ends("completed").fault(silent)] {
        let harness = Harness::new(scenario).await;
        let session = Session::start(&harness, User::default(), &[]).await;
        let arguments = confirmed(&session, json!({"idempotency_key": "clip-1"})).await;
        let call = session.client.call_tool(
            CallToolRequestParams::new("run")
                .with_arguments(arguments.as_object().unwrap().clone()),
        );
        tokio::select! {
            result = call => panic!("it ended: {result:?}"),
            () = harness.until("the job is made", |world| !world.jobs().is_empty()) => {}
        }
        session.kill().await;
        assert_eq!(charges(&harness), 1);

        let session = Session::start(&harness, User::default(), &[]).await;
        let done = session.ok("run", lip_sync(json!({"idempotency_key": "clip-1"}))).await;
        assert_eq!((&done["state"], &done["is_earlier_job"]), (&json!("completed"), &json!(true)));
        assert_eq!(done["job_id"], harness.world.jobs()[0].id.as_str());
        assert_eq!(harness.world.requests(RequestKind::Submit).len(), 1);
        assert_eq!(charges(&harness), 1);
        assert_eq!(session.close().await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_paid_for_again_only_on_request() {
    let harness = Harness::new(ends("failed")).await;
    let session = Session::start(&harness, User::default(), &[]).await;
    let arguments = confirmed(&session, json!({})).await;
    for _ in 0..2 {
        let error = session.error("run", arguments.clone()).await;
        assert_eq!((&error["code"], error["job_id"].is_string()), (&json!("job_failed"), true));
        assert_eq!(error["idempotency_key"], arguments["idempotency_key"]);
        assert_eq!(harness.world.requests(RequestKind::Submit).len(), 1);
    }
    let quote = session.ok("run", lip_sync(json!({"retry_failed": true}))).await;
    assert_eq!(quote["state"], "confirmation_required");
    let mut again = arguments;
    again["retry_failed"] = json!(true);
    assert_eq!(session.error("run", again).await["code"], "job_failed");
    assert_eq!(harness.world.requests(RequestKind::Submit).len(), 2);
    assert_eq!(session.close().await, Some(0));
}
