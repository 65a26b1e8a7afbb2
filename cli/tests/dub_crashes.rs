//! A dub is killed at ten moments, and resumed by the same command line: no segment is paid for twice, and
//! the result is that of a dub that was not killed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic fails the test")]

use std::time::Duration;

use crate::support::batch::{accepted_and_lost, quick, silence};
use crate::support::dub::DubTest;
use tokio::sync::OnceCell;
use viseme_mock::scenario::{Span, WireFault};
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

/// Returns the bytes of a result that nothing interrupted.
async fn uninterrupted() -> &'static [u8] {
    static RESULT: OnceCell<Vec<u8>> = OnceCell::const_new();
    let make = || async {
        let test = DubTest::new(quick()).await;
        test.resume_and_expect_done().await;
        std::fs::read(test.out()).unwrap()
    };
    RESULT.get_or_init(make).await
}

/// Resumes a dub that was killed when this many segments were charged.
async fn resume(test: &DubTest, charges: usize) {
    assert_eq!(test.charges(), charges, "before the resume: {}", test.log());
    assert!(!test.out().exists(), "the output exists before it is complete");
    test.resume_and_expect_done().await;
    let result = std::fs::read(test.out()).unwrap();
    assert!(result == uninterrupted().await, "the result is not that of an uninterrupted dub");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_files_are_read() {
    // 1: the voice is decoded, and nothing is recorded.
    let test = DubTest::new(quick()).await;
    let process = test.start();
    test.until_file("voice.pcm").await;
    process.kill().await;
    assert!(!test.work("dub.json").exists());
    resume(&test, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_segments_are_cut() {
    // 2: the plan is recorded. 3: a segment is being written. 4: one of two is there.
    for file in ["dub.json", "segment.mp4.part", "segments/0001.mp4"] {
        let test = DubTest::new(quick()).await;
        let process = test.start();
        test.until_file(file).await;
        process.kill().await;
        assert!(!test.work("segments/0003.mp4").exists(), "{file}: the last segment is cut");
        resume(&test, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_an_upload() {
    // 5
    let test = DubTest::new(quick().fault(silence(RequestKind::Put, 2))).await;
    let process = test.start();
    test.harness.until_fault_triggered().await;
    process.kill().await;
    let charges = test.charges();
    resume(&test, charges).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_a_submit_is_accepted_and_its_response_is_lost() {
    // 6
    let test = DubTest::new(quick().fault(accepted_and_lost(1))).await;
    let process = test.start();
    test.harness.until("two jobs", |world| world.jobs().len() == 2).await;
    process.kill().await;
    resume(&test, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_jobs_run() {
    // 7
    let slow = Scenario::new().job(JobRule::new(Timeline::after_polls(30)));
    let test = DubTest::new(slow).await;
    let process = test.start();
    test.harness.until("two jobs", |world| world.jobs().len() == 2).await;
    test.harness.until("a poll", |world| world.requests(RequestKind::Poll).len() > 2).await;
    process.kill().await;
    resume(&test, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_one_of_two_results_is_saved() {
    // 8: the download of the other does not end.
    let fault = Fault::at(RequestKind::Output).nth(2).wire(WireFault::Delay(Span::secs(60)));
    let test = DubTest::new(quick().fault(fault)).await;
    let process = test.start();
    test.harness.until_fault_triggered().await;
    let saved = || {
        let exists = |name: &str| usize::from(test.work(name).exists());
        exists("jobs/0001.mp4") + exists("jobs/0003.mp4")
    };
    test.harness.until("a result", |_| saved() == 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.kill().await;
    assert_eq!(saved(), 1);
    resume(&test, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_results_are_joined() {
    // 9
    let test = DubTest::new(quick()).await;
    let process = test.start();
    test.until_file("pictures.mp4.part").await;
    process.kill().await;
    resume(&test, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_output_is_written_and_before_the_folder_is_removed() {
    // 10: a dub that keeps its folder ends in this state.
    let test = DubTest::new(quick()).await.with(&["--keep-segments"]);
    let result = test.run().await;
    assert_eq!(result.code, Some(0), "{result:?}");
    assert!(test.work("finished.json").exists() && test.work("segments/0001.mp4").exists());
    let kept = std::fs::read_dir(test.work("")).unwrap().map(|it| it.unwrap().file_name());
    let part = kept.into_iter().find(|name| name.to_string_lossy().ends_with(".part"));
    assert_eq!(part, None, "an unfinished file is kept");
    let test = test.without_options();
    test.resume_and_expect_done().await;
    let result = std::fs::read(test.out()).unwrap();
    assert!(result == uninterrupted().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_output_has_its_name() {
    let test = DubTest::new(quick()).await.with(&["--keep-segments"]);
    assert_eq!(test.run().await.code, Some(0));
    std::fs::rename(test.out(), test.work("output.mp4.part")).unwrap();
    let test = test.without_options();
    resume(&test, 2).await;
}

/// An encoder outlives its caller's `kill -9` for a moment, and ends the file that it writes.
#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_of_a_killed_run_does_not_write_into_files_of_the_next() {
    let test = DubTest::new(quick()).await;
    let process = test.start();
    test.until_file("dub.json").await;
    process.kill().await;
    let names = ["segment.mp4.part", "pictures.mp4.part", "output.mp4.part"];
    let create = |name: &str| std::fs::File::create(test.work(name)).unwrap();
    let of_killed = names.map(|name| (name, create(name)));
    resume(&test, 0).await;
    for (name, file) in of_killed {
        assert_eq!(file.metadata().unwrap().len(), 0, "{name} is shared with the killed run");
    }
}
