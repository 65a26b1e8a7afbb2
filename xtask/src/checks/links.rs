//! Every link between the project's Markdown files has a target: a file, and a heading if it names
//! one.

use std::path::Path;

use anyhow::{Context as _, Result};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{conclude, project_files};
use crate::process::root;

pub(crate) fn check() -> Result<String> {
    let mut files = project_files()?;
    files.retain(|file| file.ends_with(".md"));
    let mut faults = Vec::new();
    let mut links = 0;
    for file in &files {
        let path = root().join(file);
        for link in read(&path)?.links {
            links += 1;
            if let Some(fault) = fault_of(&path, &link)? {
                faults.push(format!("{file}: {link}: {fault}"));
            }
        }
    }
    conclude(&faults, format!("{links} links within the project, in {} documents", files.len()))
}

/// What is wrong with a link of a document.
fn fault_of(document: &Path, link: &str) -> Result<Option<&'static str>> {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = document.parent().context("a document without a folder")?;
    let target = if file.is_empty() { document.to_path_buf() } else { folder.join(file) };
    if file.starts_with('/') {
        return Ok(Some("must not start with `/`"));
    }
    if !target.exists() {
        return Ok(Some("there is no such file"));
    }
    let is_markdown = target.extension().is_some_and(|ending| ending == "md");
    if heading.is_empty() || !is_markdown || read(&target)?.anchors.iter().any(|a| a == heading) {
        return Ok(None);
    }
    Ok(Some("there is no such heading"))
}

/// The links and link targets of a document.
struct Document {
    /// The links within the project, as written.
    links: Vec<String>,
    /// The names by which links can refer to its headings.
    anchors: Vec<String>,
}

fn read(path: &Path) -> Result<Document> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Document {
    let mut document = Document { links: Vec::new(), anchors: Vec::new() };
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. })
                if is_within(&dest_url) =>
            {
                document.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let name = anchor(&heading.take().unwrap_or_default());
                let same = |other: &&String| is_repetition(other, &name);
                let before = document.anchors.iter().filter(same).count();
                let number = if before == 0 { String::new() } else { format!("-{before}") };
                document.anchors.push(name + &number);
            }
            Event::Text(words) | Event::Code(words) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&words);
                }
            }
            _ => {}
        }
    }
    document
}

fn is_within(link: &str) -> bool {
    !link.contains("://") && !link.starts_with("mailto:")
}

/// The name by which links refer to a heading, as repository hosts form it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

/// Whether an anchor is of an equal heading, with or without the number of a repeated one.
fn is_repetition(other: &str, name: &str) -> bool {
    other.strip_prefix(name).is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_headings_are_found_but_not_in_code() {
        let document = parse(
            "# The core's `http/` folder\n\n[a](b.md#c) ![p](p.png) [out](https://example.com)\n\n\
             ```md\n[code](none.md)\n```\n\n## Twice\n\n## Twice\n",
        );
        assert_eq!(document.links, ["b.md#c", "p.png"]);
        assert_eq!(document.anchors, ["the-cores-http-folder", "twice", "twice-1"]);
    }

    #[test]
    fn a_link_without_a_target_is_a_fault() {
        let folder = tempfile::tempdir().expect("a folder");
        let document = folder.path().join("a.md");
        std::fs::write(&document, "# Here\n").expect("written");
        let found = ["a.md", "#here", "a.md#here", "b.md", "#there", "/a.md"]
            .map(|link| fault_of(&document, link).expect("readable").is_none());
        assert_eq!(found, [true, true, true, false, false, false]);
    }
}
