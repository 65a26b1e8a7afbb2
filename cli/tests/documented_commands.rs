//! Runs the commands of this program that the documents show, as a reader would: in their order, in a clean
//! folder, with a mock server in place of the service. A command ends with exit code 0, or with the one that its
//! comment names (`# exit code 4`). A block below the comment `output of: COMMAND` has the shape of the output, and
//! one below `rows of: COMMAND` has its rows.
//!
//! A block below the comment `not run: REASON` is not run. Programs of others are not run either.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]

use std::collections::BTreeSet;

use crate::support::batch::quick;
use crate::support::markdown::{Block, Document, documents};
use crate::support::media::{ffmpeg, make_file, picture};
use crate::support::reader::{Kind, Reader, lines};
use crate::support::shape;
use crate::support::{self, Harness};
use viseme::{AudioToVideo, Client, Config};
use viseme_ledger::testing::PostgresServer;
use viseme_mock::scenario::WireFault;
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

/// The guides whose commands are known to run. Others may come.
const GUIDES: [&str; 16] = [
    "CONTRIBUTING.md",
    "README.md",
    "cli/README.md",
    "docs/batches.md",
    "docs/billing-safety.md",
    "docs/cli-models.md",
    "docs/cli.md",
    "docs/drift.md",
    "docs/dub.md",
    "docs/fit.md",
    "docs/ledger.md",
    "docs/playground.md",
    "docs/recording.md",
    "docs/start/command-line.md",
    "docs/webhooks.md",
    "mock-server/README.md",
];

/// Rows whose submits are not accepted, and whose responses are lost.
fn lost_submits() -> Scenario {
    quick().fault(Fault::at(RequestKind::Submit).reset())
}

fn failing_jobs() -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::ends_after_polls(1, "failed")))
}

/// Gives the reader of a document what the document expects to be there.
async fn prepare(reader: &mut Reader, document: &Document) {
    let folder = &reader.harness.folder.path().to_owned();
    std::fs::create_dir(folder.join("samples")).unwrap();
    for name in ["face.mp4", "voice.mp3"] {
        let sample = support::in_repository("samples").join(name);
        std::fs::copy(&sample, folder.join("samples").join(name)).unwrap();
        std::fs::copy(&sample, folder.join(name)).unwrap();
    }
    let block = |language: &str| {
        let block = document.blocks.iter().find(|it| it.language == language);
        block.unwrap_or_else(|| panic!("no {language} in {}", document.path)).code.clone()
    };
    match document.path.as_str() {
        "docs/batches.md" => {
            // The documented address must not be looked up.
            reader.replace("media.example", "127.0.0.1:9");
            let table = block("csv").replace("media.example", "127.0.0.1:9");
            std::fs::write(reader.path("jobs.csv"), table).unwrap();
            for (from, to) in [
                ("face.mp4", "clips/intro.mp4"),
                ("face.mp4", "clips/outro.mp4"),
                ("voice.mp3", "voices/intro-de.mp3"),
            ] {
                let to = reader.path(to);
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::copy(reader.path(from), to).unwrap();
            }
        }
        "docs/cli.md" => std::fs::write(folder.join("fails.yaml"), block("yaml")).unwrap(),
        "mock-server/README.md" => {
            std::fs::write(folder.join("failures.yaml"), block("yaml")).unwrap();
        }
        "docs/cli-models.md" => {
            let image = "-f lavfi -i testsrc=size=512x512 -frames:v 1 portrait.png";
            ffmpeg(folder, image);
        }
        "docs/drift.md" => {
            for name in ["recording", "monday", "tuesday", "friday"] {
                let run = "viseme run --video face.mp4 --audio voice.mp3 --poll-every 0.1";
                reader.run_before(&format!("viseme record --out {name} -- {run}"), &[], 0).await;
            }
        }
        "docs/dub.md" => {
            // Speech, and silence where the documented plan has it.
            let voice = "aevalsrc='0.3*sin(2*PI*300*t)*(lt(t,9)+between(t,13,15.1)+gt(t,15.3))':d=25:s=16000";
            ffmpeg(folder, &format!("-f lavfi -i {voice} -b:a 32k voice.mp3"));
            let grey = "-f lavfi -i color=c=gray:size=1280x720:rate=5:duration=25";
            ffmpeg(
                folder,
                &format!("{grey} -c:v libx264 -preset ultrafast -pix_fmt yuv420p talk.mp4"),
            );
        }
        "docs/fit.md" => {
            make_file(folder, &format!("{} talk.mkv", picture(3, "1280x720")));
            make_file(folder, "-f lavfi -i sine=duration=3 voice.flac");
            make_file(folder, "-f lavfi -i sine=duration=70 -b:a 32k interview.mp3");
        }
        "docs/webhooks.md" => a_delivery(reader).await,
        _ => {}
    }
}

/// Saves a genuine delivery, and lets the command have its id, its time and its signature.
async fn a_delivery(reader: &mut Reader) {
    let world = &reader.harness.world;
    let webhooks = "webhooks: {before_answer: true, retries: []}";
    world.set_scenario(Scenario::parse(webhooks).unwrap());
    let config = Config::builder().ignore_env().base_url(world.base_url()).api_key(world.key());
    let client = Client::new(config.build().unwrap()).unwrap();
    let input =
        AudioToVideo::new().audio("https://127.0.0.1:9/a.mp3").video("https://127.0.0.1:9/v.mp4");
    client.submit(input).webhook("http://127.0.0.1:9/hook").await.unwrap();
    let delivery = world.webhooks().remove(0);
    std::fs::write(reader.path("body.json"), &delivery.body).unwrap();
    std::fs::write(reader.path("secret.txt"), world.webhook_secret()).unwrap();
    let attempt = &delivery.attempts[0];
    let (time, signature) = (attempt.timestamp.to_string(), attempt.signature.clone().unwrap());
    reader.replace("e6832d4abffb4d79bfbca19783fca133", &delivery.job_id);
    reader.replace("1758798328", &time);
    reader.replace("v3,7a32…", &signature);
}

/// Lets happen what a document describes before one of its commands.
async fn happen(reader: &mut Reader, document: &str, command: &str) {
    let world = reader.harness.world.clone();
    let short_search = [("WAVESPEED_TIMEOUT", "2")];
    let batch = "viseme batch run jobs.csv --out results";
    match (document, command) {
        ("docs/batches.md", "viseme batch retry results intro") => {
            std::fs::remove_dir_all(reader.path("results")).unwrap();
            world.set_scenario(failing_jobs());
            reader.run_before(batch, &[], 4).await;
        }
        ("docs/batches.md", "viseme batch unknown results") => {
            std::fs::remove_dir_all(reader.path("results")).unwrap();
            world.set_scenario(lost_submits());
            reader.run_before(batch, &short_search, 6).await;
        }
        ("docs/ledger.md", "viseme ledger adopt ledger.db row-18 JOB") => {
            // The service accepts the first, and its history does not show it.
            let accepted = Fault::at(RequestKind::Submit).after_accept().wire(WireFault::Reset);
            let closed = Fault::at(RequestKind::History).status(403);
            let accepted = quick().fault(accepted).fault(closed);
            for (key, scenario) in [("row-18", accepted), ("row-19", lost_submits())] {
                world.set_scenario(scenario);
                let media = "--video face.mp4 --audio voice.mp3";
                let submit = format!("viseme submit {media} --ledger ledger.db --key {key}");
                reader.run_before(&submit, &short_search, 6).await;
            }
        }
        _ => return,
    }
    world.set_scenario(quick());
}

/// Runs the commands of a document. Returns their number, and what is wrong.
async fn read(document: Document) -> (String, usize, Vec<String>) {
    let mut faults = Vec::new();
    let mut reader = Reader::new(Harness::new(quick()).await);
    prepare(&mut reader, &document).await;
    let database = document.path == "docs/batches.md";
    let database = if database { Some(PostgresServer::start()) } else { None };
    if let Some(database) = &database {
        let url = database.create_database().await;
        reader.replace("postgres://ann@db.example/films", &format!("'{url}'"));
    }
    for block in &document.blocks {
        if !is_run(block) {
            continue;
        }
        if block.language == "sh" {
            for line in lines(&block.code) {
                happen(&mut reader, &document.path, &line.text).await;
                faults.extend(reader.run(&line).await.err());
            }
        } else if let Some(command) = block.note("output of") {
            faults.extend(reader.compare(command, |out| shape::difference(&block.code, out)).err());
        } else if let Some(command) = block.note("rows of") {
            faults.extend(reader.compare(command, |out| shape::rows(&block.code, out)).err());
        }
    }
    faults.extend(reader.stop().await.err());
    (document.path, reader.commands, faults)
}

/// Whether this test runs the commands of a block.
fn is_run(block: &Block) -> bool {
    block.note("not run").is_none() && block.note("tested by").is_none()
}

/// Whether a document shows commands of this program.
fn has_commands(document: &Document) -> bool {
    let blocks = document.blocks.iter().filter(|block| block.language == "sh" && is_run(block));
    let mut lines = blocks.flat_map(|block| lines(&block.code));
    lines.any(|line| matches!(line.kind, Kind::Own | Kind::Server))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_commands_do_what_the_documents_say() {
    let readers: Vec<_> =
        documents().into_iter().filter(has_commands).map(|it| tokio::spawn(read(it))).collect();
    let (mut paths, mut commands, mut faults) = (BTreeSet::new(), 0, Vec::new());
    for reader in readers {
        let (path, run, found) = reader.await.unwrap();
        commands += run;
        faults.extend(found.into_iter().map(|fault| format!("{path}: {fault}")));
        paths.insert(path);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    let missing: Vec<_> = GUIDES.iter().filter(|it| !paths.contains(**it)).collect();
    assert!(missing.is_empty(), "no command was run of {missing:?}");
    assert!(commands >= 60, "only {commands} commands");
}

#[test]
fn lines_have_their_kind_and_their_exit_code() {
    let code = "export A=1   # it costs money\n# all\nviseme run --text 'a#b' \\\n  --out x.mp4 # exit code 4: it fails\n\
                A=1 viseme playground\ncargo run -p viseme-cli -- demo\nviseme mock exec -- ls\ncargo xtask test\n\
                viseme-mock --port 1\nviseme record --out a -- viseme run\nviseme record --out a\n";
    let found = lines(code);
    let found: Vec<_> = found.iter().map(|it| (it.text.as_str(), it.code, it.kind)).collect();
    let expected = [
        ("export A=1", 0, Kind::Shell),
        ("viseme run --text 'a#b'    --out x.mp4", 4, Kind::Own),
        ("env A=1 viseme playground", 0, Kind::Server),
        ("viseme demo", 0, Kind::Own),
        ("viseme mock exec -- ls", 0, Kind::Own),
        ("cargo xtask test", 0, Kind::Other),
        ("viseme-mock --port 1", 0, Kind::Server),
        ("viseme record --out a -- viseme run", 0, Kind::Own),
        ("viseme record --out a", 0, Kind::Server),
    ];
    assert_eq!(found, expected);
}

#[test]
fn output_may_differ_in_its_numbers_only() {
    for (documented, real, same) in [
        ("3 jobs, $0.21.\n", "12 jobs, $1.40.\n", true),
        ("   1  0:00.0 – 0:09.2  dub\n", "  10  0:00.0 – 1:09.2  dub\n", true),
        ("3 jobs\n", "3 rows\n", false),
        ("3 jobs\n", "3 jobs\nand more\n", false),
        ("3 jobs\nand more\n", "3 jobs\n", false),
        ("one …\n", "one two three\n", true),
        ("one … three\n", "one two four\n", false),
        ("one\n…\nfour\n", "one\ntwo\nthree\nfour\n", true),
        ("one\n…\n", "one\ntwo\n", true),
        ("one\n…\nfour\n", "one\ntwo\n", false),
    ] {
        assert_eq!(shape::difference(documented, real).is_none(), same, "{documented} {real}");
    }
}
