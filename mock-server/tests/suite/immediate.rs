//! Most polls take a short way through the server. Here it is compared with the ordinary way: two servers get
//! the same requests over one connection each, and one has a fault that no request triggers, for which it
//! looks at every poll. All bytes must be the same, and all that the worlds remember.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use viseme_mock::{ClockMode, Fault, MockServer, RequestKind, Scenario, World};

use crate::support::{MODEL, PATIENCE, input, split};

const SCENARIO: &str = "
clock: {mode: manual, start: 2026-01-31T09:00:00Z}
jobs:
  - {match: {nth: 2}, timeline: {after_polls: 2}}
  - {match: {nth: 3}, timeline: [{created: 0s}, {failed: 4s}]}
";
const STEPS: u64 = 28;
/// The step whose request belongs to no world.
const UNKNOWN_KEY: u64 = 13;

/// A world, and the connection to it.
struct Side {
    _server: MockServer,
    world: World,
    stream: TcpStream,
    is_ordinary: bool,
}

impl Side {
    async fn new(is_ordinary: bool) -> Self {
        let server = MockServer::start().await.unwrap();
        let world = server.world_with_id("w", Scenario::parse(SCENARIO).unwrap()).unwrap();
        let address = world.base_url().strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let side = Self { _server: server, world, stream, is_ordinary };
        side.take_ordinary_way();
        side
    }

    fn take_ordinary_way(&self) {
        if self.is_ordinary {
            assert!(self.world.add_fault(Fault::at(RequestKind::Poll).nth(u64::MAX).status(599)));
        }
    }

    /// Returns the bytes of the response.
    async fn exchange(&mut self, request: &str) -> Vec<u8> {
        tokio::time::timeout(PATIENCE, self.exchange_in_time(request)).await.unwrap()
    }

    async fn exchange_in_time(&mut self, request: &str) -> Vec<u8> {
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        loop {
            assert_ne!(self.stream.read_buf(&mut bytes).await.unwrap(), 0, "{request}");
            if !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
                continue;
            }
            let (head, body) = split(&bytes);
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if request.starts_with("HEAD") || body.len() == length {
                return bytes;
            }
        }
    }

    /// Takes one step. Returns the bytes of a response, if there is one.
    async fn step(&mut self, step: u64) -> Vec<u8> {
        let jobs: Vec<String> = self.world.jobs().into_iter().map(|job| job.id).collect();
        let job = |back: usize| {
            let index = jobs.len().checked_sub(back);
            index.and_then(|index| jobs.get(index)).map_or("none", String::as_str)
        };
        let (newest, older) = (job(1), job(3));
        let poll = format!("/api/v3/predictions/{newest}/result");
        let submit = format!("/api/v3/{MODEL}");
        let request = match step {
            0..4 => self.request("GET", &poll, "", ""),
            4 => self.request("GET", &format!("/api/v3/predictions/{older}/result"), "", ""),
            5 => self.request("GET", &format!("/api/v3/predictions/{older}"), "", ""),
            6 => self.request("GET", &format!("{poll}?a=b&c"), "", ""),
            7 => self.request("GET", &poll.replace("/result", "/%72esult"), "", ""),
            8 => self.request("GET", "/api/v3/predictions/unknown/result", "", ""),
            9 => self.request("GET", &poll, "X-Trace: 1\r\nCookie: a=b\r\n", ""),
            10 => self.request("GET", &poll, "Origin: http://localhost:1\r\n", ""),
            11 => self.request("GET", &poll, "", "{}"),
            12 => self.request("GET", &poll, "", "").replace("localhost:1", "localhost:2"),
            UNKNOWN_KEY => self.request("GET", &poll, "", "").replace("Bearer mock-w", "Bearer no"),
            14 => self.request("HEAD", &poll, "", ""),
            15 => self.request("POST", &poll, "", ""),
            16 | 17 => self.request("POST", &submit, "", &input().to_string()),
            18 => {
                let mut input = input();
                input["enable_base64_output"] = json!(true);
                self.request("POST", &submit, "", &input.to_string())
            }
            19 => self.request("GET", "/api/v3/balance", "", ""),
            20 => {
                let body = json!({"ids": [older]}).to_string();
                self.request("POST", "/api/v3/predictions/delete", "", &body)
            }
            _ => {
                self.act(step, newest);
                return Vec::new();
            }
        };
        let response = self.exchange(&request).await;
        // A response of no world has the real date.
        if step == UNKNOWN_KEY { without_date(&response) } else { response }
    }

    fn act(&self, step: u64, job: &str) {
        match step {
            21 => self.world.advance(Duration::from_millis(1500)),
            22 => self.world.advance(Duration::from_secs(8 * 24 * 60 * 60)),
            23 => drop(self.world.force(job, "failed")),
            24 => drop(self.world.release(job)),
            25 => self.world.set_clock(ClockMode::Auto),
            26 => {
                self.world.set_clock(ClockMode::Manual);
                assert!(self.world.add_fault(Fault::at(RequestKind::Poll).nth(2).status(503)));
            }
            _ => {
                self.world.clear_faults();
                self.world.reset();
                self.take_ordinary_way();
            }
        }
    }

    fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let length = match body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer mock-w\r\n\
             {headers}{length}\r\n{body}"
        )
    }

    /// Returns all that the world remembers, without real time and the faults.
    fn memory(&self) -> Value {
        let mut journal = json!(self.world.journal());
        for exchange in journal.as_array_mut().unwrap() {
            for field in ["wall_ms", "ended_wall_ms", "fault_index"] {
                exchange.as_object_mut().unwrap().remove(field);
            }
        }
        json!([journal, self.world.jobs(), self.world.ledger()])
    }
}

fn without_date(response: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(response);
    text.split_inclusive('\n').filter(|line| !line.starts_with("date: ")).collect::<String>().into()
}

/// Takes the same steps on both sides.
async fn compare(steps: &[u64]) {
    let (mut short, mut ordinary) = (Side::new(false).await, Side::new(true).await);
    for (index, step) in steps.iter().enumerate() {
        let (one, other) = (short.step(*step).await, ordinary.step(*step).await);
        let (one, other) = (String::from_utf8_lossy(&one), String::from_utf8_lossy(&other));
        assert_eq!(one, other, "step {index} of {steps:?}");
    }
    assert_eq!(short.memory(), ordinary.memory(), "{steps:?}");
}

#[tokio::test]
async fn two_polls_with_any_step_between_them_are_answered_as_the_ordinary_way_does() {
    for step in 0..STEPS {
        compare(&[16, 0, 0, step, 0, 21, 0, 21, 21, 0]).await;
    }
}

#[tokio::test]
async fn any_sequence_of_requests_is_answered_as_the_ordinary_way_does() {
    let mut random: u64 = 1;
    for _ in 0..24 {
        let mut steps = vec![16, 16, 16];
        for _ in 0..60 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            steps.push((random >> 33) % STEPS);
        }
        compare(&steps).await;
    }
}
