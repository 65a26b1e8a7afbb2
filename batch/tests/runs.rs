//! Batches against the mock server: what is paid is what its ledger says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use viseme::{Client, Config, Pacing};
use viseme_batch::{
    Batch, BatchError, BatchFolder, BatchOptions, Item, ItemState, Manifest, OnUnknown, StopReason,
    Summary,
};
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, WireFault, World};

const FACE: &[u8] = include_bytes!("../../samples/face.mp4");
const VOICE: &[u8] = include_bytes!("../../samples/voice.mp3");

struct Test {
    _server: MockServer,
    world: World,
    folder: tempfile::TempDir,
}

impl Test {
    async fn new(scenario: Scenario) -> Self {
        let server = MockServer::start().await.unwrap();
        let world = server.world_with(scenario);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("face.mp4"), FACE).unwrap();
        std::fs::write(folder.path().join("voice.mp3"), VOICE).unwrap();
        Self { _server: server, world, folder }
    }

    fn client(&self) -> Client {
        let config = Config::builder()
            .ignore_env()
            .base_url(self.world.base_url())
            .api_key(self.world.key())
            .check_remote_media(false)
            .pacing(Pacing::every(Duration::from_millis(20)))
            .max_retries(1)
            .recovery_window(Duration::from_secs(2));
        Client::new(config.build().unwrap()).unwrap()
    }

    fn results(&self) -> PathBuf {
        self.folder.path().join("results")
    }

    /// A manifest with these lines, a header included.
    fn manifest(&self, lines: &[&str]) -> Manifest {
        let path = self.folder.path().join("jobs.csv");
        std::fs::write(&path, lines.join("\n")).unwrap();
        Manifest::read(&path).unwrap()
    }

    /// Rows `a`, `b`, … that differ.
    fn rows(&self, ids: &[&str]) -> Manifest {
        let rows = ids.iter().map(|id| format!("{id},face.mp4,https://media.example/{id}.mp3"));
        let lines: Vec<_> = std::iter::once("id,video,audio".to_owned()).chain(rows).collect();
        self.manifest(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }

    async fn batch(&self, manifest: &Manifest, options: BatchOptions) -> Batch {
        Batch::open(manifest, self.results(), options).await.unwrap()
    }

    async fn run(&self, manifest: &Manifest, options: BatchOptions) -> Ended {
        let batch = self.batch(manifest, options).await;
        let mut run = batch.run(&self.client(), None).await.unwrap();
        let mut ended = Vec::new();
        while let Some(item) = run.next().await {
            ended.push(item);
        }
        let items = batch.items().await.unwrap();
        Ended { items, ended, reason: run.stop_reason() }
    }

    fn charges(&self) -> usize {
        self.world.ledger().charges.len()
    }
}

struct Ended {
    items: Vec<Item>,
    ended: Vec<Item>,
    reason: Option<StopReason>,
}

impl Ended {
    fn states(&self) -> Vec<(&str, ItemState)> {
        self.items.iter().map(|item| (item.id.as_str(), item.state)).collect()
    }

    fn item(&self, id: &str) -> &Item {
        self.items.iter().find(|item| item.id == id).unwrap()
    }
}

fn quick() -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::after_polls(1)))
}

fn is_video(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.get(4..8) == Some(b"ftyp"))
}

#[tokio::test]
async fn a_batch_pays_for_each_row_once_however_often_it_runs() {
    let test = Test::new(quick()).await;
    let manifest = test.rows(&["a", "b", "c"]);
    let first = test.run(&manifest, BatchOptions::default()).await;
    assert_eq!(first.ended.len(), 3);
    assert!(first.items.iter().all(|item| item.state == ItemState::Done), "{:?}", first.items);
    for id in ["a", "b", "c"] {
        assert!(is_video(&test.results().join(format!("{id}.mp4"))));
    }
    let again = test.run(&manifest, BatchOptions::default()).await;
    assert!(again.ended.is_empty());
    assert_eq!(test.charges(), 3);
    // Only new rows run.
    let more = test.run(&test.rows(&["c", "d", "a", "b"]), BatchOptions::default()).await;
    assert_eq!(more.ended.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["d"]);
    assert_eq!(test.charges(), 4);
    // A result that is gone is saved again.
    std::fs::remove_file(test.results().join("a.mp4")).unwrap();
    test.run(&manifest, BatchOptions::default()).await;
    assert!(is_video(&test.results().join("a.mp4")) && test.charges() == 4);
}

#[tokio::test]
async fn the_states_of_an_item_are_reported_in_their_order() {
    let test = Test::new(quick()).await;
    let batch = test.batch(&test.rows(&["a"]), BatchOptions::default()).await;
    let states = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&states);
    let on_state = move |id: &str, state| {
        assert_eq!(id, "a");
        seen.lock().unwrap().push(state);
    };
    let mut run = batch.run(&test.client(), Some(Arc::new(on_state))).await.unwrap();
    while run.next().await.is_some() {}
    let expected = [
        ItemState::Checked,
        ItemState::Uploading,
        ItemState::Ready,
        ItemState::Submitting,
        ItemState::Submitted,
        ItemState::Completed,
        ItemState::Downloading,
        ItemState::Done,
    ];
    assert_eq!(*states.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_file_of_many_rows_is_uploaded_once_and_each_job_has_a_url_of_its_own() {
    let test = Test::new(quick()).await;
    let lines = ["id,video,audio", "a,face.mp4,voice.mp3", "b,./face.mp4,voice.mp3"];
    let ended = test
        .run(&test.manifest(&lines), BatchOptions { repeat: true, ..BatchOptions::default() })
        .await;
    assert!(ended.items.iter().all(|item| item.state == ItemState::Done), "{:?}", ended.items);
    let jobs = test.world.jobs();
    assert_eq!(jobs.len(), 2);
    let value =
        |job: usize, name: &str| jobs.get(job).unwrap().input[name].as_str().unwrap().to_owned();
    let differ = |name: &str| value(0, name) != value(1, name);
    assert!(differ("audio") || differ("video"));
    let uploads = test.world.requests(RequestKind::Put).len();
    assert!(uploads <= 3, "{uploads}");
}

#[tokio::test]
async fn equal_rows_share_one_job_unless_each_is_to_be_paid_for() {
    let test = Test::new(quick()).await;
    let lines = ["video,audio", "face.mp4,voice.mp3", "face.mp4,voice.mp3", "face.mp4,voice.mp3"];
    let manifest = test.manifest(&lines);
    let ended = test.run(&manifest, BatchOptions::default()).await;
    assert_eq!(test.charges(), 1);
    assert!(ended.items.iter().all(|item| item.state == ItemState::Done), "{:?}", ended.items);
    assert!(ended.items.iter().all(|item| is_video(item.outputs.first().unwrap())));
    let outputs: std::collections::HashSet<_> =
        ended.items.iter().flat_map(|item| &item.outputs).collect();
    assert_eq!(outputs.len(), 3);
}

#[tokio::test]
async fn the_limit_of_cost_holds_with_jobs_in_flight_and_over_several_runs() {
    let test = Test::new(quick()).await;
    let manifest = test.rows(&["a", "b", "c", "d", "e"]);
    let price = (test.client().model("kwaivgi/kling-lipsync/audio-to-video").await.unwrap())
        .base_price
        .unwrap();
    let cost = (price * 1e6).round() as u64;
    let options = BatchOptions { max_cost: Some(cost * 3 + 1), ..BatchOptions::default() };
    for _ in 0..2 {
        let ended = test.run(&manifest, options.clone()).await;
        let done = ended.items.iter().filter(|item| item.state == ItemState::Done).count();
        assert_eq!((done, test.charges()), (3, 3));
        assert!(matches!(ended.reason, Some(StopReason::CostLimit(_))), "{:?}", ended.reason);
    }
    let batch = test.batch(&manifest, options).await;
    assert_eq!(batch.folder().spent_micros().await.unwrap(), cost * 3);
}

#[tokio::test]
async fn no_credits_stop_the_batch_and_cost_nothing() {
    let fault = Fault::at(RequestKind::Submit).each(&[2, 3, 4]).status(402);
    let test = Test::new(quick().fault(fault)).await;
    let manifest = test.rows(&["a", "b", "c", "d"]);
    let options = BatchOptions { limit: 1, ..BatchOptions::default() };
    let ended = test.run(&manifest, options.clone()).await;
    assert!(matches!(ended.reason, Some(StopReason::Error(_))), "{:?}", ended.reason);
    assert_eq!(ended.item("a").state, ItemState::Done);
    assert_eq!(ended.item("b").state, ItemState::Planned);
    assert_eq!((test.charges(), test.world.requests(RequestKind::Submit).len()), (1, 2));
    test.world.clear_faults();
    let ended = test.run(&manifest, options).await;
    assert!(ended.items.iter().all(|item| item.state == ItemState::Done));
    assert_eq!(test.charges(), 4);
}

#[tokio::test]
async fn a_failed_job_is_submitted_again_only_as_often_as_allowed() {
    let test =
        Test::new(Scenario::new().job(JobRule::new(Timeline::ends_after_polls(1, "failed")))).await;
    let manifest = test.rows(&["a"]);
    let ended = test.run(&manifest, BatchOptions::default()).await;
    assert_eq!(ended.item("a").state, ItemState::Failed);
    assert!(ended.item("a").error.is_some());
    for (retry_failed, charges) in [(0, 1), (1, 2), (1, 2)] {
        test.run(&manifest, BatchOptions { retry_failed, ..BatchOptions::default() }).await;
        assert_eq!(test.charges(), charges, "{retry_failed}");
    }
    test.run(&manifest, BatchOptions { retry_failed: 3, ..BatchOptions::default() }).await;
    assert_eq!(test.charges(), 4, "further submits of one run");
    let folder = BatchFolder::open(test.results()).await.unwrap();
    assert_eq!(folder.retry(&[]).await.unwrap(), 1);
    test.world.set_scenario(quick());
    let ended = test.run(&manifest, BatchOptions::default()).await;
    assert_eq!(ended.item("a").state, ItemState::Done);
    assert_eq!(ended.item("a").error, None);
    assert_eq!(test.charges(), 5);
}

#[tokio::test]
async fn a_retry_that_is_refused_is_not_tried_again() {
    let scenario = Scenario::new().job(JobRule::new(Timeline::ends_after_polls(1, "failed")));
    let test = Test::new(scenario).await;
    let manifest = test.rows(&["a"]);
    test.run(&manifest, BatchOptions::default()).await;
    std::fs::remove_file(test.folder.path().join("face.mp4")).unwrap();
    let options = BatchOptions { retry_failed: 3, ..BatchOptions::default() };
    let ended = test.run(&manifest, options).await;
    assert_eq!(ended.item("a").state, ItemState::Failed);
    assert!(ended.item("a").error.as_deref().unwrap().contains("file not found"));
    assert_eq!(test.charges(), 1);
}

#[tokio::test]
async fn a_lost_submit_is_recovered_and_paid_once() {
    let fault = Fault::at(RequestKind::Submit).nth(2).after_accept().wire(WireFault::Reset);
    let test = Test::new(quick().fault(fault)).await;
    let ended = test.run(&test.rows(&["a", "b", "c"]), BatchOptions::default()).await;
    assert!(ended.items.iter().all(|item| item.state == ItemState::Done), "{:?}", ended.items);
    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.orphaned), (3, 0));
}

#[tokio::test]
async fn an_unknown_submit_is_kept_stopped_given_up_or_adopted() {
    let fault = Fault::at(RequestKind::Submit).nth(1).wire(WireFault::Reset);
    let test = Test::new(quick().fault(fault)).await;
    let manifest = test.rows(&["a", "b"]);
    let stop = BatchOptions { limit: 1, on_unknown: OnUnknown::Stop, ..BatchOptions::default() };
    let ended = test.run(&manifest, stop).await;
    assert_eq!(ended.states(), [("a", ItemState::Unknown), ("b", ItemState::Planned)]);
    assert!(matches!(ended.reason, Some(StopReason::Unknown(_))), "{:?}", ended.reason);

    let ended = test.run(&manifest, BatchOptions::default()).await;
    assert_eq!(ended.states(), [("a", ItemState::Unknown), ("b", ItemState::Done)]);
    assert_eq!(test.charges(), 1);

    let folder = BatchFolder::open(test.results()).await.unwrap();
    let error = folder.give_up(&["b".to_owned()]).await.unwrap_err();
    assert_eq!(error.to_string(), "The item `b` is done. It is not unknown.");
    let job = ended.item("b").job_id.clone().unwrap();
    let error = folder.adopt("a", &job).await.unwrap_err();
    assert!(error.to_string().contains("belongs to the key `b`"), "{error}");
    assert_eq!(folder.give_up(&["a".to_owned()]).await.unwrap(), 1);
    let ended = test.run(&manifest, BatchOptions::default()).await;
    assert_eq!(ended.states(), [("a", ItemState::Done), ("b", ItemState::Done)]);
    assert_eq!(test.charges(), 2);
}

#[tokio::test]
async fn an_unknown_submit_is_sent_again_after_the_given_time() {
    let fault = Fault::at(RequestKind::Submit).nth(1).wire(WireFault::Reset);
    let test = Test::new(quick().fault(fault)).await;
    let manifest = test.rows(&["a"]);
    let after = |seconds| BatchOptions {
        on_unknown: OnUnknown::ResubmitAfter(Duration::from_secs(seconds)),
        ..BatchOptions::default()
    };
    for _ in 0..2 {
        let ended = test.run(&manifest, after(3_600)).await;
        assert_eq!((ended.item("a").state, test.charges()), (ItemState::Unknown, 0));
    }
    let ended = test.run(&manifest, after(0)).await;
    assert_eq!((ended.item("a").state, test.charges()), (ItemState::Done, 1));
}

#[tokio::test]
async fn bad_rows_are_refused_in_words_and_the_others_run() {
    let test = Test::new(quick()).await;
    std::fs::write(test.folder.path().join("empty.mp4"), "").unwrap();
    let lines = [
        "id,video,audio",
        "a,empty.mp4,voice.mp3",
        "b,missing.mp4,voice.mp3",
        "c,face.mp4,voice.mp3",
    ];
    let ended = test.run(&test.manifest(&lines), BatchOptions::default()).await;
    let refused = ItemState::Refused;
    assert_eq!(ended.states(), [("a", refused), ("b", refused), ("c", ItemState::Done)]);
    assert!(ended.item("a").error.as_deref().unwrap().contains("empty"));
    assert_eq!(test.charges(), 1);
    // A file that was mended is no reason to refuse the row again.
    std::fs::write(test.folder.path().join("empty.mp4"), FACE).unwrap();
    let ended = test.run(&test.manifest(&lines), BatchOptions::default()).await;
    assert_eq!(ended.item("a").state, ItemState::Done);
}

#[tokio::test]
async fn a_row_that_changed_after_its_submit_is_refused() {
    let test = Test::new(quick()).await;
    test.run(&test.rows(&["a"]), BatchOptions::default()).await;
    let changed = test.manifest(&["id,video,audio", "a,face.mp4,https://media.example/other.mp3"]);
    let error = Batch::open(&changed, test.results(), BatchOptions::default()).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "jobs.csv:2: The row has changed, and its id `a` was already submitted. Give it a new id."
    );
    assert_eq!(test.charges(), 1);
}

#[tokio::test]
async fn one_process_runs_a_folder() {
    let test = Test::new(quick()).await;
    let manifest = test.rows(&["a"]);
    let batch = test.batch(&manifest, BatchOptions::default()).await;
    let second = Batch::open(&manifest, test.results(), BatchOptions::default()).await;
    assert!(matches!(second, Err(BatchError::Locked(_))));
    let folder = BatchFolder::open(test.results()).await.unwrap();
    assert!(matches!(folder.retry(&[]).await, Err(BatchError::Locked(_))));
    assert_eq!(folder.items().await.unwrap().len(), 1);
    drop(batch);
    test.batch(&manifest, BatchOptions::default()).await;
    let none = BatchFolder::open(test.folder.path()).await;
    assert!(matches!(none, Err(BatchError::NoBatch(_))));
}

#[tokio::test]
async fn outputs_that_the_service_deleted_are_expired_and_not_paid_for_again() {
    let fault = Fault::at(RequestKind::Output).every(1).wire(WireFault::Reset);
    let test = Test::new(quick().fault(fault)).await;
    let manifest = test.rows(&["a"]);
    let ended = test.run(&manifest, BatchOptions::default()).await;
    assert_eq!(ended.item("a").state, ItemState::Completed);
    assert_eq!(ended.item("a").error_code.as_deref(), Some("download"));
    test.world.clear_faults();
    test.world.advance(Duration::from_secs(8 * 24 * 60 * 60));
    let ended = test.run(&manifest, BatchOptions::default()).await;
    assert_eq!(ended.item("a").state, ItemState::Expired);
    let ended = test.run(&manifest, BatchOptions::default()).await;
    assert!(ended.ended.is_empty());
    assert_eq!(test.charges(), 1);
}

#[tokio::test]
async fn a_pilot_submits_the_first_rows_only() {
    let test = Test::new(quick()).await;
    let manifest = test.rows(&["a", "b", "c"]);
    let pilot = BatchOptions { pilot: Some(2), ..BatchOptions::default() };
    let ended = test.run(&manifest, pilot).await;
    let done = ItemState::Done;
    assert_eq!(ended.states(), [("a", done), ("b", done), ("c", ItemState::Planned)]);
    test.run(&manifest, BatchOptions::default()).await;
    assert_eq!(test.charges(), 3);
}

#[tokio::test]
async fn the_ledger_of_another_account_is_refused_before_anything_is_paid() {
    let test = Test::new(quick()).await;
    let manifest = test.rows(&["a"]);
    test.run(&manifest, BatchOptions::default()).await;
    let other = Test { world: test._server.world_with(quick()), ..test };
    let more = other.rows(&["a", "b"]);
    let ended = other.run(&more, BatchOptions::default()).await;
    assert!(matches!(ended.reason, Some(StopReason::Ledger(_))), "{:?}", ended.reason);
    assert_eq!(other.charges(), 0);
}

#[tokio::test]
async fn a_stopped_run_submits_nothing_more_and_finishes_what_was_paid_for() {
    let test = Test::new(quick()).await;
    let manifest = test.rows(&["a", "b", "c"]);
    let batch = test.batch(&manifest, BatchOptions { limit: 1, ..BatchOptions::default() }).await;
    let mut run = batch.run(&test.client(), None).await.unwrap();
    assert_eq!(run.total(), 3);
    assert_eq!(run.next().await.unwrap().id, "a");
    run.stop();
    while run.next().await.is_some() {}
    assert_eq!((run.submitting(), test.charges()), (0, 1));
    assert!(run.stop_reason().is_none());
    let items = batch.items().await.unwrap();
    let summary = Summary::new(&items, batch.folder().spent_micros().await.unwrap());
    assert_eq!((summary.total, summary.count(ItemState::Done)), (3, 1));
    assert_eq!(summary.count(ItemState::Planned), 2);
}

#[tokio::test]
async fn the_report_has_a_line_for_each_item_and_no_formula() {
    let test = Test::new(quick()).await;
    let lines = [
        "id,video,audio",
        "=cmd(),face.mp4,https://media.example/a.mp3",
        "b,missing.mp4,voice.mp3",
    ];
    let manifest = test.manifest(&lines);
    let batch = test.batch(&manifest, BatchOptions::default()).await;
    let mut run = batch.run(&test.client(), None).await.unwrap();
    while run.next().await.is_some() {}
    let [table, json_lines] = batch.folder().write_report().await.unwrap();
    let table = std::fs::read_to_string(table).unwrap();
    assert!(table.starts_with("id,row,state,job_id,output,"), "{table}");
    assert!(table.contains("\n'=cmd(),jobs.csv:2,done,"), "{table}");
    let lines: Vec<serde_json::Value> = std::fs::read_to_string(json_lines)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["id"], "=cmd()");
    assert_eq!(
        (&lines[1]["state"], &lines[1]["error_code"]),
        (&"refused".into(), &"invalid_input".into())
    );
}
