//! The events of a world.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};
use viseme_mock::{ClockMode, Fault, MockServer, RequestKind, Scenario, World};

use crate::support::{Api, MODEL, http, input};

/// One event.
#[derive(Debug)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

/// A client that reads events.
struct Reader {
    response: reqwest::Response,
    /// Events that are not complete yet.
    rest: Vec<u8>,
    /// Events that were not read yet.
    ready: VecDeque<String>,
}

impl Reader {
    async fn open(server: &MockServer, world: &World, last: Option<&str>) -> Self {
        let url = format!("{}/_mock/v1/worlds/{}/events", server.url(), world.id());
        let request = http().get(url);
        let request = match last {
            Some(last) => request.header("Last-Event-ID", last),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, rest: Vec::new(), ready: VecDeque::new() }
    }

    /// Returns the events up to the first that fits, inclusive.
    async fn until(&mut self, fits: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        let reading = async {
            loop {
                while let Some(text) = self.ready.pop_front() {
                    let parsed = parse(&text).map(each_exchange).unwrap_or_default();
                    let is_last = parsed.iter().any(&fits);
                    events.extend(parsed);
                    if is_last {
                        return;
                    }
                }
                let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
                self.rest.extend_from_slice(&chunk);
                // A piece can end within a character.
                if self.rest.ends_with(b"\n\n") {
                    let text = String::from_utf8(std::mem::take(&mut self.rest)).unwrap();
                    self.ready.extend(text.split_terminator("\n\n").map(str::to_owned));
                }
            }
        };
        let result = tokio::time::timeout(Duration::from_secs(20), reading).await;
        assert!(result.is_ok(), "no such event among {events:?}");
        events
    }
}

fn parse(text: &str) -> Option<Event> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    Some(Event {
        id: field("id: ")?.to_owned(),
        name: field("event: ")?.to_owned(),
        data: serde_json::from_str(field("data: ")?).unwrap(),
    })
}

/// Returns an event for each exchange of a group; each has the fields that differ from the one before.
fn each_exchange(event: Event) -> Vec<Event> {
    if event.name != "exchanges" {
        return vec![event];
    }
    let mut exchange = json!({"sequence": 0});
    let mut events = Vec::new();
    for changes in event.data.as_array().unwrap() {
        exchange["sequence"] = (exchange["sequence"].as_u64().unwrap() + 1).into();
        for (name, value) in changes.as_object().unwrap() {
            exchange[name] = value.clone();
        }
        let (id, name) = (event.id.clone(), "exchange".to_owned());
        events.push(Event { id, name, data: exchange.clone() });
    }
    events
}

/// Returns whether the event is the end of the exchange with this number.
fn ends(sequence: u64) -> impl Fn(&Event) -> bool {
    move |event| {
        event.name == "exchange"
            && event.data["sequence"] == sequence
            && event.data["termination"] != "open"
    }
}

async fn submit(world: &World) -> String {
    Api::of(world).submit().await
}

async fn poll(world: &World, job: &str) {
    Api::of(world).poll(job).await;
}

#[tokio::test]
async fn a_new_reader_gets_the_state_and_then_every_change() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual));
    let job = submit(&world).await;
    let mut reader = Reader::open(&server, &world, None).await;
    let events = reader.until(ends(1)).await;
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    for name in ["scenario", "clock", "ledger", "faults", "job", "exchange"] {
        assert_eq!(names.iter().filter(|found| **found == name).count(), 1, "{name}: {names:?}");
    }

    poll(&world, &job).await;
    let events = reader.until(ends(2)).await;
    let exchange = &events.last().unwrap().data;
    assert_eq!(exchange["kind"], "poll");
    assert_eq!(exchange["status"], 200);
    assert_eq!(exchange["job_id"], *job);

    // The clock moves the job: there is no poll.
    world.advance(Duration::from_secs(1));
    let events = reader.until(|event| event.name == "job").await;
    assert_eq!(events.last().unwrap().data["status"], "processing");
    assert!(world.force(&job, "failed"));
    let events = reader.until(|event| event.name == "job").await;
    assert_eq!(events.last().unwrap().data["status"], "failed");
    assert_eq!(events.last().unwrap().data["forced"], true);
    reader.until(|event| event.name == "ledger" && event.data["kept_usd"] == 0.0).await;

    world.reset();
    let events = reader.until(|event| event.name == "reset").await;
    assert_eq!(events.last().unwrap().data, json!({}));
    reader.until(|event| event.name == "ledger" && event.data["charges"] == 0).await;
}

#[tokio::test]
async fn a_running_clock_moves_jobs_without_a_request() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Scaled(20.0)));
    submit(&world).await;
    let mut reader = Reader::open(&server, &world, None).await;
    let is_done = |event: &Event| event.name == "job" && event.data["status"] == "completed";
    let events = reader.until(is_done).await;
    let done = &events.last().unwrap().data;
    assert_eq!(done["next_change_at"], Value::Null);
    assert_eq!(done["polls"], 0);
}

#[tokio::test]
async fn a_reader_resumes_without_loss_or_doubles() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let job = submit(&world).await;
    let mut seen = BTreeMap::<u64, u32>::new();
    let mut last: Option<String> = None;
    let mut sent = 1;
    // Each connection reads a part, and requests arrive while there is none.
    for round in 0..20 {
        for _ in 0..7 {
            poll(&world, &job).await;
            sent += 1;
        }
        let wanted = if round == 19 { sent } else { sent - 3 };
        let mut reader = Reader::open(&server, &world, last.as_deref()).await;
        let events = reader.until(ends(wanted)).await;
        last = events.last().map(|event| event.id.clone());
        for event in events.iter().filter(|event| event.name == "exchange") {
            if event.data["termination"] != "open" {
                *seen.entry(event.data["sequence"].as_u64().unwrap()).or_default() += 1;
            }
        }
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), (1..=sent).collect::<Vec<_>>());
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
}

#[tokio::test]
async fn readers_under_load_get_every_exchange_once() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let job = submit(&world).await;
    let reads = (0..5).map(|_| async {
        let mut reader = Reader::open(&server, &world, None).await;
        reader.until(ends(2001)).await
    });
    let api = Api::of(&world);
    let polls = async {
        for _ in 0..2000 {
            api.poll(&job).await;
        }
    };
    let (all, ()) = futures_util::future::join(futures_util::future::join_all(reads), polls).await;
    for events in all {
        let mut ended: Vec<u64> = events
            .iter()
            .filter(|event| event.name == "exchange" && event.data["termination"] != "open")
            .filter_map(|event| event.data["sequence"].as_u64())
            .collect();
        ended.sort_unstable();
        assert_eq!(ended, (1..=2001).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn many_exchanges_in_a_row_are_one_short_event() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual));
    let job = submit(&world).await;
    for _ in 0..99 {
        poll(&world, &job).await;
    }
    let balance = http().get(format!("{}/api/v3/balance", world.base_url()));
    balance.bearer_auth(world.key()).send().await.unwrap();
    let mut reader = Reader::open(&server, &world, None).await;
    let events = reader.until(ends(101)).await;
    let exchanges: Vec<_> = events.iter().filter(|event| event.name == "exchange").collect();
    let journal = world.journal();
    assert_eq!((exchanges.len(), journal.len()), (101, 101));
    for (event, entry) in exchanges.iter().zip(&journal) {
        let entry = serde_json::to_value(entry).unwrap();
        for (name, value) in event.data.as_object().unwrap() {
            assert_eq!(*value, entry[name], "{name} of {}", entry["sequence"]);
        }
    }
    assert_eq!(exchanges[0].id, exchanges[100].id, "they are one event");
    // The last one has no job.
    assert_eq!(
        (&exchanges[100].data["job_id"], &exchanges[99].data["job_id"]),
        (&Value::Null, &json!(job))
    );
}

#[tokio::test]
async fn an_id_of_an_earlier_server_starts_over() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    submit(&world).await;
    for last in ["0123456789abcdef-1", "nonsense", "-", "0123456789abcdef-99999999999999999999"] {
        let events = Reader::open(&server, &world, Some(last)).await.until(ends(1)).await;
        assert!(events.iter().any(|event| event.name == "clock"), "{last}");
    }
    let mut reader = Reader::open(&server, &world, Some("latest")).await;
    world.advance(Duration::from_secs(1));
    let events = reader.until(|event| event.name == "clock").await;
    assert!(events.iter().all(|event| event.name != "exchange"), "{events:?}");
}

#[tokio::test]
async fn a_reader_learns_that_exchanges_were_dropped() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let job = submit(&world).await;
    let count = 20_500;
    let api = Api::of(&world);
    let polls = (0..4).map(|_| async {
        for _ in 0..count / 4 {
            api.poll(&job).await;
        }
    });
    futures_util::future::join_all(polls).await;
    let mut reader = Reader::open(&server, &world, None).await;
    let events = reader.until(ends(count + 1)).await;
    let missed = events.iter().find(|event| event.name == "missed").expect("a missed event");
    assert_eq!(missed.data["first_sequence"], count + 1 - 20_000 + 1);
    assert_eq!(events.iter().filter(|event| event.name == "exchange").count(), 20_000);
}

#[tokio::test]
async fn events_of_one_world_do_not_reach_another() {
    let server = MockServer::start().await.unwrap();
    let (one, other) = (server.world(), server.world());
    let mut reader = Reader::open(&server, &other, None).await;
    submit(&one).await;
    submit(&other).await;
    let events = reader.until(ends(1)).await;
    let jobs = events.iter().filter(|event| event.name == "job").count();
    assert_eq!(jobs, 1, "{events:?}");
}

#[tokio::test]
async fn the_stream_ends_with_its_world() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let mut reader = Reader::open(&server, &world, None).await;
    reader.until(|event| event.name == "clock").await;
    assert!(server.remove_world(world.id()));
    let end = async { while reader.response.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), end).await.expect("the stream ends");
}

#[tokio::test]
async fn a_limited_number_of_readers_is_accepted() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let mut readers = Vec::new();
    for _ in 0..64 {
        readers.push(Reader::open(&server, &world, None).await);
    }
    let url = format!("{}/_mock/v1/worlds/{}/events", server.url(), world.id());
    assert_eq!(http().get(&url).send().await.unwrap().status(), 429);
    drop(readers);
    // The server notices a closed connection when it sends the next event.
    for _ in 0..200 {
        world.advance(Duration::from_secs(1));
        if http().get(&url).send().await.unwrap().status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no place is free");
}

#[tokio::test]
async fn webhooks_and_faults_are_events() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Manual));
    let mut reader = Reader::open(&server, &world, None).await;
    world.add_fault(Fault::at(RequestKind::Poll).status(503));
    reader.until(|event| event.name == "faults" && event.data[0]["triggered"] == 0).await;
    let model = format!("{MODEL}?webhook=http%3A%2F%2F127.0.0.1%3A1%2Fhook");
    let job = Api::of(&world).submit_to(&model, &input()).await;
    poll(&world, &job).await;
    let events =
        reader.until(|event| event.name == "faults" && event.data[0]["triggered"] == 1).await;
    assert!(!events.is_empty());
    world.advance(Duration::from_secs(5));
    world.settled().await;
    let events = reader
        .until(|event| event.name == "webhook" && event.data["attempts"][0]["error"] != Value::Null)
        .await;
    assert_eq!(events.last().unwrap().data["number"], 1);
}
