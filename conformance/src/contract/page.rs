//! The page `docs/errors.md`, made from the table.

use std::fmt::Write as _;

use super::errors::{ErrorClass, ErrorTable};

const INTRODUCTION: &str = "\
<!-- Made from conformance/errors.yaml by the test errors; do not edit. -->
# Errors

Every error has a stable code, the same in every language. Programs decide by the code or the class,
people read the message: a sentence of what and where, then what to do. A code is never given another
meaning.

Cancelled by the caller is the language's own thing: a dropped future, `asyncio.CancelledError`,
`AbortError` with the signal's reason, `CancellationError`, `CancellationException`.

## Codes

| code | Rust `ErrorKind` | Python, Node | what it means | what to do |
|---|---|---|---|---|
";

/// The page's text.
#[must_use]
pub fn errors_page(table: &ErrorTable) -> String {
    let mut page = INTRODUCTION.to_owned();
    for row in &table.errors {
        let line = [&row.means, &row.advice].map(|text| text.replace('|', "\\|"));
        let [means, advice] = line;
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | `{}` | `{}` | {means} | {advice} |",
            row.code, row.kind, row.class
        );
    }
    page.push_str("\n## Classes\n\nKotlin's names end in `Exception` in place of `Error`; Swift has one type with `code` and `category`.\n\n```\n");
    for class in &table.classes {
        let _ = writeln!(page, "{}", tree_line(table, class));
    }
    page.push_str("```\n\n## What an error carries\n\nOptional ones are absent where they are not known.\n\n| attribute | on | type | what it says |\n|---|---|---|---|\n");
    for class in &table.classes {
        for name in &class.attributes {
            let Some(attribute) = table.attributes.get(name) else { continue };
            let optional = if attribute.optional { ", optional" } else { "" };
            let _ = writeln!(
                page,
                "| `{name}` | `{}` | {}{optional} | {} |",
                class.name, attribute.kind, attribute.means
            );
        }
    }
    page
}

fn tree_line(table: &ErrorTable, class: &ErrorClass) -> String {
    let depth = table.chain(&class.name).len().saturating_sub(1);
    let mut line = format!("{}{}", "  ".repeat(depth), class.name);
    let mut notes = Vec::new();
    if let Some(category) = &class.category {
        notes.push(format!("category {category}"));
    }
    if let Some(also) = &class.python_also {
        notes.push(format!("Python: also {also}"));
    }
    if class.is_abstract {
        notes.push("never raised itself".to_owned());
    }
    if !notes.is_empty() {
        let _ = write!(
            line,
            "{:width$}{}",
            "",
            notes.join("; "),
            width = 36usize.saturating_sub(line.len())
        );
    }
    line
}
