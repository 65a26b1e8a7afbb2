//! Links between the project's Markdown files lead to a file, and to a heading where they name one.

use std::path::Path;

use anyhow::{Context as _, Result};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{project_files, verdict};
use crate::process::root;
use crate::suite::Outcome;

pub(crate) fn check() -> Result<Outcome> {
    let mut files = project_files()?;
    files.retain(|file| file.ends_with(".md"));
    let mut faults = Vec::new();
    let mut links = 0;
    for file in &files {
        let path = root().join(file);
        for link in read(&path)?.links {
            links += 1;
            if let Some(fault) = judge(&path, &link)? {
                faults.push(format!("{file}: {link}: {fault}"));
            }
        }
    }
    verdict(&faults, format!("{links} links within the project, in {} documents", files.len()))
}

/// What is wrong with a link that stands in a document.
fn judge(document: &Path, link: &str) -> Result<Option<&'static str>> {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = document.parent().context("a document stands in a folder")?;
    let target = if file.is_empty() { document.to_path_buf() } else { folder.join(file) };
    if file.starts_with('/') {
        return Ok(Some("starts at the root of the disk"));
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

/// What matters of a document.
struct Document {
    /// The links that stay within the project, as they are written.
    links: Vec<String>,
    /// The names under which its headings can be linked to.
    anchors: Vec<String>,
}

fn read(path: &Path) -> Result<Document> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} could not be read", path.display()))?;
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

/// The name that hosts of repositories give a heading.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

/// Whether an anchor is the same heading's, with or without the number that a repeated one gets.
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
    fn finds_links_and_headings_but_not_in_code() {
        let document = parse(
            "# The core's `job/` room\n\n[a](b.md#c) ![p](p.png) [out](https://example.com)\n\n\
             ```md\n[code](none.md)\n```\n\n## Twice\n\n## Twice\n",
        );
        assert_eq!(document.links, ["b.md#c", "p.png"]);
        assert_eq!(document.anchors, ["the-cores-job-room", "twice", "twice-1"]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_a_fault() {
        let folder = tempfile::tempdir().expect("a folder");
        let document = folder.path().join("a.md");
        std::fs::write(&document, "# Here\n").expect("written");
        let judged = ["a.md", "#here", "a.md#here", "b.md", "#there", "/a.md"]
            .map(|link| judge(&document, link).expect("readable").is_none());
        assert_eq!(judged, [true, true, true, false, false, false]);
    }
}
