//! A recorder in a process of its own: how much memory it takes, and what it leaves when it is killed.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use viseme_mock::Scenario;
use viseme_recorder::Recorder;
use viseme_recorder::recording::Recording;

use crate::support::{Api, Stage, config, eventually};

/// The process that the tests start. It does nothing without its environment.
#[tokio::test(flavor = "multi_thread")]
async fn recorder_process() {
    let Ok(upstream) = std::env::var("RECORDER_TEST_UPSTREAM") else { return };
    let out = PathBuf::from(std::env::var("RECORDER_TEST_OUT").unwrap());
    let recorder = Recorder::builder(config(&upstream), &out).start().await.unwrap();
    let unnamed = out.with_extension("new");
    std::fs::write(&unnamed, recorder.url()).unwrap();
    std::fs::rename(&unnamed, out.with_extension("url")).unwrap();
    // It runs until its parent ends.
    let until = || std::io::stdin().read(&mut [0]);
    let _ = tokio::task::spawn_blocking(until).await.unwrap();
}

/// A recorder in another process.
struct OtherProcess {
    child: Child,
    out: PathBuf,
    url: String,
}

impl OtherProcess {
    async fn start(stage: &Stage, name: &str) -> Self {
        let out = stage.folder.path().join(name);
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::recorder_process", "--test-threads=1"])
            .env("RECORDER_TEST_UPSTREAM", stage.world.base_url())
            .env("RECORDER_TEST_OUT", &out)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let place = out.with_extension("url");
        let mut process = Self { child, out, url: String::new() };
        eventually("the recorder listens", || place.exists()).await;
        process.url = std::fs::read_to_string(place).unwrap();
        process
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Submits a job and polls it until it has ended. Returns its id.
async fn run_job(api: &Api) -> String {
    let id = api.submit().await;
    loop {
        let (_, state) = api.get(&format!("predictions/{id}/result")).await;
        if state["data"]["status"] == "completed" {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_is_killed_leaves_a_recording_that_can_be_read() {
    let stage = Stage::new("jobs: [{timeline: [{created: 0s}, {completed: 100ms}]}]").await;
    let written = |out: &Path| std::fs::metadata(out.join("recording.yaml"));
    for kill in 0..4u64 {
        let mut recorder = OtherProcess::start(&stage, &format!("recording-{kill}")).await;
        let api = stage.api(&recorder.url);
        let first = run_job(&api).await;
        let out = recorder.out.clone();
        eventually("it is saved", || written(&out).is_ok()).await;
        let before = written(&out).unwrap().modified().unwrap();
        // More and more is on the way when it is saved again, and it is killed at another point each time.
        let busy = tokio::spawn(async move {
            loop {
                run_job(&api).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        eventually("it is saved again", || {
            written(&out).is_ok_and(|now| now.modified().unwrap() > before)
        })
        .await;
        tokio::time::sleep(Duration::from_millis(7 * kill)).await;
        busy.abort();
        recorder.kill();
        let recording = Recording::read(&out).unwrap();
        assert!(recording.unfinished);
        assert_eq!(recording.jobs[0].id, first);
        assert_eq!(recording.jobs[0].outcome.as_ref().unwrap().status, "completed");
        assert!(recording.jobs.len() > 1, "only the first save is left");
        let text = std::fs::read_to_string(out.join("recording.yaml")).unwrap();
        assert!(!text.contains(stage.world.key()), "{text}");
        let played = std::fs::read_to_string(out.join("scenario.yaml")).unwrap();
        Scenario::parse(&played).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_is_dropped_leaves_nothing() {
    let stage = Stage::new("jobs: [{timeline: [{completed: 0s}]}]").await;
    let recorder = stage.recorder().await;
    run_job(&stage.api(&recorder.url())).await;
    let out = stage.out().join("recording.yaml");
    eventually("it is saved", || out.exists()).await;
    drop(recorder);
    assert_eq!(std::fs::read_dir(stage.folder.path()).unwrap().count(), 0);
}

#[cfg(target_os = "linux")]
mod memory {
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::stream;
    use serde_json::{Value, json};

    use super::OtherProcess;
    use crate::support::{Api, PATIENCE, Stage};

    const CHUNK: usize = 64 * 1024;
    /// 192 MiB: more than the recorder reads into memory of any body.
    const SIZE: usize = 3072 * CHUNK;
    /// How much more memory than after its start the recorder may take, in bytes, without its code.
    /// On a busy machine with one core its sockets and channels are full: about 50 MB for files of
    /// any size.
    const GROWTH: u64 = SIZE as u64 / 2;

    /// Returns a number of bytes in the status of a process.
    fn memory(process: u32, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        1024 * line.trim().strip_suffix("kB").unwrap().trim().parse::<u64>().unwrap()
    }

    /// Returns a body of many equal chunks between these bytes.
    fn body(before: Vec<u8>, after: Vec<u8>) -> reqwest::Body {
        let chunk = Bytes::from(vec![7; CHUNK]);
        let chunks = std::iter::once(before.into())
            .chain(std::iter::repeat_n(chunk, SIZE / CHUNK))
            .chain([after.into()]);
        reqwest::Body::wrap_stream(stream::iter(chunks.map(std::io::Result::Ok)))
    }

    async fn download(api: &Api, url: &str) -> usize {
        let mut response = api.http.get(url).timeout(PATIENCE).send().await.unwrap();
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await.unwrap() {
            bytes += chunk.len();
        }
        bytes
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn large_files_pass_in_little_memory() {
        let stage = Stage::new("").await;
        let recorder = OtherProcess::start(&stage, "recording").await;
        let api = stage.api(&recorder.url);
        let process = recorder.child.id();
        // What is loaded for the first request is not what a large one takes.
        api.get("balance").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (before, code) = (memory(process, "VmRSS:"), memory(process, "RssFile:"));

        let ticket = json!({"filename": "face.mp4", "size": SIZE, "content_type": "video/mp4"});
        let (status, ticket) = api.post("media/uploads", &ticket).await;
        assert_eq!(status, 200, "{ticket}");
        let upload = &ticket["data"]["upload"];
        let mut put = api.http.put(upload["url"].as_str().unwrap()).timeout(PATIENCE);
        for (name, value) in upload["headers"].as_object().unwrap() {
            put = put.header(name, value.as_str().unwrap());
        }
        let put = put.header("content-length", SIZE).body(body(Vec::new(), Vec::new()));
        assert_eq!(put.send().await.unwrap().status(), 200);
        let url = ticket["data"]["download_url"].as_str().unwrap();
        assert_eq!(download(&api, url).await, SIZE);

        let head =
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\n";
        let end = b"\r\n--x--\r\n";
        let form = api
            .http
            .post(api.url("media/upload/binary"))
            .bearer_auth(&api.key)
            .header("content-type", "multipart/form-data; boundary=x")
            .header("content-length", head.len() + SIZE + end.len())
            .body(body(head.to_vec(), end.to_vec()))
            .timeout(PATIENCE);
        let form: Value = form.send().await.unwrap().json().await.unwrap();
        assert_eq!(download(&api, form["data"]["download_url"].as_str().unwrap()).await, SIZE);

        let code = memory(process, "RssFile:").saturating_sub(code);
        let growth = memory(process, "VmHWM:").saturating_sub(before + code);
        println!("four transfers of {SIZE} bytes: memory grew by {growth} bytes at most");
        assert!(growth > 0, "nothing was measured");
        assert!(growth <= GROWTH, "memory grew by {growth} bytes");
    }
}
