//! What `viseme mcp` does not do: leave its folders, say the API key, or write anything but the protocol.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic fails the test")]

use std::process::Stdio;

use crate::support::mcp::{Session, User, lip_sync};
use crate::support::{Harness, Running, ends, in_repository, never_ends};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use viseme_mock::RequestKind;

/// The URI of a folder.
fn uri(folder: &std::path::Path) -> String {
    format!("file://{}", folder.display())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_allowed_folders_are_used() {
    let harness = Harness::new(never_ends()).await;
    let outside = tempfile::tempdir().unwrap();
    for name in ["face.mp4", "voice.mp3"] {
        std::fs::copy(in_repository("samples").join(name), outside.path().join(name)).unwrap();
    }
    let video = outside.path().join("face.mp4");
    let arguments = json!({"video": video, "audio": "voice.mp3"});
    std::os::unix::fs::symlink(&video, harness.path("link.mp4")).unwrap();

    let current = Session::start(&harness, User::default(), &[]).await;
    for tool in ["check", "fit", "price", "run"] {
        let error = current.error(tool, arguments.clone()).await;
        assert_eq!(error["code"], "path_not_allowed", "{tool}: {error}");
    }
    let linked = lip_sync(json!({"video": "link.mp4"}));
    assert_eq!(current.error("run", linked).await["code"], "path_not_allowed");
    for folder in [outside.path().to_str().unwrap(), "../elsewhere"] {
        let download = json!({"job_id": "abc", "folder": folder});
        assert_eq!(current.error("download", download).await["code"], "path_not_allowed");
        let fit = lip_sync(json!({"folder": folder}));
        assert_eq!(current.error("fit", fit).await["code"], "path_not_allowed");
    }
    assert!(harness.world.requests(RequestKind::Put).is_empty(), "nothing was uploaded");
    assert_eq!(current.close().await, Some(0));

    // A folder of the command line, and the roots of a client, which are not asked for then.
    let flag = ["--folder", outside.path().to_str().unwrap()];
    let roots = |folder| User { roots: Some(vec![uri(folder)]), ..User::default() };
    let mixed = json!({"video": "face.mp4", "audio": harness.path("voice.mp3")});
    for (user, arguments) in [
        (User::default(), &flag[..]),
        (roots(outside.path()), &[]),
        (roots(harness.folder.path()), &flag),
    ] {
        let session = Session::start(&harness, user, arguments).await;
        assert_eq!(session.ok("check", json!({"video": video})).await["ok"], true);
        assert_eq!(session.error("check", mixed.clone()).await["code"], "path_not_allowed");
        assert_eq!(session.close().await, Some(0));
    }
    let refused = harness.viseme(&["mcp", "--folder", "none"]).await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistaken_arguments_cost_nothing() {
    let harness = Harness::new(never_ends()).await;
    let session = Session::start(&harness, User::default(), &[]).await;
    for (more, words) in [
        (json!({"vidoe": "face.mp4"}), "vidoe"),
        (json!({"confirm_price_usd": "0.1"}), "confirm_price_usd"),
        (json!({"parameters": {"seed": 7}, "confirm_price_usd": 1}), "seed"),
        (json!({"model": "nobody/nothing", "confirm_price_usd": 1}), "nobody/nothing"),
    ] {
        let error = session.error("run", lip_sync(more)).await;
        assert!(error["message"].as_str().unwrap().contains(words), "{words}: {error}");
    }
    let error = session.error("wait", json!({"job_id": " "})).await;
    assert_eq!(error["code"], "invalid_input");
    assert!(harness.world.requests(RequestKind::Submit).is_empty());
    assert_eq!(session.close().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_output_has_only_the_protocol_and_never_the_key() {
    let harness = Harness::new(ends("completed")).await;
    for name in ["face.mp4", "voice.mp3"] {
        std::fs::copy(in_repository("samples").join(name), harness.path(name)).unwrap();
    }
    let key = "wavespeed-secret-key-0123456789";
    let call = |id: u32, tool: &str, arguments: Value| {
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments}})
    };
    let lines = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        call(2, "balance", json!({})),
        call(3, "run", lip_sync(json!({}))),
        call(4, "check", json!({"video": key})),
        call(5, "nothing", json!({})),
    ];
    let mut command = harness.command(&["mcp", "--verbose"]);
    command.env("WAVESPEED_API_KEY", key).env("XDG_STATE_HOME", harness.path("state"));
    command.stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for line in &lines {
        stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
    let mut running = Running::of(child);
    let mut answers = Vec::new();
    while answers.len() < 5 {
        let line = running.next_line().await;
        let message: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(message["jsonrpc"], "2.0");
        answers.extend(message["id"].as_u64().map(|id| (id, message.clone())));
    }
    drop(stdin);
    let finished = running.finish().await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    // The service does not know this key, and says so.
    let of = |id: u64| &answers.iter().find(|(other, _)| *other == id).unwrap().1;
    assert!(of(2).to_string().contains("authentication"), "{}", of(2));
    assert!(of(5)["error"]["message"].as_str().unwrap().contains("nothing"));
    // The caller's own text comes back, the key of the environment never does.
    for (id, answer) in answers.iter().filter(|(id, _)| *id != 4) {
        assert!(!answer.to_string().contains(key), "{id}: {answer}");
    }
    assert!(!finished.err.contains(key), "{}", finished.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_only_the_tools_that_need_one_fail() {
    let harness = Harness::new(never_ends()).await;
    let no_key = |name: &str| (name.to_owned(), String::new());
    let session =
        Session::start_in(&harness, User::default(), &[no_key("WAVESPEED_API_KEY")]).await;
    assert_eq!(session.ok("check", lip_sync(json!({}))).await["ok"], true);
    for tool in ["run", "price"] {
        let error = session.error(tool, lip_sync(json!({}))).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("WAVESPEED_API_KEY") && message.contains("`env`"), "{error}");
    }
    assert_eq!(session.close().await, Some(0));
}
