//! `viseme fit`, and `--fit` of run and submit.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use crate::support::media::{ffmpeg, make_file, picture};
use crate::support::{self, Harness, ends};
use viseme_mock::Scenario;

fn make(harness: &Harness) {
    let folder = harness.folder.path();
    make_file(folder, &format!("{} long.mp4", picture(12, "1280x720")));
    make_file(folder, &format!("{} small.mp4", picture(3, "640x360")));
    make_file(folder, &format!("{} good.mp4", picture(3, "1280x720")));
    make_file(folder, &format!("{} short.mp4", picture(1, "1280x720")));
    make_file(folder, "-f lavfi -i sine=duration=12 voice.flac");
    make_file(folder, "-f lavfi -i sine=duration=3 voice.mp3");
}

#[tokio::test(flavor = "multi_thread")]
async fn fit_makes_new_files_and_prints_where_they_are() {
    let harness = Harness::new(Scenario::new()).await;
    make(&harness);
    let check = harness.viseme(&["check", "--video", "long.mp4", "--audio", "voice.flac"]).await;
    assert_eq!(check.code, Some(2), "{check:?}");
    for line in ["  fix: cut to 10 s (`viseme fit` mends this)", "  fix: convert to WAV (`viseme"] {
        assert!(check.out.contains(line), "{check:?}");
    }

    let plan = ["fit", "--video", "long.mp4", "--audio", "voice.flac", "--dry-run"];
    let planned = harness.viseme(&plan).await;
    assert_eq!(planned.code, Some(0), "{planned:?}");
    assert_eq!(
        planned.out,
        "audio: voice.flac\n  convert to WAV\n  cut to 10 s\nvideo: long.mp4\n  cut to 10 s\n"
    );
    assert!(!harness.path("out").exists());

    let fit = ["fit", "--video", "long.mp4", "--audio", "voice.flac", "--out", "out"];
    let fitted = harness.viseme(&fit).await;
    assert_eq!(fitted.code, Some(0), "{fitted:?}");
    assert_eq!(fitted.out, "audio: out/voice.wav\nvideo: out/long.mp4\n", "{fitted:?}");
    assert!(fitted.err.contains("cut to 10 s"), "{fitted:?}");
    let arguments = ["check", "--video", "out/long.mp4", "--audio", "out/voice.wav"];
    let check = harness.viseme(&arguments).await;
    assert_eq!(check.code, Some(0), "{check:?}");
    let names: Vec<_> = std::fs::read_dir(harness.path("out")).unwrap().flatten().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(harness.world.journal().is_empty(), "no request was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn fit_prints_json() {
    let harness = Harness::new(Scenario::new()).await;
    make(&harness);
    let arguments =
        ["fit", "--video", "small.mp4", "--audio", "voice.mp3", "--out", "out", "--json"];
    let json = harness.viseme(&arguments).await.json();
    assert_eq!(json["ok"], true, "{json}");
    let (audio, video) = (&json["files"][0], &json["files"][1]);
    assert_eq!(
        (&audio["path"], &audio["steps"]),
        (&serde_json::Value::Null, &serde_json::json!([]))
    );
    assert_eq!(video["path"], "out/small.mp4", "{json}");
    assert_eq!(video["steps"][0]["description"], "scale to 1280 × 720");
    assert_eq!(
        (&video["steps"][0]["lossy"], &video["after"]["width"]),
        (&true.into(), &1280.into())
    );

    let arguments = ["fit", "--video", "short.mp4", "--dry-run", "--json"];
    let result = harness.viseme(&arguments).await;
    let json = result.json();
    assert_eq!((result.code, &json["ok"]), (Some(2), &false.into()), "{json}");
    assert_eq!(json["files"][0]["violations"][0]["rule"], "duration", "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fit_says_what_it_cannot_do() {
    let harness = Harness::new(Scenario::new()).await;
    make(&harness);
    for (arguments, code, words) in [
        (&["--video", "short.mp4", "--out", "out"][..], 2, "lasts 1 s"),
        (
            &["--video", "short.mp4", "--dry-run"],
            2,
            "fix: hold the last frame (--extend mends this)",
        ),
        (&["--video", "long.mp4", "--out", "out", "--to", "0:11"], 2, "Pass --to 0:10 or earlier."),
        (
            &["--video", "absent.mp4", "--out", "out"],
            2,
            "`--video`: file not found: absent.mp4. Check",
        ),
        (&["--video", "long.mp4"], 2, "--out"),
        (&["--out", "out"], 2, "--video and --audio are missing"),
        (&["--video", "long.mp4", "--out", "good.mp4"], 2, "good.mp4 is a file. Give a folder"),
        (&["--video", "long.mp4", "--out", "out", "--from", "20"], 2, "starts at 0:20"),
        (&["--video", "long.mp4", "--out", "out", "--from", "x"], 2, "must be a time"),
    ] {
        let result = harness.viseme(&[&["fit"], arguments].concat()).await;
        assert_eq!(result.code, Some(code), "{arguments:?}: {result:?}");
        let printed = format!("{}{}", result.out, result.err);
        assert!(printed.contains(words), "{arguments:?}: {result:?}");
        assert!(!printed.contains("`viseme fit`"), "that is this command: {result:?}");
    }
    let mut command = harness.command(&["fit", "--video", "long.mp4", "--out", "out"]);
    command.env("VISEME_FFMPEG", harness.path("absent"));
    let result = support::Running::new(command).finish().await;
    assert_eq!(result.code, Some(1), "{result:?}");
    assert!(result.err.contains("VISEME_FFMPEG"), "{result:?}");
    assert!(!harness.path("out").exists(), "nothing was written");
    // A file that needs no step needs no ffmpeg.
    let mut command = harness.command(&["fit", "--video", "good.mp4", "--out", "out"]);
    command.env("VISEME_FFMPEG", harness.path("absent"));
    let result = support::Running::new(command).finish().await;
    assert_eq!((result.code, result.out.as_str()), (Some(0), "video: good.mp4\n"), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_the_options_of_a_fix() {
    let harness = Harness::new(Scenario::new()).await;
    make(&harness);
    let folder = harness.folder.path();
    make_file(folder, "-f lavfi -i sine=duration=70 -b:a 64k long.mp3");
    ffmpeg(folder, "-i good.mp4 -i voice.mp3 -map 0:v -map 1:a -c copy talk.mkv");
    for (arguments, line) in [
        (&["--audio", "long.mp3"][..], "fix: cut to 60 s (`viseme fit --strict` mends this)"),
        (&["--audio", "long.mp3", "--strict"], "(`viseme fit --strict` mends this)"),
        (&["--video", "short.mp4"], "fix: hold the last frame (`viseme fit --extend` mends this)"),
        // Its codec is not known before ffmpeg reads it.
        (&["--audio", "talk.mkv"], "fix: extract the audio (`viseme fit` mends this)"),
    ] {
        let result = harness.viseme(&[&["check"], arguments].concat()).await;
        assert!(result.out.contains(line), "{arguments:?}: {result:?}");
    }
    let planned = harness.viseme(&["fit", "--audio", "talk.mkv", "--dry-run"]).await;
    assert_eq!(planned.out, "audio: talk.mkv\n  extract the audio as MP3\n");
    let fit = ["fit", "--audio", "long.mp3", "--strict", "--out", "out"];
    let fitted = harness.viseme(&fit).await;
    assert_eq!((fitted.code, fitted.out.as_str()), (Some(0), "audio: out/long.mp3\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_of_a_batch_leaves_out_rows_with_errors() {
    let harness = Harness::new(Scenario::new()).await;
    make(&harness);
    let manifest = "id,video,audio\na,good.mp4,voice.mp3\nb,short.mp4,voice.mp3\n";
    std::fs::write(harness.path("jobs.csv"), manifest).unwrap();
    let check = harness.viseme(&["batch", "check", "jobs.csv", "--price"]).await;
    assert_eq!(check.code, Some(2), "{check:?}");
    let end = "2 rows: 1 with errors, 0 with warnings. 1 job.\nPrice: $0.07.\n";
    assert!(check.out.ends_with(end), "{check:?}");
    let hint = "fix: hold the last frame (`viseme fit --extend` mends this)";
    assert!(check.out.contains(hint), "{check:?}");
    let check = harness.viseme(&["batch", "check", "jobs.csv", "--fit", "--extend"]).await;
    assert!(check.code == Some(0) && check.out.ends_with("2 jobs.\n"), "{check:?}");

    let mut command = harness.command(&["batch", "check", "jobs.csv", "--price"]);
    command.env_remove("WAVESPEED_API_KEY");
    let result = support::Running::new(command).finish().await;
    assert!(result.code != Some(0) && result.err.contains("No API key"), "{result:?}");
    assert!(result.out.is_empty(), "it ends before the rows are checked: {result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_and_submit_fit_their_media() {
    let harness = Harness::new(ends("completed")).await;
    make(&harness);
    let media = ["--video", "long.mp4", "--audio", "voice.flac"];
    let refused = harness.viseme(&[&["run"], &media[..]].concat()).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("`viseme fit` mends this"), "{refused:?}");
    let submit = harness.viseme(&[&["submit", "--fit"], &media[..]].concat()).await;
    assert_eq!(submit.code, Some(0), "{submit:?}");
    let run =
        [&["run", "--fit", "--poll-every", "0.1", "--out", "result.mp4"], &media[..]].concat();
    let run = harness.viseme(&run).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains("  cut to 10 s") && harness.path("result.mp4").exists(), "{run:?}");
    let usage = harness.viseme(&[&["run", "--crop"], &media[..]].concat()).await;
    assert!(usage.code == Some(2) && usage.err.contains("Add --fit"), "{usage:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_fits_its_rows_and_a_later_run_uses_the_same_files() {
    let harness = Harness::new(ends("completed")).await;
    make(&harness);
    let manifest =
        "id,video,audio\na,long.mp4,voice.flac\nb,long.mp4,voice.mp3\nc,short.mp4,voice.mp3\n";
    std::fs::write(harness.path("jobs.csv"), manifest).unwrap();

    let check = harness.viseme(&["batch", "check", "jobs.csv"]).await;
    assert_eq!(check.code, Some(2), "{check:?}");
    assert!(check.out.contains("fix: cut to 10 s (`viseme fit` mends this)"), "{check:?}");
    let check = harness.viseme(&["batch", "check", "jobs.csv", "--fit"]).await;
    assert_eq!(check.code, Some(2), "{check:?}");
    assert!(check.out.contains("(a): fit: audio: convert to WAV, cut to 10 s"), "{check:?}");
    assert_eq!(check.out.matches("error").count(), 2, "one row and the conclusion: {check:?}");

    let run = ["batch", "run", "jobs.csv", "--fit", "--out", "out", "--poll-every", "0.1"];
    let first = harness.viseme(&run).await;
    assert_eq!(first.code, Some(4), "the row with the short video is refused: {first:?}");
    assert_eq!(harness.world.ledger().charges.len(), 2);
    let files = fitted_files(&harness);
    // The video of two rows was made once.
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(harness.path("out/a.mp4").exists() && harness.path("out/b.mp4").exists());

    std::fs::write(harness.path("jobs.csv"), format!("{manifest}d,long.mp4,voice.flac\n")).unwrap();
    let again = harness.viseme(&[&run[..], &["--repeat"]].concat()).await;
    assert_eq!(again.code, Some(4), "{again:?}");
    assert_eq!(harness.world.ledger().charges.len(), 3, "only the new row is paid for");
    assert_eq!(fitted_files(&harness), files, "its files were there already");
}

/// The files that were made for a batch, and when.
fn fitted_files(harness: &Harness) -> Vec<(String, std::time::SystemTime)> {
    let folders = std::fs::read_dir(harness.path("out/.fitted")).unwrap().flatten();
    let files = folders.flat_map(|it| std::fs::read_dir(it.path()).unwrap().flatten());
    let mut files: Vec<_> = files
        .map(|it| (it.path().display().to_string(), it.metadata().unwrap().modified().unwrap()))
        .collect();
    files.sort();
    files
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_fit_leaves_is_removed_by_the_next_one() {
    let harness = Harness::new(Scenario::new()).await;
    let folder = harness.folder.path();
    make_file(folder, &format!("{} large.mp4", picture(9, "3840x2160")));
    make_file(folder, &format!("{} small.mp4", picture(2, "640x360")));
    let source = std::fs::read(harness.path("large.mp4")).unwrap();
    let arguments = ["fit", "--video", "large.mp4", "--out", "out"];
    let mut running = support::Running::new(harness.command(&arguments));
    running.until_line_with("scale to 1920 × 1080").await;
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    running.signal(rustix::process::Signal::KILL);
    running.finish().await;
    assert!(!harness.path("out/large.mp4").exists(), "no unfinished file has the final name");
    assert_eq!(std::fs::read_dir(harness.path("out")).unwrap().count(), 1);
    let next = harness.viseme(&["fit", "--video", "small.mp4", "--out", "out"]).await;
    assert_eq!(next.code, Some(0), "{next:?}");
    let names: Vec<_> = std::fs::read_dir(harness.path("out"))
        .unwrap()
        .flatten()
        .map(|it| it.file_name())
        .collect();
    assert_eq!(names, ["small.mp4"]);
    assert!(std::fs::read(harness.path("large.mp4")).unwrap() == source);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_fit_leaves_no_file() {
    let harness = Harness::new(Scenario::new()).await;
    make_file(harness.folder.path(), &format!("{} large.mp4", picture(9, "3840x2160")));
    let arguments = ["fit", "--video", "large.mp4", "--out", "out"];
    let mut running = support::Running::new(harness.command(&arguments));
    running.until_line_with("scale to 1920 × 1080").await;
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    running.signal(rustix::process::Signal::INT);
    let result = running.finish().await;
    assert_eq!(result.code, Some(130), "{result:?}");
    assert_eq!(std::fs::read_dir(harness.path("out")).unwrap().count(), 0);
}
