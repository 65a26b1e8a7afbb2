//! The commands that the documents show run as they are, in their order, against a mock server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic fails the test")]

mod support;

use std::path::Path;

use support::media::{ffmpeg, picture};
use support::{Finished, Harness, ends, finish};

/// A document, and the commands in it that are not run here: their beginnings.
struct Document {
    path: &'static str,
    not_run: &'static [&'static str],
    /// How many commands are run.
    runs: usize,
}

/// Those that run until they are stopped, and those that need a database, are tested elsewhere.
const DOCUMENTS: &[Document] = &[
    Document { path: "README.md", not_run: &["mock"], runs: 2 },
    Document { path: "cli/README.md", not_run: &[], runs: 2 },
    Document { path: "docs/start/command-line.md", not_run: &[], runs: 5 },
    Document { path: "docs/cli.md", not_run: &["mock"], runs: 9 },
    // The mock server has no schema of that model.
    Document { path: "docs/cli-models.md", not_run: &["run wavespeed-ai/"], runs: 2 },
    Document { path: "docs/fit.md", not_run: &[], runs: 3 },
    Document { path: "docs/dub.md", not_run: &[], runs: 2 },
    Document {
        path: "docs/batches.md",
        not_run: &[
            // The second row has a result.
            "batch retry",
            // There are none whose end is unknown.
            "batch unknown results --",
            "batch run jobs.csv --out results --max-cost 200 --ledger",
            "batch status --ledger",
        ],
        runs: 5,
    },
    Document { path: "docs/recording.md", not_run: &["record --out recording --port"], runs: 1 },
    Document { path: "docs/drift.md", not_run: &["mock", "drift --live"], runs: 2 },
];

/// The commands of this program in the shell blocks of a document, as words.
fn commands(text: &str) -> Vec<Vec<String>> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.map(|block| block.replace("\\\n", " ")).collect::<String>();
    let words = |line: &str| shlex::split(line).unwrap();
    let is_ours = |words: &Vec<String>| words.first().is_some_and(|word| word == "viseme");
    let arguments = |words: Vec<String>| {
        words.into_iter().skip(1).take_while(|word| !word.starts_with('>')).collect()
    };
    lines.lines().map(words).filter(is_ours).map(arguments).collect()
}

/// The files that the documents name.
fn make_files(folder: &Path) {
    let samples = support::in_repository("samples");
    std::fs::create_dir(folder.join("samples")).unwrap();
    for (from, to) in [
        ("face.mp4", "face.mp4"),
        ("voice.mp3", "voice.mp3"),
        ("face.mp4", "samples/face.mp4"),
        ("voice.mp3", "samples/voice.mp3"),
    ] {
        std::fs::copy(samples.join(from), folder.join(to)).unwrap();
    }
    let rows = "id,video,audio\nintro,face.mp4,voice.mp3\noutro,samples/face.mp4,voice.mp3\n";
    std::fs::write(folder.join("jobs.csv"), rows).unwrap();
    for name in ["talk.mp4", "talk.mkv"] {
        ffmpeg(folder, &format!("{} {name}", picture(12, "1280x720")));
    }
    for (name, seconds) in [("voice.flac", 8), ("interview.mp3", 70)] {
        ffmpeg(folder, &format!("-f lavfi -i sine=frequency=300:duration={seconds} {name}"));
    }
    for name in ["portrait.png", "face.png"] {
        ffmpeg(folder, &format!("-i {} -frames:v 1 {name}", samples.join("face.jpg").display()));
    }
}

async fn run(harness: &Harness, arguments: &[String]) -> Finished {
    let mut command = harness.command(arguments);
    // `viseme record` starts `viseme`.
    let built = Path::new(env!("CARGO_BIN_EXE_viseme")).parent().unwrap().to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(built).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap());
    finish(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_commands_succeed() {
    for Document { path, not_run, runs } in DOCUMENTS {
        let harness = Harness::new(ends("completed")).await;
        make_files(harness.folder.path());
        if *path == "docs/drift.md" {
            let text =
                std::fs::read_to_string(support::in_repository("docs/recording.md")).unwrap();
            let record = commands(&text).into_iter().next().unwrap();
            assert_eq!(run(&harness, &record).await.code, Some(0), "{record:?}");
            for day in ["monday", "tuesday", "friday"] {
                copy_folder(&harness.path("recording"), &harness.path(day));
            }
        }
        let text = std::fs::read_to_string(support::in_repository(path)).unwrap();
        let mut done = 0;
        for command in commands(&text) {
            let line = command.join(" ");
            if not_run.iter().any(|start| line.starts_with(start)) {
                continue;
            }
            let finished = run(&harness, &command).await;
            assert_eq!(finished.code, Some(0), "{path}: viseme {line}: {finished:?}");
            done += 1;
        }
        assert_eq!(done, *runs, "{path}");
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
