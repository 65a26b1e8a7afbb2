//! Documentation comments of Swift as Markdown: links to symbols become links to pages, and lists of
//! parameters get a title.

use anyhow::{Context as _, Result};
use regex::Regex;

/// Names in a comment with what they stand for: the items of a list, as DocC reads them.
const CALLOUTS: &[(&str, &str)] = &[
    ("Returns:", "Returns"),
    ("Throws:", "Throws"),
    ("Note:", "Note"),
    ("Important:", "Important"),
];

/// Replaces every ` ``symbol`` ` by a link; `target` returns where it leads.
pub(super) fn link(text: &str, target: impl Fn(&str) -> Result<String>) -> Result<String> {
    // A fence has three of them, and text that is no name after them.
    let reference = Regex::new(r"``([^`\s]+)``").context("invalid pattern")?;
    let mut linked = String::with_capacity(text.len());
    let mut done = 0;
    for found in reference.captures_iter(text) {
        let (Some(whole), Some(symbol)) = (found.get(0), found.get(1)) else { continue };
        linked += text.get(done..whole.start()).unwrap_or_default();
        let name = symbol.as_str().rsplit('/').next().unwrap_or_default();
        linked += &format!("[`{name}`]({})", target(symbol.as_str())?);
        done = whole.end();
    }
    Ok(linked + text.get(done..).unwrap_or_default())
}

/// The comment with titles instead of the words of DocC.
pub(super) fn titled(comment: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    // How far the lines of the current callout are indented, and how far its text is.
    let (mut inside, mut is_list) = (0, false);
    for line in comment.lines() {
        if line == "- Parameters:" {
            lines.extend(["", "**Parameters**", ""].map(str::to_owned));
            (inside, is_list) = (2, true);
        } else if let Some(parameter) = line.strip_prefix("- Parameter ") {
            if !is_list {
                lines.extend(["", "**Parameters**", ""].map(str::to_owned));
            }
            lines.push(item(parameter));
            (inside, is_list) = (0, true);
        } else if let Some((title, text)) = callout(line) {
            lines.extend([String::new(), format!("**{title}**: {text}")]);
            (inside, is_list) = (2, false);
        } else if let Some(rest) = indented(line, inside) {
            lines.push(match rest.strip_prefix("- ") {
                Some(parameter) if is_list => item(parameter),
                _ => rest.to_owned(),
            });
        } else {
            (inside, is_list) = (0, false);
            lines.push(line.to_owned());
        }
    }
    lines.join("\n").trim().to_owned()
}

fn callout(line: &str) -> Option<(&'static str, &str)> {
    let text = line.strip_prefix("- ")?;
    let found = CALLOUTS.iter().find_map(|(word, title)| Some((*title, text.strip_prefix(word)?)));
    found.map(|(title, text)| (title, text.trim()))
}

/// A line without this indentation, if it has it and there is one.
fn indented(line: &str, by: usize) -> Option<&str> {
    (by > 0).then(|| line.strip_prefix(&" ".repeat(by)))?
}

fn item(parameter: &str) -> String {
    match parameter.split_once(':') {
        Some((name, text)) => format!("- `{}`: {}", name.trim(), text.trim()),
        None => format!("- {parameter}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_docc_become_titles() {
        let comment = "Runs it.\n\nMore:\n- a\n\n- Parameters:\n  - input: the model\n    and more\n  - options: how\n\
                       - Throws: an error,\n  or another\n";
        assert_eq!(
            titled(comment),
            "Runs it.\n\nMore:\n- a\n\n\n**Parameters**\n\n- `input`: the model\n  and more\n- `options`: how\n\n\
             **Throws**: an error,\nor another"
        );
        assert_eq!(titled("A.\n- Parameter x: y"), "A.\n\n**Parameters**\n\n- `x`: y");
    }

    #[test]
    fn symbols_become_links() {
        let target = |symbol: &str| Ok(symbol.replace('/', ".md#"));
        let linked = link("See ``Client/run(_:)``, `x` and ``Job``.", target).expect("known");
        assert_eq!(linked, "See [`run(_:)`](Client.md#run(_:)), `x` and [`Job`](Job).");
        let code = "```swift\nlet a = 1\n```\n";
        assert_eq!(link(code, target).expect("no links"), code);
        link("``None``", |_| anyhow::bail!("unknown")).expect_err("unknown");
    }
}
