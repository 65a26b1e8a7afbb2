//! The project's documents and the blocks of code in them.

use std::fs;

use anyhow::{Context as _, Result};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::project_files;
use crate::process::root;

/// The reports of API Extractor, whose only code is a generated signature.
const REPORTS: &str = "api/";

/// A block of code with a language.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CodeBlock {
    /// The path of the document from the root.
    pub(crate) document: String,
    /// The line of its fence, from 1.
    pub(crate) line: usize,
    /// What the fence says, such as `rust,no_run`.
    pub(crate) info: String,
    /// The whole line of the fence, without its indentation.
    pub(crate) fence: String,
    pub(crate) code: String,
    /// The comment in the line above the fence.
    pub(crate) comment: Option<String>,
}

impl CodeBlock {
    /// The language, without attributes.
    pub(crate) fn language(&self) -> &str {
        self.info.split([',', ' ']).next().unwrap_or_default()
    }

    /// The reason why no test runs it, or the test that does, if its comment names one.
    pub(crate) fn note(&self) -> Option<Note<'_>> {
        let comment = self.comment.as_deref()?;
        let (kind, text) = comment.split_once(':')?;
        match kind {
            "not run" => Some(Note::NotRun(text.trim())),
            "tested by" => Some(Note::TestedBy(text.trim())),
            _ => None,
        }
    }
}

/// What the comment above a block says about its test.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Note<'a> {
    /// `<!-- not run: REASON -->`
    NotRun(&'a str),
    /// `<!-- tested by: PATH -->`
    TestedBy(&'a str),
}

/// A document: its blocks of code and the commands in its sentences.
pub(crate) struct Document {
    pub(crate) path: String,
    pub(crate) blocks: Vec<CodeBlock>,
    /// Code within sentences.
    pub(crate) inline: Vec<String>,
}

/// Every Markdown document of the project that people write.
pub(crate) fn documents() -> Result<Vec<Document>> {
    let mut found = Vec::new();
    for path in project_files()? {
        if path.ends_with(".md") && !path.starts_with(REPORTS) {
            let text = fs::read_to_string(root().join(&path))
                .with_context(|| format!("cannot read {path}"))?;
            found.push(read(&path, &text));
        }
    }
    Ok(found)
}

/// The blocks of one language in all documents, in their order.
pub(crate) fn blocks_in(language: &str) -> Result<Vec<CodeBlock>> {
    let blocks = documents()?.into_iter().flat_map(|document| document.blocks);
    Ok(blocks.filter(|block| block.language() == language && block.note().is_none()).collect())
}

/// Reads one document.
pub(crate) fn read(path: &str, text: &str) -> Document {
    let mut document = Document { path: path.to_owned(), blocks: Vec::new(), inline: Vec::new() };
    let mut is_open = false;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if !info.is_empty() => {
                let before = text.get(..range.start).unwrap_or_default();
                document.blocks.push(CodeBlock {
                    document: path.to_owned(),
                    line: before.matches('\n').count() + 1,
                    info: info.into_string(),
                    fence: text
                        .get(range)
                        .and_then(|it| it.lines().next())
                        .unwrap_or_default()
                        .to_owned(),
                    code: String::new(),
                    comment: comment_above(before),
                });
                is_open = true;
            }
            Event::Text(code) if is_open => {
                if let Some(block) = document.blocks.last_mut() {
                    block.code.push_str(&code);
                }
            }
            Event::End(TagEnd::CodeBlock) => is_open = false,
            Event::Code(code) => document.inline.push(code.into_string()),
            _ => {}
        }
    }
    document
}

/// The text of a comment that is the last line of what stands before a fence.
fn comment_above(before: &str) -> Option<String> {
    // The indentation of a fence in a list.
    let before = before.trim_end_matches(' ').strip_suffix('\n')?;
    let line = before.rsplit('\n').next()?.trim();
    Some(line.strip_prefix("<!--")?.strip_suffix("-->")?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_their_language_their_line_and_their_comment() {
        let text = "# A\n\n```rust,no_run\nfn a() {}\n```\n\n```\ntext\n```\n\n\
                    - item `viseme run`:\n\n  <!-- not run: it costs money -->\n  ```sh\n  a\n    b\n  ```\n\n\
                    <!-- tested by: a/b.rs -->\n```js\n```\n\n<!-- json: run -->\n```json\n{}\n```\n";
        let found = read("a.md", text);
        assert_eq!(found.inline, ["viseme run"]);
        let seen: Vec<_> = found
            .blocks
            .iter()
            .map(|it| (it.language(), it.line, it.code.as_str(), it.note()))
            .collect();
        assert_eq!(
            seen,
            [
                ("rust", 3, "fn a() {}\n", None),
                ("sh", 14, "a\n  b\n", Some(Note::NotRun("it costs money"))),
                ("js", 20, "", Some(Note::TestedBy("a/b.rs"))),
                ("json", 24, "{}\n", None),
            ]
        );
    }
}
