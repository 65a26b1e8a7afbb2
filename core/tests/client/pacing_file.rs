//! The file that keeps how long jobs take: it is shared, survives every end of a process, and stops no job.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use viseme::{Client, Config, ErrorKind};

use crate::learned_pacing::{TestWorld, lateness, taught, test_world};

struct Place {
    folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pacing.json");
        Self { folder, path }
    }

    async fn world(&self) -> TestWorld {
        world_with(&self.path).await
    }

    /// The names in the folder, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

async fn world_with(path: &Path) -> TestWorld {
    test_world(None, |config| config.pacing_file(path)).await
}

/// How many jobs the file knows of.
fn jobs_in(path: &Path) -> f64 {
    let content: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(content["viseme_pacing"], 1);
    content["models"][crate::support::MODEL]["jobs"].as_f64().unwrap()
}

#[tokio::test]
async fn a_file_keeps_what_was_learned() {
    let place = Place::new();
    taught(&place.path).await;
    assert!((jobs_in(&place.path) - 8.0).abs() < 0.01);
    let polls = place.world().await.run().await;
    assert!(polls[0] > 4.0 && lateness(&polls) < 1.0, "{polls:?}");
    assert_eq!(place.names(), ["pacing.json", "pacing.json.lock"], "no temporary file is left");
}

#[tokio::test]
async fn a_folder_gets_one_file() {
    let place = Place::new();
    taught(place.folder.path()).await;
    let polls = world_with(place.folder.path()).await.run().await;
    assert!(polls[0] > 4.0, "it was read: {polls:?}");
    assert_eq!(place.names(), ["viseme-pacing.json", "viseme-pacing.json.lock"]);
}

#[tokio::test]
async fn a_damaged_file_stops_no_job_and_is_replaced() {
    let model = crate::support::MODEL;
    let durations = r#"{"jobs": 9, "open": [1e9], "ended": [0]}"#;
    for content in [
        String::new(),
        "{".to_owned(),
        r#"{"viseme_pacing":1,"models":{"a/b":{"jo"#.to_owned(),
        "\0".repeat(4096),
        format!(r#"{{"viseme_pacing": 1, "models": {{"{model}": {durations}}}}}"#),
    ] {
        let place = Place::new();
        fs::write(&place.path, &content).unwrap();
        let polls = place.world().await.run().await;
        assert!(polls[0] < 2.5, "{content}: {polls:?}");
        assert!((jobs_in(&place.path) - 1.0).abs() < 0.01, "{content}");
    }
}

#[tokio::test]
async fn a_file_of_a_later_version_or_one_that_cannot_be_used_stops_no_job_and_stays() {
    let place = Place::new();
    let later = r#"{"viseme_pacing":2,"durations":"in another form"}"#;
    fs::write(&place.path, later).unwrap();
    place.world().await.run().await;
    assert_eq!(fs::read_to_string(&place.path).unwrap(), later);

    let missing = place.folder.path().join("missing").join("pacing.json");
    world_with(&missing).await.run().await;
    assert!(!missing.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_not_a_file_is_not_read_and_not_replaced() {
    use std::os::unix::fs::symlink;

    let place = Place::new();
    let endless = place.folder.path().join("endless");
    symlink("/dev/zero", &endless).unwrap();
    symlink("circle", place.folder.path().join("circle")).unwrap();
    for name in ["endless", "circle"] {
        let path = place.folder.path().join(name);
        world_with(&path).await.run().await;
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink(), "{name}");
    }
}

#[tokio::test]
async fn a_file_of_something_else_is_an_error_at_once_and_stays() {
    let place = Place::new();
    for content in ["[]", "my notes", r#"{"version": 1, "models": {}}"#] {
        fs::write(&place.path, content).unwrap();
        let config = Config::builder().ignore_env().api_key("key").pacing_file(&place.path);
        let error = Client::new(config.build().unwrap()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
        let message = error.to_string();
        let path = place.path.display().to_string();
        assert!(message.contains("`pacing_file`") && message.contains(&path), "{message}");
        assert_eq!(fs::read_to_string(&place.path).unwrap(), content);
    }
    // A file that takes the place later is not replaced either, and the job succeeds.
    fs::remove_file(&place.path).unwrap();
    let test = place.world().await;
    fs::write(&place.path, "my notes").unwrap();
    test.run().await;
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "my notes");
}

#[tokio::test]
async fn a_file_that_disappears_is_written_again_whole() {
    let place = Place::new();
    let test = taught(&place.path).await;
    fs::remove_file(&place.path).unwrap();
    test.run().await;
    assert!((jobs_in(&place.path) - 9.0).abs() < 0.01);
}

#[test]
fn an_empty_path_is_refused() {
    let config = Config::builder().ignore_env().api_key("key").pacing_file("").build();
    let error = config.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`pacing_file`: must be the path"), "{error}");
}

#[tokio::test]
async fn two_clients_learn_from_each_other() {
    let place = Place::new();
    let (one, other) = (place.world().await, place.world().await);
    for _ in 0..4 {
        one.run().await;
        other.run().await;
    }
    assert!((jobs_in(&place.path) - 8.0).abs() < 0.01);
    let polls = one.run().await;
    assert!(polls[0] > 4.0, "one alone has seen 4 jobs, too few: {polls:?}");
}

#[tokio::test]
async fn a_file_that_another_process_keeps_locked_withholds_no_result() {
    let place = Place::new();
    let lock = File::create(place.folder.path().join("pacing.json.lock")).unwrap();
    lock.lock().unwrap();
    let test = place.world().await;
    let began = Instant::now();
    test.run().await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(!place.path.exists());
    // For a minute of the client's time it is not tried again.
    test.run().await;
    drop(lock);
    test.run().await;
    test.run().await;
    assert!((jobs_in(&place.path) - 4.0).abs() < 0.01, "nothing that was learned is lost");
}

/// The process that the tests start. It does nothing without its environment.
#[tokio::test]
async fn child_process() {
    let Ok(jobs) = std::env::var("PACING_TEST_JOBS") else { return };
    let test = world_with(Path::new(&std::env::var("PACING_TEST_PATH").unwrap())).await;
    for _ in 0..jobs.parse().unwrap() {
        test.run().await;
    }
}

fn child(path: &Path, jobs: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "pacing_file::child_process", "--test-threads=1"])
        .env("PACING_TEST_PATH", path)
        .env("PACING_TEST_JOBS", jobs.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn processes_that_write_at_the_same_time_lose_nothing() {
    let place = Place::new();
    // With more jobs, a surprise would make the clients forget a part.
    let children: Vec<Child> = (0..3).map(|_| child(&place.path, 6)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert!((jobs_in(&place.path) - 18.0).abs() < 0.01, "{}", jobs_in(&place.path));
}

#[tokio::test]
async fn a_process_that_is_killed_at_any_time_leaves_a_whole_file() {
    let place = Place::new();
    taught(&place.path).await;
    let written = || fs::metadata(&place.path).unwrap().modified().unwrap();
    for kill in 0..12 {
        let before = written();
        let mut child = child(&place.path, 1000);
        // Once it writes, it is killed at another point of its work each time.
        let until = Instant::now() + Duration::from_secs(60);
        while written() == before && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(3 * kill));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(jobs_in(&place.path) > 8.0, "it is whole");
        assert!(written() > before, "{kill}: it was written");
    }
    let before = written();
    let polls = place.world().await.run().await;
    assert!(polls[0] > 4.0 && lateness(&polls) < 1.5, "{polls:?}");
    assert!(written() > before, "no lock is left");
}
