//! With any faults in any order, a run never pays twice, reports every paid job that it may have lost, and
//! always ends. The scripts of faults are random and repeatable by their seed.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{FastClock, local_input, remote_input};
use viseme::{Client, Config, Error, ErrorKind, Prediction};
use viseme_mock::scenario::{Body, Nth, ResponseMutation};
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, WireFault, World};

const SCRIPTS: u64 = 400;

/// A script of up to six faults anywhere, and a job that ends in any way.
fn script(random: &mut fastrand::Rng) -> Scenario {
    let ends = ["completed", "completed", "completed", "failed", "cancelled", "timeout", "brewing"];
    let last = ends[random.usize(..ends.len())];
    let polls = random.u64(1..5);
    let mut scenario = Scenario::new()
        .seed(random.u64(..))
        .job(JobRule::new(Timeline::ends_after_polls(polls, last)));
    for _ in 0..random.usize(..7) {
        scenario = scenario.fault(fault(random));
    }
    scenario
}

fn fault(random: &mut fastrand::Rng) -> Fault {
    let points = [
        RequestKind::Submit,
        RequestKind::Submit,
        RequestKind::Poll,
        RequestKind::History,
        RequestKind::Presign,
        RequestKind::Put,
    ];
    let mut fault = Fault::at(points[random.usize(..points.len())]);
    fault.nth = match random.u8(..4) {
        0 => Some(Nth::One(1)),
        1 => Some(Nth::Many(vec![1, 2])),
        2 => Some(Nth::One(random.u64(1..4))),
        _ => None,
    };
    let kind = random.u8(..16);
    // A 4xx means that the service accepted nothing. A client cannot notice if that is false.
    if random.bool() && !(5..=6).contains(&kind) {
        fault = fault.after_accept();
    }
    match kind {
        0 | 1 => fault.reset(),
        2 => fault.wire(WireFault::Close),
        3 => fault.wire(WireFault::FinAt(random.u64(..200))),
        4 => fault.wire(WireFault::ResetAt(random.u64(..200))),
        5 => fault.status([400, 401, 402, 403, 404][random.usize(..5)]),
        6 => fault.status(429).retry_after_secs(random.u64(..1000)),
        7 | 8 => fault.status([500, 502, 503, 504][random.usize(..4)]),
        9 => fault.status(502).body(Body::Html),
        10 => fault.status(200).body(Body::Empty),
        11 => fault.mutate(ResponseMutation::DataNull),
        12 => fault.mutate(ResponseMutation::TruncateJson(random.usize(..120))),
        13 => fault.mutate(ResponseMutation::MissingId),
        14 => fault.mutate(ResponseMutation::WrongId),
        _ => fault.mutate(ResponseMutation::UnknownStatus("odd".into())),
    }
}

fn client(world: &World) -> Client {
    let config = Config::builder()
        .ignore_env()
        // The hosts of `remote_input` do not exist, and requests to them take time.
        .check_remote_media(false)
        .base_url(world.base_url())
        .api_key(world.key())
        .deadline(Duration::from_secs(20 * 60))
        .build()
        .unwrap();
    Client::with_clock(config, Arc::new(FastClock::default()) as _).unwrap()
}

/// Checks the invariants after a run.
fn check_billing(world: &World, result: &Result<Prediction, Error>) -> Result<(), String> {
    let ledger = world.ledger();
    let charges = ledger.charges.len();
    if charges > 1 {
        return Err(format!("{charges} charges"));
    }
    match result {
        Ok(prediction) => {
            let id = &ledger.charges.first().ok_or("a result without a charge")?.job_id;
            if prediction.id != *id && !wrong_id_was_played(world) {
                return Err(format!("{} instead of {id}", prediction.id));
            }
        }
        Err(error) if error.job_id().is_some() => {}
        // The only error after which a job may exist.
        Err(error) if error.kind() == ErrorKind::SubmissionUnknown => {
            if error.record().is_none() {
                return Err("an unknown submit without its record".into());
            }
        }
        Err(error) if charges > 0 => return Err(format!("an orphan behind {error}")),
        Err(_) => {}
    }
    Ok(())
}

/// A response to a submit with the id of another job is indistinguishable from a correct one.
fn wrong_id_was_played(world: &World) -> bool {
    world.requests(RequestKind::Submit).iter().any(|exchange| {
        matches!(
            exchange.fault,
            Some(viseme_mock::scenario::FaultAction::Mutation(ResponseMutation::WrongId))
        )
    })
}

#[tokio::test]
async fn no_script_of_faults_makes_a_run_pay_twice_or_lose_a_job() {
    let server = MockServer::start().await.unwrap();
    let mut kinds = std::collections::BTreeMap::new();
    for seed in 0..SCRIPTS {
        let mut random = fastrand::Rng::with_seed(seed);
        let world = server.world_with(script(&mut random));
        let input = if random.bool() { remote_input() } else { local_input() };
        let run = client(&world).run(input).into_future();
        let result = tokio::time::timeout(Duration::from_secs(60), run)
            .await
            .unwrap_or_else(|_| panic!("seed {seed}: the run did not end"));
        if let Err(what) = check_billing(&world, &result) {
            let journal = world.journal();
            let requests: Vec<_> = journal.iter().map(|x| (x.kind, x.status, &x.fault)).collect();
            panic!("seed {seed}: {what}; {result:?}\n{requests:#?}");
        }
        let outcome = match &result {
            Ok(prediction) if prediction.recovered.is_some() => "recovered",
            Ok(_) => "completed",
            Err(error) => error.code(),
        };
        *kinds.entry(outcome).or_insert(0) += 1;
    }
    // The scripts must cause failures, or the test proves nothing.
    for outcome in ["completed", "recovered", "submission_unknown", "job_failed", "wait_timeout"] {
        assert!(kinds.contains_key(outcome), "no script ended as {outcome}: {kinds:?}");
    }
}

#[tokio::test]
async fn a_client_with_many_runs_never_mixes_up_their_jobs() {
    let server = MockServer::start().await.unwrap();
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut scenario = Scenario::new().job(JobRule::new(Timeline::after_polls(1)));
        for _ in 0..4 {
            let nth = random.u64(1..20);
            scenario =
                scenario.fault(Fault::at(RequestKind::Submit).nth(nth).after_accept().reset());
        }
        let world = server.world_with(scenario);
        let client = client(&world);
        // Half of the inputs are equal to another one.
        let inputs = (0..20).map(|n| {
            let audio = format!("https://media.example/{}.mp3", n / 2);
            viseme::AudioToVideo::new().audio(audio).video("https://media.example/face.mp4")
        });
        let mut results = client.run_many(inputs, 20);
        let mut ids = std::collections::BTreeSet::new();
        while let Some(done) = results.next().await {
            let prediction = match done.result {
                Ok(prediction) => prediction,
                Err(error) => panic!("seed {seed}: {error}"),
            };
            let job = world.jobs().into_iter().find(|job| job.id == prediction.id).unwrap();
            let expected = format!("https://media.example/{}.mp3", done.index / 2);
            assert_eq!(job.input["audio"], expected, "seed {seed}");
            assert!(ids.insert(prediction.id), "seed {seed}: a job was given to two runs");
        }
        assert_eq!(world.ledger().charges.len(), 20, "seed {seed}");
        assert_eq!(world.ledger().orphaned, 0, "seed {seed}");
    }
}
