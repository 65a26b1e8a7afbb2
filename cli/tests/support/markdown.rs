//! The blocks of code in the project's documents.

use std::path::Path;
use std::process::Command;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A document.
pub(crate) struct Document {
    /// Its path from the root of the repository.
    pub(crate) path: String,
    pub(crate) blocks: Vec<Block>,
    /// Code within sentences.
    #[allow(dead_code, reason = "only one of the tests needs it")]
    pub(crate) inline: Vec<String>,
}

/// A block of code with a fence.
pub(crate) struct Block {
    /// The word of its fence, such as `sh`.
    pub(crate) language: String,
    pub(crate) code: String,
    /// The comment in the line above the fence.
    pub(crate) comment: Option<String>,
}

impl Block {
    /// The rest of the comment above the block, if it starts with these words and a colon.
    pub(crate) fn note(&self, words: &str) -> Option<&str> {
        Some(self.comment.as_deref()?.strip_prefix(words)?.strip_prefix(':')?.trim())
    }
}

/// Reads every Markdown document of the project.
pub(crate) fn documents() -> Vec<Document> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let words = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
    let listing = Command::new("git").args(words).current_dir(&root).output().expect("git");
    let listing = String::from_utf8(listing.stdout).expect("text");
    let text = |name: &str| std::fs::read_to_string(root.join(name)).ok();
    listing.lines().filter_map(|name| Some(read(name, &text(name)?))).collect()
}

/// Reads one document.
pub(crate) fn read(path: &str, text: &str) -> Document {
    let mut document = Document { path: path.to_owned(), blocks: Vec::new(), inline: Vec::new() };
    let mut is_open = false;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let before = text.get(..range.start).unwrap_or_default();
                document.blocks.push(Block {
                    language: info.split([',', ' ']).next().unwrap_or_default().to_owned(),
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
