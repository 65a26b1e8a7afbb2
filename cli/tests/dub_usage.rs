//! What `viseme dub` refuses, what ends it, and what the next run then does.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::batch::quick;
use crate::support::dub::DubTest;
use crate::support::media::ffmpeg;
use crate::support::{self, Harness, finish};
use serde_json::Value;
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_submits_nothing_and_an_existing_output_is_not_paid_for() {
    let test = DubTest::new(quick()).await.with(&["--dry-run", "--json"]);
    let planned = test.run().await;
    assert_eq!(planned.code, Some(0), "{planned:?}");
    assert_eq!(planned.json()["jobs"], support::dub::JOBS, "{planned:?}");
    assert!(!test.work("").exists(), "a dry run leaves nothing");

    let test = test.without_options();
    std::fs::write(test.out(), "mine").unwrap();
    let refused = test.run().await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert_eq!(std::fs::read(test.out()).unwrap(), b"mine");
    assert!(!test.work("").exists(), "a refused run leaves nothing");
    assert_eq!(test.charges(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_below_the_price_is_refused_before_anything_is_cut_or_paid() {
    let test = DubTest::new(quick()).await.with(&["--max-cost", "0.1"]);
    let refused = test.run().await;
    assert_eq!(refused.code, Some(7), "{refused:?}");
    assert!(refused.err.contains("costs $0.14, and the limit of cost is $0.10."), "{refused:?}");
    assert!(refused.err.contains("`--max-cost 0.14`"), "{refused:?}");
    assert_eq!(test.charges(), 0);
    assert!(!test.work("segments/0001.wav").exists(), "a segment was cut");
    let test = test.without_options().with(&["--max-cost", "0.14"]);
    test.resume_and_expect_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_cost_ends_a_dub_and_a_higher_one_resumes_it() {
    let retry = ["--retry-failed", "1"];
    let limit = |cost| [&retry[..], &["--max-cost", cost]].concat();
    let test = DubTest::new(first_job_fails()).await.with(&limit("0.14"));
    let limited = test.run().await;
    assert_eq!((limited.code, test.charges()), (Some(7), 2), "{limited:?}");
    assert!(limited.err.contains("Pass a higher `--max-cost`"), "{limited:?}");
    // What is paid counts.
    let test = test.without_options().with(&limit("0.2"));
    let refused = test.run().await;
    assert_eq!((refused.code, test.charges()), (Some(7), 2), "{refused:?}");
    assert!(refused.err.contains("costs $0.07, $0.21 with what is paid"), "{refused:?}");
    // Choices that change the segments are refused, and cost nothing.
    let test = test.without_options().with(&["--no-skip-silence"]);
    let other = test.run().await;
    assert_eq!((other.code, test.charges()), (Some(2), 2), "{other:?}");
    assert!(other.err.contains("another choice about silence"), "{other:?}");
    let test = test.without_options().with(&limit("0.21")).with(&["--json"]);
    let resumed = test.run().await;
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let summary: Value = serde_json::from_str(resumed.out.lines().last().unwrap()).unwrap();
    assert_eq!(summary["spent_micros"], 210_000, "{resumed:?}");
    test.expect_exact().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_whose_job_failed_is_submitted_again_only_if_asked() {
    let test = DubTest::new(first_job_fails()).await;
    let failed = test.run().await;
    assert_eq!(failed.code, Some(4), "{failed:?}");
    assert!(failed.err.contains("1 of 2 segments"), "{failed:?}");
    assert!(failed.err.contains("`--retry-failed 1`"), "{failed:?}");
    assert!(!test.out().exists());
    let again = test.run().await;
    assert_eq!((again.code, test.charges()), (Some(4), 2), "{again:?}");
    for run in [&failed, &again] {
        assert!(run.err.contains("dubbing: 1 of 2 segments"), "{run:?}");
        assert!(!run.err.contains("dubbing: 2 of 2 segments"), "{run:?}");
    }
    let test = test.with(&["--json"]);
    let listed = test.run().await;
    let last: Value = serde_json::from_str(listed.out.lines().last().unwrap()).unwrap();
    let (error, segment) = (&last["error"], &last["error"]["segments"][0]);
    assert_eq!((&error["code"], &error["cause"]), (&"dub_unfinished".into(), &"job_failed".into()));
    assert_eq!(segment["state"], "failed");
    let job = segment["job_id"].as_str().unwrap();
    assert!(failed.err.contains(job), "{failed:?}");
    let test = test.without_options().with(&["--retry-failed", "1"]);
    let retried = test.run().await;
    assert_eq!((retried.code, test.charges()), (Some(0), 3), "{retried:?}");
    test.expect_exact().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dub_that_an_outage_ends_is_not_a_failed_one() {
    let test = DubTest::new(quick().fault(Fault::at(RequestKind::Poll).until(6).reset())).await;
    let ended = test.run().await;
    assert_eq!((ended.code, test.charges()), (Some(5), 2), "{ended:?}");
    assert!(!ended.err.contains("--retry-failed"), "{ended:?}");
    test.resume_and_expect_done().await;
}

/// Returns jobs of which the first fails.
fn first_job_fails() -> Scenario {
    let fails = Timeline::secs(&[("created", 0), ("failed", 0)]);
    Scenario::new().job(JobRule::new(fails).nth(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_dubbed_are_wrong_usage_and_leave_nothing() {
    let test = DubTest::new(quick()).await;
    let folder = test.path("");
    ffmpeg(&folder, "-f lavfi -i color=red:size=64x64 -frames:v 1 still.png");
    ffmpeg(&folder, "-i voice.wav voice.mp3");
    ffmpeg(&folder, "-i clip.mp4 -an -c copy mute.mp4");
    let clip = std::fs::read(test.path("clip.mp4")).unwrap();
    std::fs::write(test.path("part.mp4"), &clip[..clip.len() / 2]).unwrap();
    std::fs::write(test.path("list.mp4"), "#EXTM3U\n#EXTINF:3,\nvoice.wav\n").unwrap();
    std::fs::write(test.path("empty.mp4"), "").unwrap();
    for (video, audio, message) in [
        ("still.png", "voice.wav", "still.png: This is a still picture. Pass a video file."),
        ("voice.mp3", "voice.wav", "voice.mp3 has no picture. Pass a video file."),
        ("part.mp4", "voice.wav", "part.mp4: The file cannot be decoded"),
        ("list.mp4", "voice.wav", "list.mp4 is no video or audio file"),
        ("empty.mp4", "voice.wav", "empty.mp4 is no video or audio file"),
        ("none.mp4", "voice.wav", "none.mp4: There is no such file. Check the path."),
        (".", "voice.wav", ".: This is a folder. Pass a file."),
        ("https://example.com/a.mp4", "voice.wav", "This is a URL. Download it"),
        ("clip.mp4", "list.mp4", "list.mp4 is no video or audio file"),
        ("clip.mp4", "mute.mp4", "mute.mp4 has no sound. Pass an audio file."),
        ("clip.mp4", "none.mp3", "none.mp3: There is no such file. Check the path."),
    ] {
        for more in [&[][..], &["--dry-run"]] {
            let line = ["dub", "--video", video, "--audio", audio, "--out", "out.mp4"];
            let refused = test.harness.viseme(&[&line[..], more].concat()).await;
            assert_eq!(refused.code, Some(2), "{video} {audio} {more:?}: {refused:?}");
            assert!(refused.err.contains(message), "{video} {audio} {more:?}: {refused:?}");
            assert_eq!(refused.err.lines().filter(|it| it.contains("error")).count(), 1);
            assert!(!test.work("").exists(), "{video} {audio}: a folder was left");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_refuses_the_outputs_that_a_run_refuses() {
    let test = DubTest::new(quick()).await;
    std::fs::write(test.path("there.mp4"), "mine").unwrap();
    for (out, message) in [
        ("out.mkv", "ends in neither .mp4 nor .mov"),
        (".", "ends in neither .mp4 nor .mov"),
        ("clip.mp4", "clip.mp4 exists already"),
        ("there.mp4", "there.mp4 exists already"),
        ("none/out.mp4", "none: There is no such folder. Create it first."),
    ] {
        for more in [&[][..], &["--dry-run"]] {
            let line = ["dub", "--video", "clip.mp4", "--audio", "voice.wav", "--out", out];
            let refused = test.harness.viseme(&[&line[..], more].concat()).await;
            assert_eq!(refused.code, Some(2), "{out} {more:?}: {refused:?}");
            assert!(refused.err.contains(message), "{out} {more:?}: {refused:?}");
        }
    }
    assert!(!test.path("none").exists(), "a folder was created");
    assert!(!test.path("there.mp4.dub").exists(), "a folder was left");
    assert_eq!(std::fs::read(test.path("there.mp4")).unwrap(), b"mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offline_dub_is_resumed_with_new_jobs() {
    let test = DubTest::new(quick()).await.with(&["--offline", "--limit", "1"]);
    let process = test.start();
    test.harness.until("a result", |_| test.log().contains("dubbing: 1 of 2")).await;
    process.kill().await;
    assert!(test.work("jobs-offline/batch.db").exists() && !test.work("jobs").exists());
    let resumed = test.run().await;
    assert_eq!(resumed.code, Some(0), "{resumed:?}\nbefore: {}", test.log());
    assert!(!resumed.err.contains("cutting: "), "the segments were cut again: {resumed:?}");
    assert!(resumed.err.contains("dubbing: 0 of 2"), "{resumed:?}");
    assert_eq!(test.charges(), 0, "a request was sent to the service");
    test.expect_exact().await;
    assert!(!test.work("").exists(), "the work folder remains");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_paid_jobs_is_refused_offline_and_by_another_service() {
    let test = DubTest::new(first_job_fails()).await;
    assert_eq!(test.run().await.code, Some(4));
    let other = Harness::new(quick()).await;
    let mut command = test.command();
    command.env("WAVESPEED_BASE_URL", other.world.base_url());
    let refused = finish(command).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let belongs = format!("belongs to the service at {}", test.harness.world.base_url());
    assert!(refused.err.contains(&belongs), "{refused:?}");
    assert!(other.world.ledger().charges.is_empty());

    let test = test.with(&["--offline"]);
    let refused = test.run().await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("keeps jobs of the service"), "{refused:?}");
    let test = test.without_options().with(&["--retry-failed", "1"]);
    let resumed = test.run().await;
    assert_eq!((resumed.code, test.charges()), (Some(0), 3), "{resumed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_says_what_is_unusual() {
    let test = DubTest::new(quick()).await;
    let folder = test.path("");
    ffmpeg(&folder, "-f lavfi -i anullsrc=r=16000:cl=mono -t 11 silent.wav");
    ffmpeg(&folder, "-i clip.mp4 -t 5 -c:v libx264 -preset ultrafast short.mp4");
    let plan = async |video, audio| {
        let line = ["dub", "--dry-run", "--video", video, "--audio", audio, "--out", "out.mp4"];
        let planned = test.harness.viseme(&line).await;
        assert_eq!(planned.code, Some(0), "{planned:?}");
        planned.out
    };
    let silent = plan("clip.mp4", "silent.wav").await;
    assert!(silent.contains("The voice is silent throughout."), "{silent}");
    assert!(silent.contains("0 jobs"), "{silent}");
    let held = plan("short.mp4", "voice.wav").await;
    assert!(held.contains("The voice is 0:06.0 longer than the picture: the last"), "{held}");
    let usual = plan("clip.mp4", "voice.wav").await;
    assert!(usual.contains("2 jobs for "), "{usual}");
    for words in ["longer than", "silent throughout", "saves 0 jobs"] {
        assert!(!usual.contains(words), "{usual}");
    }
}
