//! A test covers every block of code in the documents, or a comment above it says why none does.
//!
//! The tests of a language read all documents themselves and run or compile every block that has no such
//! comment. This check knows these tests, and fails for a block that none of them reads.

mod doctests;
mod shell;

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use super::conclude;
use crate::checks::documents::{CodeBlock, Note, documents};
use crate::process::root;

/// The test that runs or compiles the blocks of a language in all documents.
const RUNNERS: &[(&str, &str)] = &[
    ("python", "bindings-python/tests/test_documents.py"),
    ("js", "bindings-node/test/documents.test.mjs"),
    ("mjs", "bindings-node/test/documents.test.mjs"),
    ("cjs", "bindings-node/test/documents.test.mjs"),
    ("swift", "xtask/src/mobile/documents.rs"),
    ("kotlin", "xtask/src/mobile/documents.rs"),
    ("yaml", "mock-server/tests/suite/documentation.rs"),
];

/// Languages of output, which nothing runs.
const OUTPUT: &[&str] = &["text"];

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Result<String> {
    let documents = documents()?;
    let included = doctests::included()?;
    let mut faults = Vec::new();
    let (mut blocks, mut not_run) = (0, 0);
    for document in &documents {
        for block in &document.blocks {
            blocks += 1;
            not_run += usize::from(matches!(block.note(), Some(Note::NotRun(_))));
            let place = format!("{}:{}: ", block.document, block.line);
            faults.extend(faults_of(block, &included).into_iter().map(|it| place.clone() + &it));
        }
        let commands = document.inline.iter().filter_map(|code| shell::fault_of_mention(code));
        faults.extend(commands.map(|fault| format!("{}: {fault}", document.path)));
    }
    let many = documents.len();
    conclude(&faults, format!("{blocks} blocks of code in {many} documents, {not_run} not run"))
}

fn faults_of(block: &CodeBlock, included: &BTreeSet<String>) -> Vec<String> {
    match block.note() {
        Some(Note::NotRun("")) => vec!["say why it is not run".to_owned()],
        // Its commands and paths must exist all the same.
        Some(Note::NotRun(_)) if block.language() == "sh" => shell::faults(&block.code),
        Some(Note::NotRun(_)) => Vec::new(),
        Some(Note::TestedBy(test)) => untested(block, test).into_iter().collect(),
        None => match block.language() {
            "rust" => doctests::fault(block, included).into_iter().collect(),
            "sh" => shell::faults(&block.code),
            "json" => no_json(&block.code).into_iter().collect(),
            language if OUTPUT.contains(&language) => Vec::new(),
            language => match RUNNERS.iter().find(|(name, _)| *name == language) {
                // As these tests look for it.
                Some(_) if block.fence != format!("```{language}") => {
                    vec![format!("write the fence as ```{language}, without attributes")]
                }
                Some((_, test)) if root().join(test).is_file() => Vec::new(),
                Some((_, test)) => vec![format!("there is no {test}, which runs such blocks")],
                None => vec![format!(
                    "no test knows the language `{language}`. Write `<!-- tested by: PATH -->` or \
                     `<!-- not run: REASON -->` above the block"
                )],
            },
        },
    }
}

/// The fault of a block whose comment names a test.
fn untested(block: &CodeBlock, test: &str) -> Option<String> {
    let Ok(text) = std::fs::read_to_string(root().join(test)) else {
        return Some(format!("there is no test {test}"));
    };
    // A README has the name of its folder in some tests, and none in others.
    let name = block.document.rsplit('/').next().unwrap_or(&block.document);
    (!text.contains(name)).then(|| format!("{test} does not read {name}"))
}

/// The fault of a block that is neither JSON nor a JSON value on each line.
fn no_json(code: &str) -> Option<String> {
    let whole = serde_json::from_str::<Value>(code).err()?;
    let is_lines = code.lines().all(|line| serde_json::from_str::<Value>(line).is_ok());
    (!is_lines).then(|| format!("is no JSON: {whole}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::documents::read;

    fn faults(text: &str) -> usize {
        let included = BTreeSet::from(["docs/guide.md".to_owned()]);
        let document = read("docs/guide.md", text);
        document.blocks.iter().map(|block| faults_of(block, &included).len()).sum()
    }

    #[test]
    fn a_block_needs_a_test_or_a_reason() {
        for (text, expected) in [
            ("```python\n```\n", 0),
            ("```python title=\"a\"\n```\n", 1),
            ("````python\n````\n", 1),
            ("```cobol\n```\n", 1),
            ("<!-- not run: -->\n```cobol\n```\n", 1),
            ("<!-- not run: it needs a mainframe -->\n```cobol\n```\n", 0),
            ("<!-- not run: it costs money -->\n```sh\nvizeme run\n```\n", 1),
            ("<!-- tested by: xtask/src/checks/snippets/mod.rs -->\n```cobol\n```\n", 0),
            ("<!-- tested by: xtask/src/process.rs -->\n```cobol\n```\n", 1),
            ("<!-- tested by: none.rs -->\n```cobol\n```\n", 1),
            ("```json\n{\"a\": 1}\n{\"b\": 2}\n```\n", 0),
            ("```json\n{a: 1}\n```\n", 1),
            ("```rust\n```\n\n```rust,ignore\n```\n", 1),
            ("```\nno language\n```\n", 0),
        ] {
            assert_eq!(faults(text), expected, "{text}");
        }
    }
}
