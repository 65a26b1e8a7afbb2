//! Webhooks: URLs, times, retries and signatures. The signatures are verified with the client's code.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use viseme::webhook::{RejectReason, Verifier, WebhookSecret};
use viseme_mock::{
    DeliveryState, Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World,
};

use crate::support::{Api, MODEL, eventually, input};

/// Receives deliveries on its own port.
struct Receiver {
    url: String,
    inbox: Inbox,
}

type Received = (HeaderMap, Vec<u8>);

#[derive(Clone, Default)]
struct Inbox {
    deliveries: Arc<Mutex<Vec<Received>>>,
    /// The statuses of the responses; then 204.
    responses: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    async fn start(responses: &[u16]) -> Self {
        let inbox = Inbox::default();
        inbox.responses.lock().unwrap().extend(responses);
        let app = axum::Router::new().fallback(receive).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?a=b%20c", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inbox }
    }

    fn received(&self) -> Vec<Received> {
        self.inbox.deliveries.lock().unwrap().clone()
    }

    /// Returns the job of each delivery, in order of arrival.
    fn ids(&self) -> Vec<String> {
        let id = |(headers, _): Received| headers["webhook-id"].to_str().unwrap().to_owned();
        self.received().into_iter().map(id).collect()
    }
}

async fn receive(
    State(inbox): State<Inbox>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> StatusCode {
    assert_eq!(uri.path_and_query().unwrap(), "/hook?a=b%20c");
    inbox.deliveries.lock().unwrap().push((headers, body.to_vec()));
    let response = inbox.responses.lock().unwrap().pop_front();
    StatusCode::from_u16(response.unwrap_or(204)).unwrap()
}

const CLOCK: &str = "clock: {mode: manual, start: 2026-01-01T00:00:00Z}\n";

/// Returns a world with a manual clock and this scenario.
async fn setup(scenario: &str) -> (MockServer, World, Api) {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::parse(&format!("{CLOCK}{scenario}")).unwrap());
    let api = Api::of(&world);
    (server, world, api)
}

/// Returns a delivery's timestamp, counted from the start of the world.
fn seconds(timestamp: i64) -> u64 {
    u64::try_from(timestamp).unwrap() - START
}

/// Returns the path of a submit with a webhook.
fn with_webhook(model: &str, url: &str) -> String {
    format!("{model}?webhook={}", url.replace('%', "%25").replace('&', "%26"))
}

async fn submit(api: &Api, model: &str, url: &str) -> String {
    api.submit_to(&with_webhook(model, url), &input()).await
}

async fn advance(world: &World, seconds: u64) {
    world.advance(Duration::from_secs(seconds));
    world.settled().await;
}

/// The start of the worlds, in seconds since 1970.
const START: u64 = 1_767_225_600;

fn after(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(START + seconds)
}

fn verifier(world: &World) -> Verifier {
    Verifier::new(WebhookSecret::new(world.webhook_secret()).unwrap())
}

#[tokio::test]
async fn a_completed_job_sends_a_webhook() {
    let (_server, world, api) = setup("").await;
    let receiver = Receiver::start(&[]).await;
    let job = submit(&api, "mock/slow-5m", &receiver.url).await;
    advance(&world, 299).await;
    assert!(receiver.received().is_empty());
    advance(&world, 1).await;

    let [(headers, body)] = &receiver.received()[..] else { panic!("one delivery") };
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["webhook-id"], job);
    assert_eq!(headers["webhook-timestamp"], (START + 300).to_string());
    let delivery = verifier(&world).receive(headers, body, after(300)).unwrap();
    assert_eq!(delivery.prediction.id, job);

    let reported: Value = serde_json::from_slice(body).unwrap();
    let (_, polled) = api.poll(&job).await;
    let mut polled = polled["data"].clone();
    polled["input"] = input();
    assert_eq!(reported, polled, "the bare prediction and its input, no envelope");

    let [record] = &world.webhooks()[..] else { panic!("one record") };
    assert_eq!((record.number, &record.job_id, record.copy), (1, &job, 0));
    assert_eq!(record.state, DeliveryState::Delivered);
    assert_eq!(record.attempts[0].status, Some(204));
    assert_eq!(record.attempts[0].at, "2026-01-01T00:05:00.000000000Z");
    advance(&world, 3600).await;
    assert_eq!(receiver.received().len(), 1, "one delivery is enough");
}

#[tokio::test]
async fn the_api_returns_the_webhook_secret() {
    let (_server, world, api) = setup("").await;
    let (_, response) = api.get("webhook/secret").await;
    assert_eq!(response["data"]["secret"], world.webhook_secret());
    world.rotate_webhook_secret();
    let (_, other) = api.get("webhook/secret").await;
    assert_ne!(other, response);
    assert_eq!(other["data"]["secret"], world.webhook_secret());
}

#[tokio::test]
async fn only_completed_and_failed_send_a_webhook() {
    let (_server, world, api) = setup("").await;
    let receiver = Receiver::start(&[]).await;
    for model in ["mock/end-cancelled", "mock/end-timeout", "mock/end-odd", "mock/never"] {
        submit(&api, model, &receiver.url).await;
    }
    let failed = submit(&api, "mock/fail-1402", &receiver.url).await;
    api.submit_to("mock/instant", &input()).await;
    advance(&world, 60).await;
    assert_eq!(receiver.ids(), [failed]);
    let reported: Value = serde_json::from_slice(&receiver.received()[0].1).unwrap();
    assert_eq!((&reported["status"], &reported["code"]), (&json!("failed"), &json!(1402)));
    assert_eq!(reported["outputs"], json!([]));
}

#[tokio::test]
async fn polls_and_forced_states_send_a_webhook() {
    let rule = JobRule::new(Timeline::after_polls(2)).nth(1);
    let scenario = Scenario::parse(CLOCK).unwrap().job(rule);
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(scenario);
    let api = Api::of(&world);
    let receiver = Receiver::start(&[]).await;

    let polled = submit(&api, MODEL, &receiver.url).await;
    api.poll(&polled).await;
    world.settled().await;
    assert!(receiver.received().is_empty());
    api.poll(&polled).await;
    world.settled().await;
    assert_eq!(receiver.ids(), [polled.as_str()]);

    let held = submit(&api, "mock/slow-5s", &receiver.url).await;
    let forced = submit(&api, "mock/never", &receiver.url).await;
    let deleted = submit(&api, "mock/slow-5s", &receiver.url).await;
    api.post("predictions/delete", &json!({"ids": [deleted]})).await;
    assert!(world.hold(&held));
    advance(&world, 60).await;
    assert_eq!(receiver.received().len(), 1);
    assert!(world.force(&forced, "failed"));
    world.settled().await;
    assert!(world.release(&held));
    world.settled().await;
    assert_eq!(receiver.ids(), [polled, forced, held]);
}

#[tokio::test]
async fn a_delivery_is_retried_until_it_gets_2xx() {
    let (_server, world, api) = setup("").await;
    let receiver = Receiver::start(&[500, 302, 404]).await;
    submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    assert_eq!(receiver.received().len(), 1);
    advance(&world, 4).await;
    assert_eq!(receiver.received().len(), 1);
    advance(&world, 1).await;
    assert_eq!(receiver.received().len(), 2);
    // Everything that becomes due meanwhile happens, at its own time.
    advance(&world, 1000).await;
    let record = world.webhooks().remove(0);
    let reported: Vec<_> =
        record.attempts.iter().map(|a| (seconds(a.timestamp), a.status.unwrap())).collect();
    assert_eq!(reported, [(0, 500), (5, 302), (35, 404), (155, 204)]);
    assert_eq!(record.state, DeliveryState::Delivered);
    for ((headers, body), attempt) in receiver.received().iter().zip(&record.attempts) {
        let at = after(seconds(attempt.timestamp));
        let strict = verifier(&world).tolerance(Duration::ZERO);
        strict.verify(headers, body, at).unwrap();
    }
}

#[tokio::test]
async fn a_delivery_is_given_up_after_three_retries() {
    let (_server, world, api) = setup("").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let unused = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    submit(&api, "mock/instant", &unused).await;
    advance(&world, 3600).await;
    let record = world.webhooks().remove(0);
    assert_eq!((record.attempts.len(), record.state), (4, DeliveryState::GivenUp));
    assert!(record.attempts.iter().all(|a| a.status.is_none() && a.error.is_some()));
}

#[tokio::test]
async fn webhooks_are_sent_to_this_machine_only() {
    let (_server, world, api) = setup("webhooks: {retries: []}").await;
    for (url, word) in [
        ("http://192.0.2.1/hook", "this machine only"),
        ("https://127.0.0.1/hook", "http:// URLs only"),
        ("nonsense", "http:// URLs only"),
        ("", "not a URL"),
    ] {
        submit(&api, "mock/instant", url).await;
        world.settled().await;
        let record = world.webhooks().pop().unwrap();
        let error = record.attempts[0].error.as_deref().unwrap();
        assert!(error.contains(word), "{url}: {error}");
        assert_eq!(record.state, DeliveryState::GivenUp);
    }
}

#[tokio::test]
async fn webhooks_are_duplicated_delayed_and_dropped() {
    let scenario = "webhooks: {nth: 1, duplicate: 2, delay: 10s}";
    let (_server, world, api) = setup(scenario).await;
    let receiver = Receiver::start(&[]).await;
    let first = submit(&api, "mock/instant", &receiver.url).await;
    let second = submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    assert_eq!(receiver.ids(), [second.as_str()]);
    advance(&world, 10).await;
    assert_eq!(receiver.ids(), [&second, &first, &first, &first].map(String::as_str));
    let received = receiver.received();
    assert_eq!(received[1].1, received[3].1, "the copies are alike");
    assert_eq!(world.webhooks().iter().map(|d| d.copy).collect::<Vec<_>>(), [0, 1, 2, 0]);

    world.set_scenario(Scenario::parse("webhooks: {drop: true}").unwrap());
    submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    assert_eq!(world.webhooks().pop().unwrap().state, DeliveryState::Dropped);
    assert_eq!(receiver.received().len(), 4);
}

#[tokio::test]
async fn webhooks_are_sent_in_reversed_order() {
    let (_server, world, api) = setup("webhooks: {order: reversed}").await;
    let receiver = Receiver::start(&[]).await;
    let mut ids = Vec::new();
    for model in ["mock/instant", "mock/slow-500ms", "mock/slow-900ms", "mock/slow-5s"] {
        ids.push(submit(&api, model, &receiver.url).await);
    }
    advance(&world, 60).await;
    assert_eq!(receiver.ids(), [2, 1, 0, 3].map(|index| ids[index].clone()));
}

#[tokio::test]
async fn invalid_deliveries_are_rejected_by_the_client() {
    for (fields, expected) in [
        ("signature: bad", "the signature does not match"),
        ("signature: missing", "`webhook-signature` is missing"),
        ("signature: standard_webhooks", "got `v1`"),
        ("timestamp_offset: -10m", "signed 600 s ago"),
        ("timestamp_offset: 1h", "3600 s in the future"),
        ("truncate: 20", "the signature does not match"),
    ] {
        let (_server, world, api) = setup(&format!("webhooks: {{{fields}}}")).await;
        let receiver = Receiver::start(&[]).await;
        submit(&api, "mock/instant", &receiver.url).await;
        world.settled().await;
        let (headers, body) = receiver.received().remove(0);
        let reason = verifier(&world).verify(&headers, &body, after(0)).unwrap_err();
        assert!(reason.to_string().contains(expected), "{fields}: {reason}");
    }
}

#[tokio::test]
async fn the_secret_is_rotated_before_a_delivery() {
    let (_server, world, api) = setup("webhooks: {nth: 2, rotate_secret: true}").await;
    let receiver = Receiver::start(&[]).await;
    let old = verifier(&world);
    submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    let new = verifier(&world);
    let verify = |verifier: &Verifier, index: usize| {
        let (headers, body) = &receiver.received()[index];
        verifier.verify(headers, body, after(0))
    };
    assert!(verify(&old, 0).is_ok() && verify(&new, 1).is_ok());
    assert!(matches!(verify(&old, 1), Err(RejectReason::InvalidSignature { .. })));
}

#[tokio::test]
async fn a_webhook_is_sent_before_the_response_to_the_submit() {
    let (_server, world, api) = setup("webhooks: {before_answer: true}").await;
    let receiver = Receiver::start(&[]).await;
    let path = with_webhook(MODEL, &receiver.url);
    let (_, response) = api.post(&path, &input()).await;
    assert_eq!(receiver.ids(), [response["data"]["id"].as_str().unwrap()]);
    assert_eq!(response["data"]["status"], "created", "the response was made before");
    assert_eq!(api.state(&receiver.ids()[0]).await, "completed");

    // Also if the response is lost: then only the webhook reports the job.
    world.add_fault(Fault::at(RequestKind::Submit).after_accept().reset());
    let request = api.http.post(api.url(&path)).bearer_auth(&api.key).json(&input());
    assert!(request.send().await.is_err());
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(world.ledger().orphaned, 0);
    assert_eq!(world.ledger().delivered, 2);
}

#[tokio::test]
async fn a_running_clock_sends_webhooks_by_itself() {
    let receiver = Receiver::start(&[500]).await;
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::parse("clock: {mode: {scaled: 1000}}").unwrap());
    let job = submit(&Api::of(&world), "mock/slow-60s", &receiver.url).await;
    eventually("a retry", || receiver.ids() == [job.as_str(), &job]).await;
    eventually("its record", || world.webhooks()[0].state == DeliveryState::Delivered).await;

    let real = server.world();
    let job = submit(&Api::of(&real), "mock/slow-50ms", &receiver.url).await;
    eventually("a delivery", || receiver.ids().last() == Some(&job)).await;
}

#[tokio::test]
async fn webhooks_are_listed_and_redelivered_over_http() {
    let (server, world, api) = setup("").await;
    let receiver = Receiver::start(&[]).await;
    submit(&api, "mock/slow-5s", &receiver.url).await;
    let control = format!("{}/_mock/v1/worlds/{}", server.url(), world.id());
    let post = |path: &str, body: &'static str| {
        let request = api.http.post(format!("{control}/{path}")).body(body);
        let request = request.header("Content-Type", "application/yaml");
        async { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(post("clock", "{advance: 5s}").await, 200);
    assert_eq!(receiver.received().len(), 1, "it was sent when the clock's route responses");
    assert_eq!(post("clock", "{advance: 60s}").await, 200);
    assert_eq!(post("webhooks/1/redeliver", "").await, 200);
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(post("webhooks/2/redeliver", "").await, 404);
    assert_eq!(post("webhooks/0/redeliver", "").await, 404);
    let records = api.http.get(format!("{control}/webhooks")).send().await.unwrap();
    let records: Value = serde_json::from_str(&records.text().await.unwrap()).unwrap();
    assert_eq!(records[0]["state"], "delivered");
    let times: Vec<_> =
        records[0]["attempts"].as_array().unwrap().iter().map(|a| a["timestamp"].clone()).collect();
    assert_eq!(times, [json!(START + 5), json!(START + 65)], "with a new signature");
}

#[tokio::test]
async fn a_reset_or_stop_drops_pending_webhooks() {
    let (server, world, api) = setup("").await;
    let receiver = Receiver::start(&[500]).await;
    submit(&api, "mock/instant", &receiver.url).await;
    submit(&api, "mock/slow-5s", &receiver.url).await;
    world.settled().await;
    world.reset();
    advance(&world, 3600).await;
    assert_eq!((receiver.received().len(), world.webhooks().len()), (1, 0));

    submit(&api, "mock/slow-5s", &receiver.url).await;
    drop(server);
    advance(&world, 3600).await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn many_webhooks_are_sent_once_and_in_order() {
    let (_server, world, api) = setup("").await;
    let receiver = Receiver::start(&[]).await;
    let mut ids = Vec::new();
    for _ in 0..300 {
        ids.push(submit(&api, "mock/slow-5s", &receiver.url).await);
    }
    advance(&world, 5).await;
    assert_eq!(receiver.ids(), ids);
    assert_eq!(world.ledger().delivered, 300);
}

#[tokio::test]
async fn a_slow_receiver_delays_only_its_job() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::parse("clock: {mode: {scaled: 1000}}").unwrap());
    let api = Api::of(&world);
    // It accepts connections and never responds.
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silence = format!("http://{}/hook", deaf.local_addr().unwrap());
    let receiver = Receiver::start(&[]).await;
    let slow = submit(&api, MODEL, &silence).await;
    // Its delivery is in flight before there is another.
    let tried =
        |job: &str| world.webhooks().iter().any(|it| it.job_id == job && it.attempts.len() == 1);
    eventually("the first is tried", || tried(&slow)).await;
    let quick = submit(&api, MODEL, &receiver.url).await;
    eventually("the second arrives", || receiver.ids() == [quick.clone()]).await;
    let records = world.webhooks();
    let slow = records.iter().find(|it| it.job_id == slow).unwrap();
    assert_eq!(slow.state, DeliveryState::Waiting);
    assert_eq!(
        (slow.attempts[0].status, &slow.attempts[0].error),
        (None, &None),
        "no response yet"
    );
}
