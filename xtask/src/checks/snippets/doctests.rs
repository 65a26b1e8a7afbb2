//! Blocks of Rust: `#[doc = include_str!("…")]` of a crate makes them tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use regex::Regex;

use crate::checks::documents::CodeBlock;
use crate::checks::project_files;
use crate::process::root;

/// The documents whose examples are tests of a crate.
pub(super) fn included() -> Result<BTreeSet<String>> {
    let include = Regex::new(r#"(?m)^\s*#!?\[doc = include_str!\("([^"]+\.md)"\)\]"#)
        .context("invalid pattern")?;
    let mut found = BTreeSet::new();
    for file in project_files()?.iter().filter(|file| file.ends_with(".rs")) {
        let code = fs::read_to_string(root().join(file))?;
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        let paths = include.captures_iter(&code).map(|it| normal(&folder.join(&it[1])));
        found.extend(paths);
    }
    Ok(found)
}

/// What is wrong with a block of Rust.
pub(super) fn fault(block: &CodeBlock, included: &BTreeSet<String>) -> Option<String> {
    if block.info.split(',').any(|attribute| attribute == "ignore") {
        return Some("`ignore` needs `<!-- not run: REASON -->` above the block".to_owned());
    }
    let document = &block.document;
    (!included.contains(document))
        .then(|| format!("no crate has `#[doc = include_str!(\"…/{document}\")]`"))
}

/// The path without `..`.
fn normal(path: &Path) -> String {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_is_a_test_of_the_core() {
        assert!(included().expect("readable").contains("README.md"));
        assert_eq!(normal(Path::new("core/src/../../docs/a.md")), "docs/a.md");
    }
}
