//! Manifests as people write them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;

use tempfile::TempDir;
use viseme_batch::{Manifest, ManifestError};

fn written(name: &str, content: impl AsRef<[u8]>) -> (TempDir, Result<Manifest, ManifestError>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    let manifest = Manifest::read(&folder.path().join(name));
    (folder, manifest)
}

/// The ids and the videos of a manifest.
fn rows(name: &str, content: &str) -> Vec<(String, String)> {
    let (folder, manifest) = written(name, content);
    let manifest = manifest.unwrap();
    let video = |row: &viseme_batch::Row| {
        let video = row.parameters.get("video").and_then(|video| video.as_str()).unwrap();
        let relative = Path::new(video).strip_prefix(folder.path());
        relative.map_or_else(|_| video.to_owned(), |path| path.display().to_string())
    };
    manifest.rows().iter().map(|row| (row.id.clone(), video(row))).collect()
}

fn refused(name: &str, content: impl AsRef<[u8]>) -> String {
    let (folder, manifest) = written(name, content);
    let text = manifest.unwrap_err().to_string();
    text.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn tables_have_the_forms_that_spreadsheets_write() {
    let expected = [("a".to_owned(), "v 1.mp4".to_owned()), ("b".to_owned(), "x,y.mp4".to_owned())];
    for (name, content) in [
        ("jobs.csv", "id,video,audio\na,v 1.mp4,a.mp3\nb,\"x,y.mp4\",a.mp3\n"),
        ("jobs.csv", "\u{feff}id,video,audio\r\na,v 1.mp4,a.mp3\r\nb,\"x,y.mp4\",a.mp3\r\n"),
        ("jobs.csv", "id;video;audio\na;v 1.mp4;a.mp3\nb;x,y.mp4;a.mp3\n"),
        ("jobs.tsv", "id\tvideo\taudio\na\tv 1.mp4\ta.mp3\nb\tx,y.mp4\ta.mp3"),
        ("JOBS.CSV", " id , video ,audio\n\na,v 1.mp4,a.mp3\n,,\nb,\"x,y.mp4\"\n"),
        (
            "jobs.jsonl",
            "{\"id\":\"a\",\"video\":\"v 1.mp4\"}\n\n{\"id\":\"b\",\"video\":\"x,y.mp4\",\"audio\":null}\n",
        ),
    ] {
        assert_eq!(rows(name, content), expected, "{content:?}");
    }
}

#[test]
fn every_bad_row_is_named_at_once() {
    let content = "id,video,audio,voice_speed,model\n\
                   a,v.mp4,a.mp3,1,\nb,v.mp4,a.mp3,,\nc,v.mp4,a.mp3,,,extra\na,w.mp4,a.mp3,,\n";
    let text = refused("jobs.csv", content);
    assert_eq!(refused("jobs.csv", content.replace('\n', "\r\n")), text);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("jobs.csv:2: `voice_speed` is not a parameter of"), "{text}");
    assert!(lines[1].starts_with("jobs.csv:4: The row has 6 columns and the header 5."), "{text}");
    let text = refused("jobs.csv", "id,video,audio\na,v.mp4\nb,v.mp4\na,w.mp4\n");
    assert_eq!(text, "jobs.csv:4: The id `a` already stands at jobs.csv:2.");
    let text = refused("jobs.jsonl", "{\"id\":\"a\"}\n[1]\n{\n");
    assert!(text.starts_with("jobs.jsonl:2: The line is no JSON object"), "{text}");
    assert!(text.contains("\njobs.jsonl:3: The line is not JSON"), "{text}");
}

#[test]
fn everything_that_is_wrong_with_a_header_is_named_at_once() {
    let model = "kwaivgi/kling-lipsync/audio-to-video";
    let charges = "The service ignores unknown parameters but still charges.";
    for (content, expected) in [
        (
            "id,vidoe,note,,id\na,v.mp4,x,y,z\nb,v.mp4,x,y,z\nc,v.mp4,x,y,z,more\n",
            format!(
                "jobs.csv:1: The column 4 has no name. The column `id` stands twice. `vidoe` and `note` are not \
                 parameters of {model}. {charges} Did you mean `video` instead of `vidoe`? The column `audio` is \
                 missing. {model} requires it.\n\
                 jobs.csv:4: The row has 6 columns and the header 5. Quote cells that contain a comma."
            ),
        ),
        (
            "vidoe,audio\nv.mp4,a.mp3\n",
            format!(
                "jobs.csv:1: `vidoe` is not a parameter of {model}. {charges} Did you mean `video`?"
            ),
        ),
        (
            "id\na\n",
            format!(
                "jobs.csv:1: The columns `audio` and `video` are missing. {model} requires them."
            ),
        ),
    ] {
        assert_eq!(refused("jobs.csv", content), expected);
    }
    // Each row has a model of its own, and the check of a row says what is missing.
    let content = "id,video,text,model\na,v.mp4,hello,kwaivgi/kling-lipsync/text-to-video\n";
    assert_eq!(rows("jobs.csv", content).len(), 1);
}

#[test]
fn the_columns_of_a_row_error_are_violations() {
    let (_folder, manifest) = written("jobs.csv", "vidoe,note\nv.mp4,x\n");
    let ManifestError::Rows(errors) = manifest.unwrap_err() else { panic!("rows are not valid") };
    let found: Vec<_> = errors
        .iter()
        .flat_map(|error| &error.violations)
        .map(|it| (it.field.as_str(), it.rule.code()))
        .collect();
    assert_eq!(
        found,
        [("vidoe", "unknown_field"), ("note", "unknown_field"), ("audio", "required")]
    );
}

#[test]
fn a_manifest_without_rows_is_an_error() {
    for (name, content, advice) in [
        ("jobs.csv", "id,video,audio\n\n , ,\n", "Add a row for each video below the header."),
        ("jobs.csv", "", "Add a row for each video below the header."),
        ("jobs.csv", "\u{feff}\r\n", "Add a row for each video below the header."),
        ("jobs.tsv", "id\tvideo\taudio", "Add a row for each video below the header."),
        ("jobs.jsonl", "\n \n", "Add a line with a JSON object for each video."),
    ] {
        assert_eq!(
            refused(name, content),
            format!("{name}: The manifest has no rows. {advice}"),
            "{content:?}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "").unwrap();
    assert_eq!(
        Manifest::read(folder.path()).unwrap_err().to_string(),
        format!(
            "{}: The manifest has no rows. Put each video beside an audio file of the same name.",
            folder.path().display()
        )
    );
    // A program that has no rows today knows it.
    assert!(Manifest::new([]).unwrap().rows().is_empty());
}

#[test]
fn a_manifest_that_cannot_be_read_says_why() {
    for (name, content, expected) in [
        (
            "jobs.csv",
            &b"id,video,audio\na,\xff\n"[..],
            "jobs.csv: The file is not UTF-8. Save it as \"CSV UTF-8\".",
        ),
        ("jobs.csv", b"id,audio,video,video\n", "jobs.csv:1: The column `video` stands twice."),
        ("jobs.csv", b"id,,audio,video\n", "jobs.csv:1: The column 2 has no name."),
        ("jobs.xlsx", b"PK", "jobs.xlsx: A manifest is a .csv or .jsonl file, or a folder."),
    ] {
        assert_eq!(refused(name, content), expected);
    }
    let missing = Manifest::read("no-such-folder/jobs.csv".as_ref()).unwrap_err();
    assert_eq!(missing.to_string(), "no-such-folder/jobs.csv: There is no such file or folder.");
}

#[test]
fn a_folder_pairs_each_video_with_the_audio_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.mp4", "b.mp3", "a.MOV", "a.wav", "notes.txt", "c.v2.mp4", "c.v2.m4a"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let manifest = Manifest::read(folder.path()).unwrap();
    let ids: Vec<_> = manifest.rows().iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c.v2"]);
    for name in ["alone.mp4", "voice.mp3", "b.mov"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(
        Manifest::read(folder.path()).unwrap_err().to_string(),
        "alone: There is no audio `alone.mp3`, `.wav`, `.m4a` or `.aac`.\n\
         b: Several files are named `b`. Keep one video and one audio.\n\
         voice: There is no video `voice.mp4` or `voice.mov`."
    );
}

#[test]
fn equal_rows_without_an_id_get_one_each_and_keep_it() {
    let content = "video,audio\nv.mp4,a.mp3\nv.mp4,a.mp3\nw.mp4,a.mp3\n";
    let ids: Vec<_> = rows("jobs.csv", content).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids[1], format!("{}-2", ids[0]));
    assert_ne!(ids[0], ids[2]);
}
