//! Pages of files that are no documents: code, data, folders and notebooks; and examples that a page
//! takes from another.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::process::root;

/// Before the file in a line that stands for an example of that file: `@example README.md python`.
const EXAMPLE: &str = "@example ";

/// Names of languages for the highlighter, by the ending of a file.
const LANGUAGES: &[(&str, &str)] = &[
    ("rs", "rust"),
    ("py", "python"),
    ("ts", "ts"),
    ("mjs", "js"),
    ("js", "js"),
    ("kt", "kotlin"),
    ("swift", "swift"),
    ("yaml", "yaml"),
    ("json", "json"),
    ("toml", "toml"),
    ("xml", "xml"),
    ("sh", "sh"),
];

/// The page that shows a file; returns the text and the title.
pub(super) fn file(path: &str, text: &str) -> (String, String) {
    let ending = Path::new(path).extension().and_then(|it| it.to_str()).unwrap_or_default();
    let language = LANGUAGES.iter().find(|(it, _)| *it == ending).map_or("text", |(_, name)| name);
    // Longer than every fence in the file.
    let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
    let page = format!("{HIDDEN}# {path}\n\n{fence}{language}\n{}\n{fence}\n", text.trim_end());
    (page, path.to_owned())
}

/// Code would fill the results of the search.
const HIDDEN: &str = "---\nsearch:\n  exclude: true\n---\n\n";

/// The page that lists the files of a folder; they get pages too.
pub(super) fn folder(
    path: &str,
    files: &[String],
    links: &mut BTreeSet<String>,
) -> Result<(String, String)> {
    let inside = format!("{path}/");
    let mut list = String::new();
    for file in files.iter().filter(|file| file.starts_with(&inside) && is_text(file)) {
        let name = file.strip_prefix(&inside).unwrap_or(file);
        let last = path.rsplit('/').next().unwrap_or(path);
        list += &format!("- [{name}]({last}/{name}.md)\n");
        links.insert(file.clone());
    }
    ensure!(!list.is_empty(), "{path} has no files");
    Ok((format!("{HIDDEN}# {path}\n\n{list}"), path.to_owned()))
}

fn is_text(file: &str) -> bool {
    // A document has its page elsewhere, or none.
    !file.ends_with(".md") && fs::read_to_string(root().join(file)).is_ok()
}

/// A notebook as a document.
pub(super) fn notebook(text: &str) -> Result<String> {
    let notebook: Value = serde_json::from_str(text).context("the notebook is not JSON")?;
    let cells =
        notebook.get("cells").and_then(Value::as_array).context("a notebook without cells")?;
    let mut pages = Vec::new();
    for cell in cells {
        let lines =
            cell.get("source").and_then(Value::as_array).context("a cell without source")?;
        let source: String = lines.iter().filter_map(Value::as_str).collect();
        let is_code = cell.get("cell_type").and_then(Value::as_str) == Some("code");
        pages.push(if is_code { format!("```python\n{source}\n```") } else { source });
    }
    Ok(pages.join("\n\n") + "\n")
}

/// Replaces every line such as `@example README.md python` by the first example of that language.
pub(super) fn insert_examples(text: &str) -> Result<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let Some((file, language)) =
            line.trim_start().strip_prefix(EXAMPLE).and_then(|words| words.split_once(' '))
        else {
            lines.push(line.to_owned());
            continue;
        };
        let document =
            fs::read_to_string(root().join(file)).with_context(|| format!("no {file}"))?;
        let code =
            example(&document, language).with_context(|| format!("{line}: no such example"))?;
        let shown = language.split(',').next().unwrap_or(language);
        let fenced = format!("```{shown}\n{code}```");
        lines.extend(fenced.lines().map(|it| format!("{}{it}", " ".repeat(indent))));
    }
    Ok(lines.join("\n") + "\n")
}

fn example<'a>(document: &'a str, language: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("\n```{language}\n"))?;
    rest.split_once("```").map(|(code, _)| code)
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_code_has_a_fence_that_the_code_does_not_end() {
        let (page, title) = file("a/b.py", "'''\n```\n'''\n");
        assert_eq!(title, "a/b.py");
        assert!(page.contains("\n````python\n'''\n```\n'''\n````\n"), "{page}");
    }

    #[test]
    fn an_example_stands_where_a_page_names_it() {
        let page =
            insert_examples("=== \"Python\"\n\n    @example README.md python\n").expect("found");
        assert!(page.starts_with("=== \"Python\"\n\n    ```python\n    import viseme\n"), "{page}");
        insert_examples("@example README.md cobol\n").expect_err("none");
    }

    #[test]
    fn a_notebook_becomes_text_and_code() {
        let page = notebook(
            r##"{"cells": [{"cell_type": "markdown", "source": ["# A\n", "b"]},
                {"cell_type": "code", "source": ["x = 1"]}]}"##,
        );
        assert_eq!(page.expect("a notebook"), "# A\nb\n\n```python\nx = 1\n```\n");
    }
}
