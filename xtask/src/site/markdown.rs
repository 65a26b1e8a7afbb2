//! Turns a document of the repository into one of the site: the links of the copy lead to the other
//! pages, its lists are indented as Python-Markdown expects, and its code has only what readers need.

use std::ops::Range;

use anyhow::{Context as _, Result, bail, ensure};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

/// The document with other targets: `target` returns the new one of a link within the project.
pub(super) fn convert(text: &str, target: impl FnMut(&str) -> Result<String>) -> Result<String> {
    Ok(indent_lists(&without_test_code(&replace_links(text, target)?)))
}

/// The text of the first heading.
pub(super) fn title(text: &str) -> Option<&str> {
    let mut is_code = false;
    text.lines().find_map(|line| {
        is_code ^= line.trim_start().starts_with("```");
        line.strip_prefix("# ").filter(|_| !is_code).map(str::trim)
    })
}

fn replace_links(text: &str, mut target: impl FnMut(&str) -> Result<String>) -> Result<String> {
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let (Event::Start(Tag::Link { link_type, dest_url, .. })
        | Event::Start(Tag::Image { link_type, dest_url, .. })) = event
        else {
            continue;
        };
        if dest_url.contains("://") || dest_url.starts_with("mailto:") || dest_url.starts_with('#')
        {
            continue;
        }
        ensure!(link_type == LinkType::Inline, "{dest_url}: links must be inline");
        let at = place_of(text, &range, &dest_url)?;
        replaced.push_str(text.get(done..at.start).context("links overlap")?);
        replaced.push_str(&target(&dest_url)?);
        done = at.end;
    }
    replaced.push_str(text.get(done..).unwrap_or_default());
    Ok(replaced)
}

/// The document without what only the tests of its Rust code need: attributes of the fence such as `no_run`,
/// and the lines that rustdoc hides.
fn without_test_code(text: &str) -> String {
    let mut lines = Vec::new();
    let mut is_rust = false;
    for line in text.split_inclusive('\n') {
        let code = line.trim();
        if let Some(language) = code.strip_prefix("```") {
            let (name, attributes) = language.split_once(',').unwrap_or((language, ""));
            is_rust = name == "rust";
            lines.push(if attributes.is_empty() {
                line.to_owned()
            } else {
                line.replace(&format!(",{attributes}"), "")
            });
        } else if !is_rust || !(code == "#" || code.starts_with("# ")) {
            lines.push(line.to_owned());
        }
    }
    lines.concat()
}

/// Where the target of a link is written.
fn place_of(text: &str, link: &Range<usize>, target: &str) -> Result<Range<usize>> {
    let written = text.get(link.clone()).and_then(|link| link.rfind(target));
    let Some(offset) = written else { bail!("{target}: write the link as `[text](target)`") };
    let start = link.start + offset;
    Ok(start..start + target.len())
}

/// Indents the content of list items by four spaces a level: Python-Markdown takes less for the end of
/// the list.
fn indent_lists(text: &str) -> String {
    let items = items(text);
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        // The items that began before this line and contain it.
        let within = items.iter().filter(|item| item.lines.start < start && start < item.lines.end);
        let (levels, content) =
            within.fold((0, 0), |(levels, content), item| (levels + 1, item.content.max(content)));
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let rest = line.get(spaces.min(content)..).unwrap_or_default();
        // Quoted code and the like keep what they have beyond the item's indentation.
        let indent = if line.trim().is_empty() { 0 } else { 4 * levels };
        lines.push(format!("{}{rest}", " ".repeat(indent)));
        start += line.len();
    }
    lines.concat()
}

/// An item of a list.
struct Item {
    lines: Range<usize>,
    /// The column at which its text begins.
    content: usize,
}

fn items(text: &str) -> Vec<Item> {
    let mut found: Vec<Item> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Item) => {
                let line = text
                    .get(..range.start)
                    .and_then(|head| head.rfind('\n'))
                    .map_or(0, |it| it + 1);
                let item = text.get(range.clone()).unwrap_or_default();
                let marker = item.find(' ').unwrap_or(1);
                let gap = item.get(marker..).unwrap_or_default();
                let gap = gap.len() - gap.trim_start_matches(' ').len();
                open.push(found.len());
                let content = range.start - line + marker + gap;
                found.push(Item { lines: line..range.end, content });
            }
            Event::End(TagEnd::Item) => drop(open.pop()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_within_the_project_change_and_all_else_stays() {
        let text = "[a](b.md#c) and [`b.md`](b.md), [out](https://example.com), [here](#x)\n\n\
                    ```md\n[code](b.md)\n```\n\n| [t](b.md) |\n|---|\n";
        let found = convert(text, |link| Ok(link.replace("b.md", "../z.md"))).expect("converts");
        assert_eq!(
            found,
            "[a](../z.md#c) and [`b.md`](../z.md), [out](https://example.com), [here](#x)\n\n\
             ```md\n[code](b.md)\n```\n\n| [t](../z.md) |\n|---|\n"
        );
        convert("[a][b]\n\n[b]: c.md\n", |link| Ok(link.to_owned())).expect_err("not inline");
    }

    #[test]
    fn what_belongs_to_an_item_is_indented_by_four_spaces_a_level() {
        let text = "- one\n  more:\n\n  ```sh\n  if\n    x\n  ```\n- two\n  - inner\n    more\n\n1. a\n\n   b\n\nend\n";
        assert_eq!(
            indent_lists(text),
            "- one\n    more:\n\n    ```sh\n    if\n      x\n    ```\n- two\n    - inner\n        more\n\n\
             1. a\n\n    b\n\nend\n"
        );
    }

    #[test]
    fn code_of_the_tests_is_left_out() {
        let text = "# A\n\n```rust,no_run\n# fn main() {\n#[test]\nlet a = 1;\n#\n# }\n```\n\n```sh\n# b\n```\n";
        assert_eq!(
            without_test_code(text),
            "# A\n\n```rust\n#[test]\nlet a = 1;\n```\n\n```sh\n# b\n```\n"
        );
    }

    #[test]
    fn the_title_is_the_first_heading_outside_of_code() {
        assert_eq!(title("```sh\n# no\n```\n# Yes `it` is\n# No\n"), Some("Yes `it` is"));
        assert_eq!(title("text"), None);
    }
}
