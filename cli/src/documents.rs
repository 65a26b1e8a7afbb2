//! Every command of the program that a document shows is one that it understands.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a panic fails the test")]

#[path = "../tests/support/markdown.rs"]
mod markdown;

use clap::Parser as _;
use clap::error::ErrorKind;
use markdown::documents;

use crate::args::Args;

/// The commands of this program in lines of a shell, as words.
fn commands(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in code.replace("\\\n", " ").lines() {
        let words = shlex::split(line).expect("quotes are closed");
        let Some(start) = (0..words.len()).find(|&at| is_program(&words, at)) else { continue };
        let ends = |word: &String| [">", ">>", "|", "&", "&&"].contains(&word.as_str());
        let mut command: Vec<_> =
            words.into_iter().skip(start).take_while(|word| !ends(word)).collect();
        // The mock server's own program has the same arguments.
        if command.first().is_some_and(|name| name == "viseme-mock") {
            command.splice(..1, ["viseme", "mock"].map(str::to_owned));
        }
        // `…` stands for more of the same.
        command.retain(|word| word != "…");
        found.push(command);
    }
    found
}

/// Whether a command of this program starts with this word.
fn is_program(words: &[String], at: usize) -> bool {
    let is_name = words.get(at).is_some_and(|word| word == "viseme" || word == "viseme-mock");
    // After variables, or as the argument of a program that starts others.
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    is_name && before.is_none_or(|word| word.contains('=') || word.starts_with("--"))
}

fn fault(command: &[String]) -> Option<(ErrorKind, String)> {
    match Args::try_parse_from(command) {
        Ok(args) => args.unused_option().map(|message| (ErrorKind::ArgumentConflict, message)),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => None,
        Err(error) => Some((error.kind(), error.to_string())),
    }
}

#[test]
fn every_documented_command_is_valid() {
    let (mut faults, mut seen) = (Vec::new(), 0);
    for document in documents() {
        let blocks = document.blocks.iter().filter(|block| block.language == "sh");
        for command in blocks.flat_map(|block| commands(&block.code)) {
            seen += 1;
            if let Some((_, message)) = fault(&command) {
                faults.push(format!("{}: {}: {message}", document.path, command.join(" ")));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 40, "only {seen} commands");
}

#[test]
fn every_mentioned_command_exists_with_its_options() {
    // A mention names neither all that a command requires nor real values.
    let incomplete = [
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
        ErrorKind::InvalidValue,
        ErrorKind::ValueValidation,
    ];
    let (mut faults, mut seen) = (Vec::new(), 0);
    for document in documents() {
        // `viseme = "0.1"` is a line of Cargo.toml, and `viseme COMMAND` any command.
        let named = |span: &&String| {
            span.starts_with("viseme ") && !span.contains(" = ") && !span.contains("COMMAND --")
        };
        let spans = document.inline.iter().filter(named);
        for command in spans.flat_map(|span| commands(span)) {
            seen += 1;
            if let Some((kind, message)) = fault(&command)
                && !incomplete.contains(&kind)
            {
                faults.push(format!("{}: {}: {message}", document.path, command.join(" ")));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 40, "only {seen} mentions");
}

#[test]
fn a_wrong_command_is_found() {
    let found =
        commands("A=1 viseme run --vidoe x.mp4 > y\nclaude add viseme\nviseme-mock --port 1 # c\n");
    assert_eq!(found.len(), 2);
    assert_eq!(fault(&found[0]).expect("a fault").0, ErrorKind::UnknownArgument);
    assert_eq!(fault(&found[1]), None);
    let text = "a `viseme x`\n\n<!-- not run: why -->\n```sh\nviseme y\n```\nb\n```js\nz\n```\n";
    let document = markdown::read("a.md", text);
    let blocks: Vec<_> =
        document.blocks.iter().map(|block| (&*block.language, &*block.code)).collect();
    assert_eq!(blocks, [("sh", "viseme y\n"), ("js", "z\n")]);
    assert_eq!(document.inline, ["viseme x"]);
    assert_eq!(document.blocks[0].note("not run"), Some("why"));
    assert_eq!(document.blocks[1].note("not run"), None);
}
