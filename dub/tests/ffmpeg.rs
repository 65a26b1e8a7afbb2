//! Runs of the real program: its limits, its errors, and names that look like something else.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use viseme_dub::ffmpeg::{Command, Ffmpeg, FfmpegError, Limits};

const ENDLESS: [&str; 4] = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"];

async fn ffmpeg() -> Ffmpeg {
    Ffmpeg::find().await.unwrap()
}

async fn picture(to: &Path, seconds: &str) {
    let command = ffmpeg().await.command().options(&ENDLESS);
    command.output(to, &["-t", seconds, "-f", "mp4"]).unwrap().run().await.unwrap();
}

#[tokio::test]
async fn a_run_reports_its_progress_and_writes_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a.mp4");
    let (sender, mut progress) = tokio::sync::mpsc::unbounded_channel();
    let command = ffmpeg().await.command().options(&ENDLESS);
    let command = command.output(&to, &["-t", "2", "-f", "mp4"]).unwrap();
    command
        .on_progress(move |at| {
            let _ = sender.send(at);
        })
        .run()
        .await
        .unwrap();
    assert!(to.metadata().unwrap().len() > 1000);
    let mut last = None;
    while let Ok(at) = progress.try_recv() {
        last = Some(at);
    }
    assert!(last.unwrap() > Duration::from_secs(1), "{last:?}");
}

#[tokio::test]
async fn names_that_look_like_something_else_are_files() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["-i.mp4", "concat:a|b", "a b'\".mp4", "two\nlines.mp4", "%03d.mp4", "x:y.mp4"] {
        let from = folder.path().join(name);
        picture(&from, "1").await;
        let to = folder.path().join(format!("copy of {name}"));
        let command = ffmpeg().await.command().input(&from, &["-f", "mov"]).unwrap();
        command.output(&to, &["-c", "copy", "-f", "mp4"]).unwrap().run().await.unwrap();
        assert!(to.metadata().unwrap().len() > 1000, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_need_not_be_utf_8() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.mp4"));
    picture(&from, "1").await;
    assert!(from.is_file());
}

#[tokio::test]
async fn an_input_may_not_open_anything_but_files() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.mp4");
    std::fs::write(&list, "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n").unwrap();
    let command = ffmpeg().await.command().input(&list, &["-f", "hls"]).unwrap();
    let error = command.output_to_stdout(&["-f", "null"]).run().await.unwrap_err();
    assert!(matches!(error, FfmpegError::Failed { .. }), "{error}");
}

#[tokio::test]
async fn errors_have_the_last_lines_of_the_program() {
    let command = ffmpeg().await.command().input(Path::new("/no/such/file.mp4"), &[""; 0]).unwrap();
    let error = command.output_to_stdout(&["-f", "null"]).run().await.unwrap_err();
    assert!(error.to_string().contains("No such file or directory"), "{error}");
}

fn endless(ffmpeg: &Ffmpeg, to: &Path, limits: Limits) -> Command {
    ffmpeg
        .command()
        .limits(limits)
        .options(&["-re"])
        .options(&ENDLESS)
        .output(to, &["-c:v", "mpeg4", "-f", "avi"])
        .unwrap()
}

#[tokio::test]
async fn a_run_ends_at_its_limits() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a.avi");
    let ffmpeg = ffmpeg().await;
    let started = Instant::now();
    let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
    let error = endless(&ffmpeg, &to, limits).run().await.unwrap_err();
    assert!(matches!(error, FfmpegError::TimedOut(_)), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
    let limits = Limits { bytes: 20_000, ..Limits::default() };
    let error = endless(&ffmpeg, &to, limits).run().await.unwrap_err();
    assert!(matches!(error, FfmpegError::TooLarge(20_000)), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dropped_run_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a.avi");
    let ffmpeg = ffmpeg().await;
    let run = endless(&ffmpeg, &to, Limits::default()).run();
    assert!(tokio::time::timeout(Duration::from_millis(700), run).await.is_err());
    let name = to.to_string_lossy().into_owned();
    let is_running = || {
        std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&name)
        })
    };
    for _ in 0..100 {
        if !is_running() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("ffmpeg still runs");
}

#[tokio::test]
async fn data_go_through_pipes() {
    let ffmpeg = ffmpeg().await;
    let mut running = ffmpeg
        .command()
        .input_from_stdin(&["-f", "s16le", "-ar", "8000", "-ac", "1"])
        .output_to_stdout(&["-f", "s16be"])
        .start()
        .unwrap();
    let (mut stdin, mut stdout) = (running.stdin.take().unwrap(), running.stdout.take().unwrap());
    let write = async move {
        for _ in 0..1000 {
            stdin.write_all(&[1, 2].repeat(500)).await.unwrap();
        }
    };
    let mut output = Vec::new();
    let ((), read) = tokio::join!(write, stdout.read_to_end(&mut output));
    read.unwrap();
    running.finish().await.unwrap();
    assert_eq!(output, [2, 1].repeat(500_000));
}
