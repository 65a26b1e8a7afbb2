//! Dubbed outputs: the caller's video with the caller's voice.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use viseme_mock::{JobRule, MockServer, OutputMode, RequestKind, Scenario, Timeline, World};

use crate::support::{Api, MODEL, response_of};

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    std::fs::read(folder.join(name)).unwrap()
}

fn scenario() -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::after_polls(1)))
}

async fn dubbing_world() -> (MockServer, World) {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(scenario().output(OutputMode::Dubbed));
    (server, world)
}

/// Uploads both files and runs a job; returns the URL of its output.
async fn run(api: &Api, video: Vec<u8>, voice: (&str, Vec<u8>)) -> String {
    let video = api.upload("face.mp4", "video/mp4", video).await;
    let audio = api.upload(voice.0, "audio/mpeg", voice.1).await;
    let job = api.submit_to(MODEL, &json!({"video": video, "audio": audio})).await;
    api.poll(&job).await.1["data"]["outputs"][0].as_str().unwrap().to_owned()
}

async fn download(api: &Api, url: &str) -> Vec<u8> {
    let response = api.http.get(url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "video/mp4");
    response.bytes().await.unwrap().to_vec()
}

/// The last note of an exchange of this kind.
fn last_note(world: &World, kind: RequestKind) -> String {
    world.requests(kind).last().and_then(|exchange| exchange.note.clone()).unwrap_or_default()
}

/// A folder with files for ffmpeg.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs ffmpeg in the folder; returns what it writes to standard output.
    fn ffmpeg(&self, arguments: &str) -> Vec<u8> {
        let output = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-xerror"])
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .expect("ffmpeg is installed");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{arguments}: {errors}");
        output.stdout
    }

    fn make(&self, name: &str, arguments: &str) -> Vec<u8> {
        self.ffmpeg(&format!("{arguments} {name}"));
        std::fs::read(self.0.path().join(name)).unwrap()
    }
}

#[tokio::test]
async fn the_output_is_the_video_with_the_voice() {
    let (_server, world) = dubbing_world().await;
    let api = Api::of(&world);
    let url = run(&api, sample("face.mp4"), ("voice.mp3", sample("voice.mp3"))).await;
    assert!(url.ends_with("/output.mp4"), "{url}");
    let output = download(&api, &url).await;
    let note = last_note(&world, RequestKind::Output);
    assert_eq!(note, "the output is the video with the MP3 voice, 4.00 s");
    let files = Files::new();
    files.write("output.mp4", &output);
    files.write("face.mp4", &sample("face.mp4"));
    files.write("voice.mp3", &sample("voice.mp3"));
    let pictures = |name: &str| files.ffmpeg(&format!("-i {name} -map 0:v -c copy -f md5 -"));
    assert_eq!(pictures("output.mp4"), pictures("face.mp4"));
    let sound = |name: &str| files.ffmpeg(&format!("-i {name} -map 0:a -f s16le -"));
    let (dubbed, voice) = (sound("output.mp4"), sound("voice.mp3"));
    let length = dubbed.len().min(voice.len());
    assert!(length > voice.len() - 5000 && dubbed[..length] == voice[..length]);
}

#[tokio::test]
async fn parts_of_a_dubbed_output_are_those_of_the_whole() {
    let (_server, world) = dubbing_world().await;
    let api = Api::of(&world);
    let files = Files::new();
    // More than a server keeps in memory, as FLAC too.
    let voice = files.make(
        "voice.wav",
        "-f lavfi -i anoisesrc=sample_rate=96000:duration=4:amplitude=1 -ac 2 -c:a pcm_s16le",
    );
    assert!(voice.len() > 1_500_000);
    let url = run(&api, sample("face.mp4"), ("voice.wav", voice)).await;
    let whole = download(&api, &url).await;
    let size = whole.len();
    let mut tags = std::collections::HashSet::new();
    for (from, to) in
        [(0, 1), (0, 5000), (900, 70_000), (size / 2, size / 2 + 200_000), (size - 3, size)]
    {
        let range = format!("bytes={from}-{}", to - 1);
        let response = api.http.get(&url).header("Range", range).send().await.unwrap();
        assert_eq!(response.status(), 206);
        let expected = format!("bytes {from}-{}/{size}", to - 1);
        assert_eq!(response.headers()["content-range"], expected.as_str());
        tags.insert(response.headers()["etag"].to_str().unwrap().to_owned());
        assert!(response.bytes().await.unwrap() == whole[from..to], "{expected}");
    }
    assert_eq!(tags.len(), 1, "{tags:?}");
    let head = api.http.head(&url).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], size.to_string().as_str());
    let tag = tags.into_iter().next().unwrap();
    let unchanged = api.http.get(&url).header("If-None-Match", tag).send().await.unwrap();
    assert_eq!(unchanged.status(), 304);
}

#[tokio::test]
async fn a_scenario_and_the_library_can_return_the_video_as_it_was_uploaded() {
    let server = MockServer::start().await.unwrap();
    let dubbing = MockServer::builder().output(OutputMode::Dubbed).start().await.unwrap();
    for (world, is_dubbed) in [
        (server.world_with(scenario()), false),
        (server.world_with(scenario().output(OutputMode::Dubbed)), true),
        (dubbing.world_with(scenario()), true),
        (dubbing.world_with(scenario().output(OutputMode::Video)), false),
    ] {
        let api = Api::of(&world);
        let url = run(&api, sample("face.mp4"), ("voice.mp3", sample("voice.mp3"))).await;
        assert_eq!(download(&api, &url).await != sample("face.mp4"), is_dubbed);
        world.reset();
        let url = run(&api, sample("face.mp4"), ("voice.mp3", sample("voice.mp3"))).await;
        assert_eq!(download(&api, &url).await != sample("face.mp4"), is_dubbed, "after a reset");
    }
}

#[tokio::test]
async fn a_voice_that_cannot_be_used_leaves_the_video_as_it_is_and_the_journal_says_why() {
    let (_server, world) = dubbing_world().await;
    let api = Api::of(&world);
    let files = Files::new();
    let mulaw = files.make("mulaw.wav", "-f lavfi -i sine=duration=1 -c:a pcm_mulaw");
    for (voice, reason) in [
        (mulaw, "the audio is µ-law in a WAV file, which MP4 files cannot hold"),
        (b"hello".to_vec(), "the audio is not MP3, AAC, M4A or WAV"),
    ] {
        let url = run(&api, sample("face.mp4"), ("voice.wav", voice)).await;
        assert!(download(&api, &url).await == sample("face.mp4"));
        let note = last_note(&world, RequestKind::Output);
        assert_eq!(note, format!("the output is the video as it is: {reason}"));
    }
    let url = run(&api, b"no video".to_vec(), ("voice.mp3", sample("voice.mp3"))).await;
    assert!(download(&api, &url).await == b"no video");
    let note = last_note(&world, RequestKind::Output);
    assert!(note.ends_with("the video is not an MP4 or MOV file, or has no index"), "{note}");
}

#[tokio::test]
async fn media_that_were_not_uploaded_are_noted_at_the_submit() {
    let (_server, world) = dubbing_world().await;
    let api = Api::of(&world);
    let video = api.upload("face.mp4", "video/mp4", sample("face.mp4")).await;
    let elsewhere = "https://example.com/voice.mp3";
    let job = api.submit_to(MODEL, &json!({"video": video, "audio": elsewhere})).await;
    let note = last_note(&world, RequestKind::Submit);
    assert!(note.contains("audio is not a file that was uploaded to the mock server"), "{note}");
    let url = api.poll(&job).await.1["data"]["outputs"][0].as_str().unwrap().to_owned();
    assert!(download(&api, &url).await == sample("face.mp4"));
    // A job without a voice has nothing to note.
    let text = json!({"video": video, "text": "hello", "voice_id": "AOT"});
    api.submit_to("kwaivgi/kling-lipsync/text-to-video", &text).await;
    assert_eq!(last_note(&world, RequestKind::Submit), "");
}

#[tokio::test]
async fn base64_outputs_are_dubbed_too() {
    let (_server, world) = dubbing_world().await;
    let api = Api::of(&world);
    let video = api.upload("face.mp4", "video/mp4", sample("face.mp4")).await;
    let audio = api.upload("voice.mp3", "audio/mpeg", sample("voice.mp3")).await;
    let mut input = json!({"video": video, "audio": audio, "enable_base64_output": true});
    let job = api.submit_to(MODEL, &input).await;
    let encoded = api.poll(&job).await.1["data"]["outputs"][0].as_str().unwrap().to_owned();
    assert!(last_note(&world, RequestKind::Poll).contains("MP3 voice"));
    input["enable_base64_output"] = json!(false);
    let job = api.submit_to(MODEL, &input).await;
    let url = api.poll(&job).await.1["data"]["outputs"][0].as_str().unwrap().to_owned();
    assert!(STANDARD.decode(encoded).unwrap() == download(&api, &url).await);
}

#[tokio::test]
async fn the_models_of_sync_cut_to_the_shorter_of_the_two() {
    let (_server, world) = dubbing_world().await;
    let api = Api::of(&world);
    let video = api.upload("face.mp4", "video/mp4", sample("face.mp4")).await;
    let audio = api.upload("voice.mp3", "audio/mpeg", sample("voice.mp3")).await;
    for (mode, seconds) in
        [(Value::Null, "3.51"), (json!("cut_off"), "3.51"), (json!("loop"), "4.00")]
    {
        let input = json!({"video": video, "audio": audio, "sync_mode": mode});
        let job = api.submit_to("sync/lipsync-2", &input).await;
        let url = api.poll(&job).await.1["data"]["outputs"][0].as_str().unwrap().to_owned();
        download(&api, &url).await;
        let note = last_note(&world, RequestKind::Output);
        assert!(note.ends_with(&format!("{seconds} s")), "{mode}: {note}");
    }
}

/// The largest memory that a process has used, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_video_is_dubbed_without_its_bytes_in_memory() {
    use crate::program::start_program;

    let scenario = Files::new();
    let path = scenario.write("scenario.yaml", b"jobs: [{timeline: {after_polls: 1}}]");
    let (running, hello) = start_program(&["--scenario", path.to_str().unwrap()]);
    let text = |name: &str| hello[name].as_str().unwrap().to_owned();
    let api = Api { http: crate::support::http(), base: text("url"), key: text("key") };
    // A video whose last box has 150 MB, and whose index is in front.
    let mut video = sample("face.mp4");
    let first = video.len();
    video.extend_from_slice(&150_000_008_u32.to_be_bytes());
    video.extend_from_slice(b"free");
    video.resize(first + 150_000_008, 7);
    let url = run(&api, video, ("voice.mp3", sample("voice.mp3"))).await;
    let before = peak_memory(running.id());
    let output = download(&api, &url).await;
    assert!(output.len() < 1_000_000, "only the pictures are in the output");
    let whole = peak_memory(running.id());
    assert!(whole - before < 8_000_000, "dubbing took {} bytes", whole - before);
    let (status, journal) = response_of(
        api.http.get(format!("{}/_mock/v1/worlds/default/journal", api.base)).send().await.unwrap(),
    )
    .await;
    assert_eq!(status, 200);
    assert!(journal.to_string().contains("the output is the video with the MP3 voice"));
}
