//! The error table, and the page `docs/errors.md`, which is generated from it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;

const INTRODUCTION: &str = "\
<!-- Generated from conformance/errors.yaml by the test `errors`; do not edit. -->
# Errors

Every error has a stable code, the same in every language. Programs decide by the code or the class;
people read the message, which says what is wrong, where, and what to do. The meaning of a code never
changes.

If the caller cancels an operation, the result is the one of the language: a dropped future,
`asyncio.CancelledError`, an `AbortError` with the signal's reason, `CancellationError`, or
`CancellationException`. In Python and Node it has the ids of the jobs that continue at the service
(`job_ids`, `jobIds`), and a warning names them.

## Codes

| code | Rust `ErrorKind` | Python, Node | meaning | what to do |
|---|---|---|---|---|
";

/// `errors.yaml`: the name of each error in every language, its attributes, and its meaning.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorTable {
    /// The attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The class hierarchy; each class comes after its base.
    pub classes: Vec<ErrorClass>,
    /// The codes.
    pub errors: Vec<ErrorRow>,
}

/// One attribute of an error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// The name of its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be absent.
    #[serde(default)]
    pub optional: bool,
    /// Its meaning.
    pub means: String,
}

/// An error class, for the languages that have classes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorClass {
    /// The name in Python and Node.
    pub name: String,
    /// The base class. Only the root has none.
    pub base: Option<String>,
    /// The category in Swift and Kotlin.
    pub category: Option<String>,
    /// Whether it is only a base class and is never raised itself.
    #[serde(default, rename = "abstract")]
    pub is_abstract: bool,
    /// The built-in class that the Python class also derives from.
    pub python_also: Option<String>,
    /// The attributes that it adds to those of its base.
    #[serde(default)]
    pub attributes: Vec<String>,
}

/// One error code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRow {
    /// The stable code.
    pub code: String,
    /// The name of the `ErrorKind` in core.
    pub kind: String,
    /// The class that is raised.
    pub class: String,
    /// What it means.
    pub means: String,
    /// What the user can do.
    #[serde(rename = "do")]
    pub advice: String,
}

impl ErrorTable {
    /// Reads `errors.yaml`.
    ///
    /// # Errors
    /// If the file cannot be read, or the table is inconsistent.
    pub fn load(path: &Path) -> Result<Self> {
        let table: Self = super::read(path)?;
        table.check()?;
        Ok(table)
    }

    fn check(&self) -> Result<()> {
        let mut known = Vec::new();
        for class in &self.classes {
            let name = &class.name;
            if let Some(base) = &class.base {
                ensure!(known.contains(&base), "{name}: its base {base} must come before it");
                ensure!(class.category.is_some(), "{name} has no category");
            }
            ensure!(!known.contains(&name), "{name} is in the table twice");
            for attribute in &class.attributes {
                ensure!(
                    self.attributes.contains_key(attribute),
                    "{name}: there is no attribute {attribute}"
                );
            }
            let raised = self.errors.iter().filter(|row| row.class == *name).count();
            ensure!(
                raised == usize::from(!class.is_abstract),
                "{name} has {raised} codes, not one"
            );
            known.push(name);
        }
        for row in &self.errors {
            ensure!(
                self.class(&row.class).is_some(),
                "{}: there is no class {}",
                row.code,
                row.class
            );
        }
        Ok(())
    }

    /// Returns the row of a code.
    #[must_use]
    pub fn row(&self, code: &str) -> Option<&ErrorRow> {
        self.errors.iter().find(|row| row.code == code)
    }

    /// Returns the class with this name.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&ErrorClass> {
        self.classes.iter().find(|class| class.name == name)
    }

    /// Returns a class and all its bases, up to the root.
    #[must_use]
    pub fn chain(&self, name: &str) -> Vec<&ErrorClass> {
        let first = self.class(name);
        let above = |class: &&ErrorClass| class.base.as_deref().and_then(|base| self.class(base));
        std::iter::successors(first, above).collect()
    }

    /// Returns the names of the classes of a code in a language, from the class itself to the root.
    ///
    /// # Errors
    /// If the code does not exist.
    pub fn class_names(&self, code: &str, language: &str) -> Result<Vec<String>> {
        let Some(row) = self.row(code) else { bail!("there is no error code `{code}`") };
        let chain = self.chain(&row.class);
        let mut names: Vec<_> =
            chain.iter().map(|class| in_language(&class.name, language)).collect();
        if language == "python" {
            names.extend(chain.iter().filter_map(|class| class.python_also.clone()));
        }
        Ok(names)
    }
}

/// Returns the name of a class in a language. In Kotlin the names end in `Exception`.
fn in_language(name: &str, language: &str) -> String {
    match (language, name.strip_suffix("Error")) {
        ("kotlin", Some(stem)) => format!("{stem}Exception"),
        _ => name.to_owned(),
    }
}

/// Returns the text of the page.
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
    page.push_str("\n## Classes\n\nIn Kotlin the names end in `Exception` instead of `Error`. Swift has one error type with `code` and `category`.\n\n```\n");
    for class in &table.classes {
        let _ = writeln!(page, "{}", tree_line(table, class));
    }
    page.push_str("```\n\n## Attributes\n\nAn optional attribute is absent if its value is not known.\n\n| attribute | on | type | meaning |\n|---|---|---|---|\n");
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
