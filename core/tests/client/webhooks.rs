//! Webhooks from end to end: the mock server signs and sends, the receiver of the documentation
//! accepts, and the wait ends.

use std::time::{Duration, SystemTime};

use crate::support::{MODEL, TestClient, remote_input};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use viseme::webhook::{Delivery, Verifier, WebhookSecret};
use viseme::{Client, Config, ErrorKind, Input, Pacing, Status};
use viseme_mock::{
    DeliveryState, Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World,
};

/// The timeout of each step; only broken code takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The receiver of the documentation on a port of its own.
struct Receiver {
    url: String,
    work: UnboundedReceiver<Delivery>,
}

impl Receiver {
    async fn of(client: &Client) -> Self {
        let (sender, work) = unbounded_channel();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = crate::example::receiver(client.clone(), sender);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, work }
    }

    /// Returns the jobs of the deliveries accepted so far.
    fn accepted(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.work.try_recv().ok()).map(|d| d.prediction.id).collect()
    }
}

/// A client whose first poll is after an hour, so that only a webhook can end its waits.
fn patient_client(world: &World) -> Client {
    let config = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        .check_remote_media(false)
        .pacing(Pacing::every(Duration::from_secs(3600)))
        .deadline(Duration::from_secs(7200));
    Client::new(config.build().unwrap()).unwrap()
}

fn scenario(text: &str) -> Scenario {
    Scenario::parse(text).unwrap()
}

#[tokio::test]
async fn a_wait_ends_with_the_webhook_and_without_a_poll() {
    let server = MockServer::start().await.unwrap();
    let world =
        server.world_with(scenario("jobs: [{timeline: [{created: 0}, {completed: 300ms}]}]"));
    let client = patient_client(&world);
    let mut receiver = Receiver::of(&client).await;
    let run = client.run(remote_input()).webhook(&receiver.url);
    let prediction = tokio::time::timeout(PATIENCE, run.into_future()).await.unwrap().unwrap();
    assert_eq!(prediction.status, Status::Completed);
    assert!(prediction.output_url().is_some());
    assert_eq!(prediction.input.as_ref().unwrap()["audio"], "https://media.example/voice.mp3");
    assert_eq!(world.requests(RequestKind::Poll).len(), 0);
    world.settled().await;
    assert_eq!(receiver.accepted(), [prediction.id]);
    assert_eq!(world.webhooks()[0].attempts[0].status, Some(204));
    let ledger = world.ledger();
    assert_eq!((ledger.charges.len(), ledger.delivered), (1, 1));
}

#[tokio::test]
async fn a_failed_job_in_a_webhook_is_the_same_error_as_in_a_poll() {
    let server = MockServer::start().await.unwrap();
    let failing = "{timeline: [{created: 0}, {failed: 100ms}], code: 1402, error: No access.}";
    let world = server.world_with(scenario(&format!("jobs: [{failing}]")));
    let client = patient_client(&world);
    let receiver = Receiver::of(&client).await;
    let run = client.run(remote_input()).webhook(&receiver.url);
    let error = tokio::time::timeout(PATIENCE, run.into_future()).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.app_code()), (ErrorKind::JobFailed, Some(1402)));
    assert_eq!(error.job_id(), Some(world.jobs()[0].id.as_str()));
    assert_eq!(world.requests(RequestKind::Poll).len(), 0);
}

#[tokio::test]
async fn many_waits_are_ended_by_their_own_webhooks() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(scenario(
        "{jobs: [{timeline: [{created: 0}, {completed: 300ms}]}], webhooks: {order: reversed}}",
    ));
    let client = patient_client(&world);
    let receiver = Receiver::of(&client).await;
    let inputs = (0..50).map(|_| remote_input());
    let mut results = client.run_many(inputs, 50).webhook(&receiver.url);
    let mut ids = std::collections::HashSet::new();
    while let Some(done) = tokio::time::timeout(PATIENCE, results.next()).await.unwrap() {
        ids.insert(done.result.unwrap().id);
    }
    assert_eq!(ids.len(), 50);
    assert_eq!(world.requests(RequestKind::Poll).len(), 0);
}

#[tokio::test]
async fn a_webhook_may_arrive_before_the_response_to_the_submit() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(scenario("webhooks: {before_answer: true}"));
    let client = patient_client(&world);
    let receiver = Receiver::of(&client).await;
    let run = client.run(remote_input()).webhook(&receiver.url);
    let prediction = tokio::time::timeout(PATIENCE, run.into_future()).await.unwrap().unwrap();
    assert_eq!(prediction.status, Status::Completed);
    assert_eq!(world.requests(RequestKind::Poll).len(), 0);
    let again = client.job(&prediction.id).wait();
    let again = tokio::time::timeout(PATIENCE, again.into_future()).await.unwrap().unwrap();
    assert_eq!(again.id, prediction.id, "also for a wait that begins later");
}

#[tokio::test]
async fn a_lost_response_and_a_webhook_cost_one_job() {
    let lost = Fault::at(RequestKind::Submit).nth(1).after_accept().reset();
    let test = TestClient::with(scenario("webhooks: {before_answer: true}").fault(lost)).await;
    let receiver = Receiver::of(&test.client).await;
    let prediction = test.client.run(remote_input()).webhook(&receiver.url).await.unwrap();
    assert_eq!(prediction.status, Status::Completed);
    assert!(prediction.recovered.is_some());
    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.orphaned), (1, 0));
}

#[tokio::test]
async fn a_forged_or_stale_webhook_ends_no_wait() {
    for script in [
        "signature: bad",
        "signature: missing",
        "signature: standard_webhooks",
        "timestamp_offset: -10m",
        "timestamp_offset: 10m",
        "truncate: 40",
        "truncate: 0",
    ] {
        let script = format!("webhooks: {{{script}, before_answer: true, retries: []}}");
        let test = TestClient::with(scenario(&script)).await;
        let mut receiver = Receiver::of(&test.client).await;
        let prediction = test.client.run(remote_input()).webhook(&receiver.url).await.unwrap();
        assert_eq!(prediction.status, Status::Completed);
        assert_eq!(
            test.world.requests(RequestKind::Poll).len(),
            1,
            "{script}: a poll ended the wait"
        );
        let delivery = test.world.webhooks().remove(0);
        assert_eq!(delivery.attempts[0].status, Some(400), "{script}");
        assert_eq!(delivery.state, DeliveryState::GivenUp, "{script}");
        assert!(receiver.accepted().is_empty(), "{script}");
    }
}

#[tokio::test]
async fn a_webhook_delivered_twice_is_processed_once() {
    let test = TestClient::with(scenario("webhooks: {before_answer: true, duplicate: 2}")).await;
    let mut receiver = Receiver::of(&test.client).await;
    let job = test.client.submit(remote_input()).webhook(&receiver.url).await.unwrap();
    test.world.settled().await;
    let deliveries = test.world.webhooks();
    assert_eq!(deliveries.len(), 3);
    assert!(deliveries.iter().all(|d| d.state == DeliveryState::Delivered));
    assert_eq!(receiver.accepted(), [job.id()]);
}

#[tokio::test]
async fn a_replaced_secret_is_fetched_again_but_not_for_every_forgery() {
    let script = "webhooks: {before_answer: true, retries: []}";
    let test = TestClient::with(scenario(script)).await;
    let mut receiver = Receiver::of(&test.client).await;
    let fetches = || test.count("GET", "/webhook/secret");
    let submit = || async {
        let job = test.client.submit(remote_input()).webhook(&receiver.url).await.unwrap();
        let delivery = test.world.webhooks().pop().unwrap();
        assert_eq!(delivery.job_id, job.id());
        delivery.attempts[0].status.unwrap()
    };
    assert_eq!((submit().await, fetches()), (204, 1));
    assert_eq!((submit().await, fetches()), (204, 1), "it is kept");

    test.world.rotate_webhook_secret();
    assert_eq!((submit().await, fetches()), (400, 1), "it was fetched a moment ago");
    wait_a_minute(&test).await;
    assert_eq!((submit().await, fetches()), (204, 2));

    wait_a_minute(&test).await;
    test.world
        .set_scenario(scenario("webhooks: {before_answer: true, retries: [], signature: bad}"));
    assert_eq!((submit().await, fetches()), (400, 3));
    assert_eq!((submit().await, fetches()), (400, 3), "many forgeries cause one request a minute");
    assert_eq!(receiver.accepted().len(), 3);

    // The secret can be fetched explicitly and used without a client.
    let secret = test.client.refresh_webhook_secret().await.unwrap();
    assert_eq!(fetches(), 4);
    let outcome = Verifier::new(secret).verify([("webhook-id", "x")], b"", SystemTime::now());
    assert!(outcome.is_err());
}

async fn wait_a_minute(test: &TestClient) {
    use viseme::Clock as _;
    test.clock.sleep(Duration::from_secs(61)).await;
}

#[tokio::test]
async fn a_receiver_without_the_secret_responds_503() {
    let down = Fault::at(RequestKind::Other).status(503);
    let test =
        TestClient::with(scenario("webhooks: {before_answer: true, retries: []}").fault(down))
            .await;
    let receiver = Receiver::of(&test.client).await;
    test.client.submit(remote_input()).webhook(&receiver.url).await.unwrap();
    let delivery = test.world.webhooks().remove(0);
    assert_eq!(delivery.attempts[0].status, Some(503));
    assert_eq!(test.count("GET", "/webhook/secret"), 3, "tried again before that");
    let error = test.client.webhook_secret().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 3));
}

#[tokio::test]
async fn the_webhook_url_reaches_the_service_unchanged() {
    let test = TestClient::new().await;
    let url = "https://example.com/hook?token=a%20b&c=d+e#f";
    test.client.submit(remote_input()).webhook(url).await.unwrap();
    assert_eq!(test.world.jobs()[0].webhook.as_deref(), Some(url));
    let query = &test.world.requests(RequestKind::Submit)[0].query;
    assert_eq!(query, "webhook=https%3A%2F%2Fexample.com%2Fhook%3Ftoken%3Da%2520b%26c%3Dd%2Be%23f");
    test.client.submit(remote_input()).await.unwrap();
    assert_eq!(test.world.requests(RequestKind::Submit)[1].query, "");
}

#[tokio::test]
async fn an_unusable_webhook_url_is_an_error_before_anything_is_sent() {
    let test = TestClient::new().await;
    for url in ["http://example.com/hook", "example.com", "ftp://example.com/"] {
        let error = test.client.run(crate::support::local_input()).webhook(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{url}");
        let error = test.client.submit(remote_input()).webhook(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{url}");
    }
    let base64 = Input::new(MODEL).set("enable_base64_output", true);
    let error = test.client.submit(base64).webhook("https://example.com/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(test.world.journal().is_empty());
}

#[tokio::test]
async fn a_delivered_prediction_ends_only_the_wait_for_its_job() {
    let never = JobRule::new(Timeline::secs(&[("created", 0)]));
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().job(never));
    let client = patient_client(&world);
    let job = client.submit(remote_input()).await.unwrap();
    let mut wait = tokio::spawn({
        let job = job.clone();
        async move { job.wait().await }
    });
    // The wait has started if a delivery reaches it.
    let other = viseme::Prediction::new("another job", Status::Completed);
    assert!(!client.deliver(other));
    assert!(!client.deliver(viseme::Prediction::new(job.id(), Status::Processing)));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut wait).await.is_err());
    let mut completed = viseme::Prediction::new(job.id(), Status::Completed);
    assert!(!client.deliver(completed.clone()), "the outputs are missing");
    completed.outputs = vec![viseme::Output::Url("https://media.example/x.mp4".to_owned())];
    assert!(client.deliver(completed));
    let prediction = tokio::time::timeout(PATIENCE, wait).await.unwrap().unwrap().unwrap();
    assert_eq!((prediction.id.as_str(), &prediction.status), (job.id(), &Status::Completed));
    assert_eq!(world.requests(RequestKind::Poll).len(), 0);
}

/// The short examples of the guide, which only have to compile.
#[allow(dead_code, reason = "nothing calls them")]
async fn guide(
    client: &Client,
    input: Input,
    secret: &str,
    (headers, body): (axum::http::HeaderMap, axum::body::Bytes),
) -> viseme::Result<()> {
    // docs: begin
    let job = client.submit(input).webhook("https://example.com/hook").await?;
    // docs: end
    drop(job);
    // docs: begin
    let verifier = Verifier::new(WebhookSecret::new(secret)?);
    let delivery = verifier.receive(&headers, &body, SystemTime::now())?;
    // docs: end
    drop(delivery);
    Ok(())
}

#[test]
fn the_documentation_contains_the_examples() {
    let page = include_str!("../../../docs/webhooks.md");
    let mut examples = 0;
    for code in [include_str!("../../examples/webhook_receiver.rs"), include_str!("webhooks.rs")] {
        for rest in code.split("// docs: begin\n").skip(1) {
            let (shown, _) = rest.split_once("// docs: end\n").unwrap();
            let indent = shown.len() - shown.trim_start_matches(' ').len();
            let lines = shown.lines().filter(|line| !line.trim().is_empty() || indent == 0);
            let lines: Vec<_> = lines.map(|line| line.get(indent..).unwrap_or_default()).collect();
            let block = format!("```rust\n{}\n```\n", lines.join("\n"));
            assert!(page.contains(&block), "copy the example into the page: {block}");
            examples += 1;
        }
    }
    assert_eq!(examples, 3);
}
