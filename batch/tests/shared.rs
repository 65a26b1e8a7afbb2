//! Batches that many machines run at the same time; here each machine is a batch with a folder of its own.
#![cfg(all(unix, feature = "postgres"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::{Barrier, Semaphore};
use viseme::{Client, Config, Pacing};
use viseme_batch::{
    Batch, BatchError, BatchFolder, BatchOptions, Item, ItemState, Manifest, StopReason, Summary,
};
use viseme_ledger::PostgresLedger;
use viseme_ledger::testing::PostgresServer;
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World};

const FACE: &[u8] = include_bytes!("../../samples/face.mp4");
/// Short, so that a test does not wait long for a takeover. The others have a lease that does not end even on
/// a slow machine.
const SHORT_LEASE: Duration = Duration::from_secs(5);

struct Test {
    _mock: MockServer,
    world: World,
    _server: PostgresServer,
    url: String,
    folder: tempfile::TempDir,
}

impl Test {
    async fn new(scenario: Scenario) -> Self {
        let mock = MockServer::start().await.unwrap();
        let world = mock.world_with(scenario);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("face.mp4"), FACE).unwrap();
        let server = PostgresServer::start();
        let url = server.create_database().await;
        Self { _mock: mock, world, _server: server, url, folder }
    }

    fn client(&self) -> Client {
        let config = Config::builder()
            .ignore_env()
            .base_url(self.world.base_url())
            .api_key(self.world.key())
            .check_remote_media(false)
            .pacing(Pacing::every(Duration::from_millis(20)))
            .recovery_window(Duration::from_secs(2));
        Client::new(config.build().unwrap()).unwrap()
    }

    /// A row for each id; those with the same voice are equal.
    fn manifest(&self, rows: &[(String, &str)]) -> Manifest {
        let path = self.folder.path().join("jobs.csv");
        let rows = rows.iter().map(|(id, voice)| {
            let voice = if voice.is_empty() { id } else { *voice };
            format!("{id},face.mp4,https://media.example/{voice}.mp3\n")
        });
        std::fs::write(&path, format!("id,video,audio\n{}", rows.collect::<String>())).unwrap();
        Manifest::read(&path).unwrap()
    }

    fn rows(&self, count: usize) -> Manifest {
        let rows: Vec<_> = (0..count).map(|number| (format!("row-{number}"), "")).collect();
        self.manifest(&rows)
    }

    async fn ledger(&self) -> PostgresLedger {
        PostgresLedger::connect_to(&self.url, "jobs", Duration::from_secs(60)).await.unwrap()
    }

    fn results(&self, machine: &str) -> PathBuf {
        self.folder.path().join(machine)
    }

    async fn machine(&self, name: &str, manifest: &Manifest, options: BatchOptions) -> Batch {
        Batch::open_shared(manifest, self.results(name), self.ledger().await, options)
            .await
            .unwrap()
    }

    async fn run(&self, batch: &Batch) -> (Vec<Item>, Option<StopReason>) {
        let mut run = batch.run(&self.client(), None).await.unwrap();
        let mut ended = Vec::new();
        while let Some(item) = run.next().await {
            ended.push(item);
        }
        let reason = run.stop_reason();
        run.end().await;
        (ended, reason)
    }

    async fn summary(&self) -> Summary {
        let folder = BatchFolder::open_shared("", self.ledger().await).await.unwrap();
        let spent = folder.spent_micros().await.unwrap();
        Summary::new(&folder.items().await.unwrap(), spent)
    }

    async fn sql(&self, statement: &'static str) -> u64 {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap().rows_affected()
    }

    fn charges(&self) -> usize {
        self.world.ledger().charges.len()
    }

    /// Returns how many results are in the folders of these machines, by name.
    fn saved(&self, machines: &[&str]) -> HashMap<String, usize> {
        let mut saved = HashMap::new();
        for machine in machines {
            for file in std::fs::read_dir(self.results(machine)).unwrap() {
                let name = file.unwrap().file_name().to_string_lossy().into_owned();
                if name.ends_with(".mp4") {
                    *saved.entry(name).or_default() += 1;
                }
            }
        }
        saved
    }
}

fn quick() -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::after_polls(1)))
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_share_the_rows_and_each_is_paid_once() {
    const ROWS: usize = 40;
    // Two machines need seconds for all rows, so that the third finds some however late it begins.
    let slow = Timeline::secs(&[("created", 0), ("completed", 1)]);
    let test = Test::new(Scenario::new().job(JobRule::new(slow))).await;
    let manifest = test.rows(ROWS);
    let names = ["one", "two", "three"];
    let all_open = Barrier::new(names.len());
    let ended = join_all(names.map(|name| {
        let (test, manifest, all_open) = (&test, &manifest, &all_open);
        async move {
            let options = BatchOptions { limit: 3, ..BatchOptions::default() };
            let batch = test.machine(name, manifest, options).await;
            all_open.wait().await;
            test.run(&batch).await.0.len()
        }
    }))
    .await;
    assert_eq!(ended.iter().sum::<usize>(), ROWS);
    assert!(ended.iter().all(|count| *count > 0), "each machine worked: {ended:?}");
    let saved = test.saved(&names);
    assert!(saved.len() == ROWS && saved.values().all(|count| *count == 1), "{saved:?}");
    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.duplicates, ledger.orphaned), (ROWS, 0, 0));
    assert_eq!(test.summary().await.states, [(ItemState::Done, ROWS)]);

    // The next machine has nothing to do.
    let batch = test.machine("four", &manifest, BatchOptions::default()).await;
    assert!(test.run(&batch).await.0.is_empty());
    assert!(batch.items().await.unwrap().iter().all(|item| item.machine.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_dies_is_taken_over_after_its_lease() {
    // The first submit is accepted, and its response never comes.
    let silent = Fault::at(RequestKind::Submit).nth(1).after_accept();
    let test = Test::new(quick().fault(silent.wire(viseme_mock::WireFault::Silence))).await;
    let manifest = test.rows(3);
    let options = || BatchOptions { limit: 1, lease: SHORT_LEASE, ..BatchOptions::default() };
    let dying = test.machine("dying", &manifest, options()).await;
    let mut run = dying.run(&test.client(), None).await.unwrap();
    tokio::select! {
        item = run.next() => panic!("{item:?}"),
        () = async {
            while test.charges() == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } => {}
    }
    // Without `end`, as a machine that loses its power.
    drop(run);
    let held = "UPDATE viseme.batch_items SET number = number WHERE owner IS NOT NULL";
    assert_eq!(test.sql(held).await, 1);

    let heir = test.machine("heir", &manifest, options()).await;
    let (ended, reason) = test.run(&heir).await;
    assert!(reason.is_none());
    assert_eq!(ended.last().unwrap().id, "row-0", "the row of the dead machine comes last");
    assert_eq!(test.summary().await.states, [(ItemState::Done, 3)]);
    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.duplicates, ledger.orphaned), (3, 0, 0));
    assert_eq!(test.world.requests(RequestKind::Submit).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_lost_its_lease_submits_nothing() {
    let test = Test::new(quick()).await;
    let manifest = test.rows(1);
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let slow = test.machine("slow", &manifest, BatchOptions::default()).await;
    let slow = {
        let (entered, gate) = (Arc::clone(&entered), Arc::clone(&gate));
        slow.prepare_inputs(Arc::new(move |input| {
            let (entered, gate) = (Arc::clone(&entered), Arc::clone(&gate));
            async move {
                entered.add_permits(1);
                gate.acquire().await.unwrap().forget();
                Ok(input)
            }
            .boxed()
        }))
    };
    let other = async {
        entered.acquire().await.unwrap().forget();
        // Another machine takes the row over, as after the lease.
        let take_over = "UPDATE viseme.batch_items SET owner = 'other', claims = claims + 1,
                         lease_until = clock_timestamp() + interval '1 hour'";
        assert_eq!(test.sql(take_over).await, 1);
        gate.add_permits(1);
        while test.world.requests(RequestKind::Submit).is_empty() {
            let state = test.summary().await;
            assert_eq!(state.count(ItemState::Planned), 1);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let run = async {
        let mut run = slow.run(&test.client(), None).await.unwrap();
        let item = run.next().await;
        (item, run.stop_reason())
    };
    let (item, reason) = tokio::select! {
        ended = run => ended,
        () = other => panic!("a machine without the lease submitted"),
    };
    assert!(item.is_none(), "the row is another machine's: {item:?}");
    assert!(reason.is_none(), "other rows would go on: {reason:?}");
    assert!(test.world.requests(RequestKind::Submit).is_empty());

    // If that one dies too, the next machine finishes the row.
    test.sql("UPDATE viseme.batch_items SET lease_until = clock_timestamp()").await;
    drop(slow);
    let heir = test.machine("heir", &manifest, BatchOptions::default()).await;
    test.run(&heir).await;
    assert_eq!((test.summary().await.count(ItemState::Done), test.charges()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_limit_of_cost_holds_for_all_machines() {
    let test = Test::new(quick()).await;
    let manifest = test.rows(12);
    let price = {
        let batch = test.machine("price", &test.rows(1), BatchOptions::default()).await;
        test.run(&batch).await;
        test.summary().await.spent_micros
    };
    assert!(price > 0);
    let options =
        BatchOptions { max_cost: Some(price * 7 + 1), limit: 4, ..BatchOptions::default() };
    let reasons = join_all(["one", "two", "three"].map(|name| {
        let (test, manifest, options) = (&test, &manifest, options.clone());
        async move {
            let batch = test.machine(name, manifest, options).await;
            test.run(&batch).await.1
        }
    }))
    .await;
    assert_eq!(test.charges(), 7);
    assert_eq!(test.summary().await.spent_micros, price * 7);
    assert!(reasons.iter().any(|reason| matches!(reason, Some(StopReason::CostLimit(_)))));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_row_gets_the_result_from_the_service_if_another_machine_saved_it() {
    let test = Test::new(quick()).await;
    let (a, b, c) = ("a".to_owned(), "b".to_owned(), "c".to_owned());
    let first = test.manifest(&[(a.clone(), "same")]);
    let batch = test.machine("one", &first, BatchOptions::default()).await;
    test.run(&batch).await;
    let all = test.manifest(&[(a, "same"), (b, "same"), (c, "same")]);
    let batch = test.machine("two", &all, BatchOptions::default()).await;
    // The first result is not on this machine.
    std::fs::rename(test.results("one"), test.results("elsewhere")).unwrap();
    test.run(&batch).await;
    assert_eq!(test.summary().await.states, [(ItemState::Done, 3)]);
    assert_eq!(test.charges(), 1);
    let saved = test.saved(&["two"]);
    assert!(saved.contains_key("b.mp4") && saved.contains_key("c.mp4"), "{saved:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_decisions_of_the_user_wait_for_the_machine_that_works_on_the_row() {
    let failed = JobRule::new(Timeline::ends_after_polls(1, "failed")).nth(1);
    let scenario = Scenario::new().job(failed).job(JobRule::new(Timeline::after_polls(1)));
    let test = Test::new(scenario).await;
    let manifest = test.rows(1);
    let batch = test.machine("one", &manifest, BatchOptions::default()).await;
    test.run(&batch).await;
    assert_eq!(test.summary().await.states, [(ItemState::Failed, 1)]);
    let folder = BatchFolder::open_shared("", test.ledger().await).await.unwrap();
    let hold = "UPDATE viseme.batch_items SET owner = 'another machine',
                lease_until = clock_timestamp() + interval '1 hour'";
    test.sql(hold).await;
    match folder.retry(&[]).await {
        Err(BatchError::Item(message)) => assert!(message.contains("another machine"), "{message}"),
        other => panic!("{other:?}"),
    }
    test.sql("UPDATE viseme.batch_items SET owner = NULL, lease_until = NULL").await;
    assert_eq!(folder.retry(&[]).await.unwrap(), 1);
    test.run(&batch).await;
    assert_eq!(test.summary().await.states, [(ItemState::Done, 1)]);
    assert_eq!(test.charges(), 2);
}
