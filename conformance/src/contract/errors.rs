//! The table of errors.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;

/// `errors.yaml`: what each error is called in every language, what it carries and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorTable {
    /// The attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The tree of classes, a class after its base.
    pub classes: Vec<ErrorClass>,
    /// The codes.
    pub errors: Vec<ErrorRow>,
}

/// One attribute of an error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its type, in a word.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be absent.
    #[serde(default)]
    pub optional: bool,
    /// What it says.
    pub means: String,
}

/// One class of errors in the languages that have them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorClass {
    /// Its name in Python and Node.
    pub name: String,
    /// The class it derives from; the root has none.
    pub base: Option<String>,
    /// The coarse grouping of Swift and Kotlin.
    pub category: Option<String>,
    /// Never raised itself.
    #[serde(default, rename = "abstract")]
    pub is_abstract: bool,
    /// The built-in class that Python's derives from as well.
    pub python_also: Option<String>,
    /// What it has beyond its base.
    #[serde(default)]
    pub attributes: Vec<String>,
}

/// One code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRow {
    /// The stable code.
    pub code: String,
    /// The name of core's `ErrorKind`.
    pub kind: String,
    /// The class that is raised.
    pub class: String,
    /// What it means.
    pub means: String,
    /// What to do.
    #[serde(rename = "do")]
    pub advice: String,
}

impl ErrorTable {
    /// Reads `errors.yaml`.
    ///
    /// # Errors
    /// Where the file cannot be read, or the table contradicts itself.
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
                ensure!(known.contains(&base), "{name}: its base {base} does not stand above it");
                ensure!(class.category.is_some(), "{name} has no category");
            }
            ensure!(!known.contains(&name), "{name} stands in the table twice");
            for attribute in &class.attributes {
                ensure!(
                    self.attributes.contains_key(attribute),
                    "{name}: no attribute {attribute}"
                );
            }
            let raised = self.errors.iter().filter(|row| row.class == *name).count();
            ensure!(raised == usize::from(!class.is_abstract), "{name} has {raised} codes");
            known.push(name);
        }
        for row in &self.errors {
            ensure!(self.class(&row.class).is_some(), "{}: no class {}", row.code, row.class);
        }
        Ok(())
    }

    /// The row of a code.
    #[must_use]
    pub fn row(&self, code: &str) -> Option<&ErrorRow> {
        self.errors.iter().find(|row| row.code == code)
    }

    /// The class of that name.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&ErrorClass> {
        self.classes.iter().find(|class| class.name == name)
    }

    /// A class and those above it, up to the root.
    #[must_use]
    pub fn chain(&self, name: &str) -> Vec<&ErrorClass> {
        let first = self.class(name);
        let above = |class: &&ErrorClass| class.base.as_deref().and_then(|base| self.class(base));
        std::iter::successors(first, above).collect()
    }

    /// The names that an error of that code is to be known by in a language.
    ///
    /// # Errors
    /// Where there is no such code.
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

/// A class's name in a language: Kotlin calls errors exceptions.
fn in_language(name: &str, language: &str) -> String {
    match (language, name.strip_suffix("Error")) {
        ("kotlin", Some(stem)) => format!("{stem}Exception"),
        _ => name.to_owned(),
    }
}
