//! The completion scripts and the manual pages, used as their readers do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Harness, finish, never_ends};

/// Returns what bash suggests for the last word of a line.
async fn suggestions(harness: &Harness, script: &Path, words: &[&str]) -> Vec<String> {
    let program = r#"
        source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        complete -p viseme >/dev/null || exit 1
        function=$(complete -p viseme | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" viseme "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = tokio::process::Command::new("bash");
    bash.args(["--norc", "-c", program, "bash"]).arg(script).args(words);
    bash.current_dir(harness.folder.path());
    let finished = finish(bash).await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.out.lines().map(str::to_owned).collect()
}

#[cfg(unix)]
#[tokio::test]
async fn bash_completes_commands_options_and_values() {
    let harness = Harness::new(never_ends()).await;
    let script = harness.viseme(&["completions", "bash"]).await;
    assert_eq!((script.code, script.err.as_str()), (Some(0), ""));
    let path = harness.path("viseme.bash");
    std::fs::write(&path, script.out).unwrap();
    for (words, expected) in [
        (&["viseme", "downl"][..], &["download"][..]),
        (&["viseme", "batch", "rep"], &["report"]),
        (&["viseme", "run", "--dead"], &["--deadline"]),
        (&["viseme", "completions", "fi"], &["fish"]),
    ] {
        assert_eq!(suggestions(&harness, &path, words).await, expected, "{words:?}");
    }
}

#[tokio::test]
async fn every_shell_has_a_script() {
    let harness = Harness::new(never_ends()).await;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = harness.viseme(&["completions", shell]).await;
        assert_eq!((script.code, script.err.as_str()), (Some(0), ""), "{shell}");
        assert!(script.out.contains("playground"), "{shell}");
        let json = harness.viseme(&["completions", shell, "--json"]).await.json();
        assert_eq!(json["shell"], shell);
        assert_eq!(json["script"], script.out);
    }
    let unknown = harness.viseme(&["completions", "tcsh"]).await;
    assert_eq!(unknown.code, Some(2));
}

#[tokio::test]
async fn each_command_has_a_manual_page() {
    let harness = Harness::new(never_ends()).await;
    let written = harness.viseme(&["man", "--out", "share/man1"]).await;
    assert_eq!((written.code, written.err.as_str()), (Some(0), ""));
    let pages: BTreeSet<&str> = written.out.lines().collect();
    for page in ["viseme.1", "viseme-run.1", "viseme-batch-run.1", "viseme-man.1"] {
        assert!(pages.contains(&*format!("share/man1/{page}")), "{pages:?}");
    }
    for page in pages {
        let text = std::fs::read_to_string(harness.path(page)).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}");
    }
    let run = std::fs::read_to_string(harness.path("share/man1/viseme-run.1")).unwrap();
    assert!(run.contains("\\-\\-deadline"), "the page lists the options");

    // Where groff is installed, it must have nothing to say about a page.
    let mut groff = tokio::process::Command::new("groff");
    groff.args(["-man", "-Tutf8", "-z", "share/man1/viseme-run.1"]);
    groff.current_dir(harness.folder.path());
    if tokio::process::Command::new("groff").arg("--version").output().await.is_ok() {
        let checked = finish(groff).await;
        assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""));
    }

    std::fs::write(harness.path("file"), "").unwrap();
    let refused = harness.viseme(&["man", "--out", "file/man1"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("file/man1"), "{refused:?}");
}
