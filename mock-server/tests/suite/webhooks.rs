//! Webhooks: what is sent where, when, how often, and how it is signed. The signatures are
//! verified by the client's own code.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use viseme::webhook::{Refusal, Verifier, WebhookSecret};
use viseme_mock::{
    DeliveryState, Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World,
};

use crate::support::{Api, MODEL, eventually, input};

/// Takes deliveries on a port of its own.
struct Receiver {
    url: String,
    inbox: Inbox,
}

type Taken = (HeaderMap, Vec<u8>);

#[derive(Clone, Default)]
struct Inbox {
    taken: Arc<Mutex<Vec<Taken>>>,
    /// What is answered, one after the other; then 204.
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    async fn start(answers: &[u16]) -> Self {
        let inbox = Inbox::default();
        inbox.answers.lock().unwrap().extend(answers);
        let app = axum::Router::new().fallback(take).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?a=b%20c", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inbox }
    }

    fn taken(&self) -> Vec<Taken> {
        self.inbox.taken.lock().unwrap().clone()
    }

    /// The job of each delivery, in the order in which they came.
    fn ids(&self) -> Vec<String> {
        let id = |(headers, _): Taken| headers["webhook-id"].to_str().unwrap().to_owned();
        self.taken().into_iter().map(id).collect()
    }
}

async fn take(
    State(inbox): State<Inbox>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> StatusCode {
    assert_eq!(uri.path_and_query().unwrap(), "/hook?a=b%20c");
    inbox.taken.lock().unwrap().push((headers, body.to_vec()));
    let answer = inbox.answers.lock().unwrap().pop_front();
    StatusCode::from_u16(answer.unwrap_or(204)).unwrap()
}

const CLOCK: &str = "clock: {mode: manual, start: 2026-01-01T00:00:00Z}\n";

/// A world on a manual clock, with this script besides.
async fn stage(script: &str) -> (MockServer, World, Api) {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::parse(&format!("{CLOCK}{script}")).unwrap());
    let api = Api::of(&world);
    (server, world, api)
}

/// A delivery's timestamp, counted from the beginning of the world.
fn seconds(timestamp: i64) -> u64 {
    u64::try_from(timestamp).unwrap() - START
}

/// The path of a submit that is to call back there.
fn calling_back(model: &str, url: &str) -> String {
    format!("{model}?webhook={}", url.replace('%', "%25").replace('&', "%26"))
}

async fn submit(api: &Api, model: &str, url: &str) -> String {
    api.submit_to(&calling_back(model, url), &input()).await
}

async fn advance(world: &World, seconds: u64) {
    world.advance(Duration::from_secs(seconds));
    world.settled().await;
}

/// When the worlds here begin, in seconds since 1970.
const START: u64 = 1_767_225_600;

fn after(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(START + seconds)
}

fn verifier(world: &World) -> Verifier {
    Verifier::new(WebhookSecret::new(world.webhook_secret()).unwrap())
}

#[tokio::test]
async fn a_completed_job_calls_back_when_it_ends() {
    let (_server, world, api) = stage("").await;
    let receiver = Receiver::start(&[]).await;
    let job = submit(&api, "mock/slow-5m", &receiver.url).await;
    advance(&world, 299).await;
    assert!(receiver.taken().is_empty());
    advance(&world, 1).await;

    let [(headers, body)] = &receiver.taken()[..] else { panic!("one delivery") };
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["webhook-id"], job);
    assert_eq!(headers["webhook-timestamp"], (START + 300).to_string());
    let delivery = verifier(&world).receive(headers, body, after(300)).unwrap();
    assert_eq!(delivery.prediction.id, job);

    let told: Value = serde_json::from_slice(body).unwrap();
    let (_, polled) = api.poll(&job).await;
    let mut polled = polled["data"].clone();
    polled["input"] = input();
    assert_eq!(told, polled, "the bare prediction and its input, no envelope");

    let [record] = &world.webhooks()[..] else { panic!("one record") };
    assert_eq!((record.number, &record.job_id, record.copy), (1, &job, 0));
    assert_eq!(record.state, DeliveryState::Delivered);
    assert_eq!(record.attempts[0].status, Some(204));
    assert_eq!(record.attempts[0].at, "2026-01-01T00:05:00.000000000Z");
    advance(&world, 3600).await;
    assert_eq!(receiver.taken().len(), 1, "heard once is enough");
}

#[tokio::test]
async fn the_secret_is_the_one_the_api_gives() {
    let (_server, world, api) = stage("").await;
    let (_, answer) = api.get("webhook/secret").await;
    assert_eq!(answer["data"]["secret"], world.webhook_secret());
    world.rotate_webhook_secret();
    let (_, other) = api.get("webhook/secret").await;
    assert_ne!(other, answer);
    assert_eq!(other["data"]["secret"], world.webhook_secret());
}

#[tokio::test]
async fn which_ends_are_told() {
    let (_server, world, api) = stage("").await;
    let receiver = Receiver::start(&[]).await;
    for model in ["mock/end-cancelled", "mock/end-timeout", "mock/end-odd", "mock/never"] {
        submit(&api, model, &receiver.url).await;
    }
    let failed = submit(&api, "mock/fail-1402", &receiver.url).await;
    api.submit_to("mock/instant", &input()).await;
    advance(&world, 60).await;
    assert_eq!(receiver.ids(), [failed]);
    let told: Value = serde_json::from_slice(&receiver.taken()[0].1).unwrap();
    assert_eq!((&told["status"], &told["code"]), (&json!("failed"), &json!(1402)));
    assert_eq!(told["outputs"], json!([]));
}

#[tokio::test]
async fn ends_that_polls_and_people_bring_about() {
    let rule = JobRule::new(Timeline::after_polls(2)).nth(1);
    let scenario = Scenario::parse(CLOCK).unwrap().job(rule);
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(scenario);
    let api = Api::of(&world);
    let receiver = Receiver::start(&[]).await;

    let polled = submit(&api, MODEL, &receiver.url).await;
    api.poll(&polled).await;
    world.settled().await;
    assert!(receiver.taken().is_empty());
    api.poll(&polled).await;
    world.settled().await;
    assert_eq!(receiver.ids(), [polled.as_str()]);

    let held = submit(&api, "mock/slow-5s", &receiver.url).await;
    let forced = submit(&api, "mock/never", &receiver.url).await;
    let deleted = submit(&api, "mock/slow-5s", &receiver.url).await;
    api.post("predictions/delete", &json!({"ids": [deleted]})).await;
    assert!(world.hold(&held));
    advance(&world, 60).await;
    assert_eq!(receiver.taken().len(), 1);
    assert!(world.force(&forced, "failed"));
    world.settled().await;
    assert!(world.release(&held));
    world.settled().await;
    assert_eq!(receiver.ids(), [polled, forced, held]);
}

#[tokio::test]
async fn it_is_tried_again_until_it_is_heard() {
    let (_server, world, api) = stage("").await;
    let receiver = Receiver::start(&[500, 302, 404]).await;
    submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    assert_eq!(receiver.taken().len(), 1);
    advance(&world, 4).await;
    assert_eq!(receiver.taken().len(), 1);
    advance(&world, 1).await;
    assert_eq!(receiver.taken().len(), 2);
    // All that falls due on the way happens, at its own time.
    advance(&world, 1000).await;
    let record = world.webhooks().remove(0);
    let told: Vec<_> =
        record.attempts.iter().map(|a| (seconds(a.timestamp), a.status.unwrap())).collect();
    assert_eq!(told, [(0, 500), (5, 302), (35, 404), (155, 204)]);
    assert_eq!(record.state, DeliveryState::Delivered);
    for ((headers, body), attempt) in receiver.taken().iter().zip(&record.attempts) {
        let at = after(seconds(attempt.timestamp));
        let strict = verifier(&world).tolerance(Duration::ZERO);
        strict.verify(headers, body, at).unwrap();
    }
}

#[tokio::test]
async fn it_is_given_up_after_three_retries() {
    let (_server, world, api) = stage("").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    submit(&api, "mock/instant", &nobody).await;
    advance(&world, 3600).await;
    let record = world.webhooks().remove(0);
    assert_eq!((record.attempts.len(), record.state), (4, DeliveryState::GivenUp));
    assert!(record.attempts.iter().all(|a| a.status.is_none() && a.error.is_some()));
}

#[tokio::test]
async fn only_this_machine_is_called() {
    let (_server, world, api) = stage("webhooks: {retries: []}").await;
    for (url, word) in [
        ("http://192.0.2.1/hook", "this machine alone"),
        ("https://127.0.0.1/hook", "plain http"),
        ("nonsense", "plain http"),
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
async fn duplicates_delays_and_drops() {
    let script = "webhooks: {nth: 1, duplicate: 2, delay: 10s}";
    let (_server, world, api) = stage(script).await;
    let receiver = Receiver::start(&[]).await;
    let first = submit(&api, "mock/instant", &receiver.url).await;
    let second = submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    assert_eq!(receiver.ids(), [second.as_str()]);
    advance(&world, 10).await;
    assert_eq!(receiver.ids(), [&second, &first, &first, &first].map(String::as_str));
    let taken = receiver.taken();
    assert_eq!(taken[1].1, taken[3].1, "the copies are alike");
    assert_eq!(world.webhooks().iter().map(|d| d.copy).collect::<Vec<_>>(), [0, 1, 2, 0]);

    world.set_scenario(Scenario::parse("webhooks: {drop: true}").unwrap());
    submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    assert_eq!(world.webhooks().pop().unwrap().state, DeliveryState::Dropped);
    assert_eq!(receiver.taken().len(), 4);
}

#[tokio::test]
async fn the_order_is_turned_round() {
    let (_server, world, api) = stage("webhooks: {order: reversed}").await;
    let receiver = Receiver::start(&[]).await;
    let mut ids = Vec::new();
    for model in ["mock/instant", "mock/slow-500ms", "mock/slow-900ms", "mock/slow-5s"] {
        ids.push(submit(&api, model, &receiver.url).await);
    }
    advance(&world, 60).await;
    assert_eq!(receiver.ids(), [2, 1, 0, 3].map(|index| ids[index].clone()));
}

#[tokio::test]
async fn what_is_signed_wrong_is_refused() {
    for (script, expected) in [
        ("signature: bad", "the signature does not fit"),
        ("signature: missing", "`webhook-signature` is missing"),
        ("signature: standard_webhooks", "scheme `v1`"),
        ("timestamp_offset: -10m", "signed 600 s ago"),
        ("timestamp_offset: 1h", "3600 s in the future"),
        ("truncate: 20", "the signature does not fit"),
    ] {
        let (_server, world, api) = stage(&format!("webhooks: {{{script}}}")).await;
        let receiver = Receiver::start(&[]).await;
        submit(&api, "mock/instant", &receiver.url).await;
        world.settled().await;
        let (headers, body) = receiver.taken().remove(0);
        let refusal = verifier(&world).verify(&headers, &body, after(0)).unwrap_err();
        assert!(refusal.to_string().contains(expected), "{script}: {refusal}");
    }
}

#[tokio::test]
async fn the_secret_is_replaced_before_a_delivery() {
    let (_server, world, api) = stage("webhooks: {nth: 2, rotate_secret: true}").await;
    let receiver = Receiver::start(&[]).await;
    let old = verifier(&world);
    submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    submit(&api, "mock/instant", &receiver.url).await;
    world.settled().await;
    let new = verifier(&world);
    let fits = |verifier: &Verifier, index: usize| {
        let (headers, body) = &receiver.taken()[index];
        verifier.verify(headers, body, after(0))
    };
    assert!(fits(&old, 0).is_ok() && fits(&new, 1).is_ok());
    assert!(matches!(fits(&old, 1), Err(Refusal::BadSignature { .. })));
}

#[tokio::test]
async fn a_webhook_comes_before_the_answer_to_the_submit() {
    let (_server, world, api) = stage("webhooks: {before_answer: true}").await;
    let receiver = Receiver::start(&[]).await;
    let path = calling_back(MODEL, &receiver.url);
    let (_, answer) = api.post(&path, &input()).await;
    assert_eq!(receiver.ids(), [answer["data"]["id"].as_str().unwrap()]);
    assert_eq!(answer["data"]["status"], "created", "the answer was written before");
    assert_eq!(api.state(&receiver.ids()[0]).await, "completed");

    // Also where the answer is lost: then the webhook alone tells of the job.
    world.add_fault(Fault::at(RequestKind::Submit).after_accept().reset());
    let request = api.http.post(api.url(&path)).bearer_auth(&api.key).json(&input());
    assert!(request.send().await.is_err());
    assert_eq!(receiver.taken().len(), 2);
    assert_eq!(world.ledger().orphaned, 0);
    assert_eq!(world.ledger().delivered, 2);
}

#[tokio::test]
async fn a_running_clock_sends_by_itself() {
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
async fn by_hand_over_http() {
    let (server, world, api) = stage("").await;
    let receiver = Receiver::start(&[]).await;
    submit(&api, "mock/slow-5s", &receiver.url).await;
    let control = format!("{}/_mock/v1/worlds/{}", server.url(), world.id());
    let post = |path: &str, body: &'static str| {
        let request = api.http.post(format!("{control}/{path}")).body(body);
        async { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(post("clock", "{advance: 5s}").await, 200);
    assert_eq!(receiver.taken().len(), 1, "it was sent when the clock's route answers");
    assert_eq!(post("clock", "{advance: 60s}").await, 200);
    assert_eq!(post("webhooks/1/redeliver", "").await, 200);
    assert_eq!(receiver.taken().len(), 2);
    assert_eq!(post("webhooks/2/redeliver", "").await, 404);
    assert_eq!(post("webhooks/0/redeliver", "").await, 404);
    let records = api.http.get(format!("{control}/webhooks")).send().await.unwrap();
    let records: Value = serde_json::from_str(&records.text().await.unwrap()).unwrap();
    assert_eq!(records[0]["state"], "delivered");
    let times: Vec<_> =
        records[0]["attempts"].as_array().unwrap().iter().map(|a| a["timestamp"].clone()).collect();
    assert_eq!(times, [json!(START + 5), json!(START + 65)], "signed anew");
}

#[tokio::test]
async fn a_reset_and_the_end_of_the_server_forget_what_was_to_be_sent() {
    let (server, world, api) = stage("").await;
    let receiver = Receiver::start(&[500]).await;
    submit(&api, "mock/instant", &receiver.url).await;
    submit(&api, "mock/slow-5s", &receiver.url).await;
    world.settled().await;
    world.reset();
    advance(&world, 3600).await;
    assert_eq!((receiver.taken().len(), world.webhooks().len()), (1, 0));

    submit(&api, "mock/slow-5s", &receiver.url).await;
    drop(server);
    advance(&world, 3600).await;
    assert_eq!(receiver.taken().len(), 1);
}

#[tokio::test]
async fn many_are_sent_in_order_and_once() {
    let (_server, world, api) = stage("").await;
    let receiver = Receiver::start(&[]).await;
    let mut ids = Vec::new();
    for _ in 0..300 {
        ids.push(submit(&api, "mock/slow-5s", &receiver.url).await);
    }
    advance(&world, 5).await;
    assert_eq!(receiver.ids(), ids);
    assert_eq!(world.ledger().delivered, 300);
}

/// Where a clock runs, a receiver that does not answer holds up its own job alone.
#[tokio::test]
async fn a_slow_receiver_delays_nobody_else() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::parse("clock: {mode: {scaled: 1000}}").unwrap());
    let api = Api::of(&world);
    // It takes connections and never says a word.
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silence = format!("http://{}/hook", deaf.local_addr().unwrap());
    let receiver = Receiver::start(&[]).await;
    let slow = submit(&api, MODEL, &silence).await;
    // Its delivery is under way before there is another.
    let tried =
        |job: &str| world.webhooks().iter().any(|it| it.job_id == job && it.attempts.len() == 1);
    eventually("the first is tried", || tried(&slow)).await;
    let quick = submit(&api, MODEL, &receiver.url).await;
    eventually("the second is heard", || receiver.ids() == [quick.clone()]).await;
    let records = world.webhooks();
    let slow = records.iter().find(|it| it.job_id == slow).unwrap();
    assert_eq!(slow.state, DeliveryState::Waiting);
    assert_eq!((slow.attempts[0].status, &slow.attempts[0].error), (None, &None), "no answer yet");
}
