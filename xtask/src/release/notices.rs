//! The licences of all crates that the binary packages contain.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::files::create_folder;
use super::python::folders_with_notices;
use crate::process::{output, program, target};

/// The file's name in every package.
pub(super) const NAME: &str = "THIRD-PARTY-NOTICES.txt";

/// Starts of the names of files with licences and notices.
const STARTS: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Writes the file to where the builds of the packages expect it. It covers the crates of all programs and
/// libraries on all platforms, so a package can name some that it does not contain.
pub(super) fn write() -> Result<()> {
    let text = text()?;
    // The copy of the repository is for the JAR and the archives, the others are for the wheels.
    for folder in folders_with_notices() {
        create_folder(&folder)?;
        fs::write(folder.join(NAME), &text).context("cannot write the notices")?;
    }
    Ok(())
}

/// Where the file is after `write`.
pub(super) fn file() -> std::path::PathBuf {
    target().join("notices").join(NAME)
}

fn text() -> Result<String> {
    let words = ["metadata", "--locked", "--all-features", "--format-version", "1"];
    let metadata: Value = serde_json::from_str(&output(program("cargo", &words))?)?;
    let used = used()?;
    let mut list = String::new();
    // Many crates have the same text.
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    for package in metadata.get("packages").and_then(Value::as_array).context("no packages")? {
        let of = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{} {}", of("name"), of("version"));
        if of("source").is_empty() || !used.contains(&name) {
            continue;
        }
        count += 1;
        let _ = writeln!(list, "{name}: {} ({})", of("license"), of("repository"));
        let folder = Path::new(of("manifest_path")).parent().context("no folder")?;
        for licence in licences(folder)? {
            texts.entry(licence).or_default().push(name.clone());
        }
    }
    ensure!(count > 100 && list.contains("rustls "), "the notices name {count} crates");
    let rule = "-".repeat(80);
    let mut text = format!(
        "Third-party notices\n\nThe programs and libraries of Viseme contain these crates:\n\n{list}\n\
         Their packages contain these licences and notices:\n"
    );
    for (licence, crates) in texts {
        let _ = write!(text, "\n{rule}\n{}\n{rule}\n\n{}\n", crates.join(", "), licence.trim_end());
    }
    Ok(text)
}

/// The names and versions of the crates that are linked, without those of builds and tests alone.
fn used() -> Result<Vec<String>> {
    let words = ["tree", "--locked", "--workspace", "--all-features", "--target", "all"];
    let format = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
    let without =
        ["--exclude", "xtask", "--exclude", "viseme-conformance", "--exclude", "viseme-bindgen"];
    let tree = output(program("cargo", &[&words[..], &format, &without].concat()))?;
    let name = |line: &str| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?.trim_start_matches('v')))
    };
    Ok(tree.lines().filter_map(name).collect())
}

/// The texts of the licences and notices in a crate's folder.
fn licences(folder: &Path) -> Result<Vec<String>> {
    let mut files = super::files::files(folder, "");
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        STARTS.iter().any(|start| name.starts_with(start))
    });
    let read = |file: std::path::PathBuf| {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
    };
    files.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_found_by_the_names_of_their_files() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["LICENSE-MIT", "license.txt", "Copying", "README.md", "lib.rs"] {
            fs::write(folder.path().join(name), name).expect("written");
        }
        let found = licences(folder.path()).expect("read");
        assert_eq!(found, ["Copying", "LICENSE-MIT", "license.txt"]);
    }
}
