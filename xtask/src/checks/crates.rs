//! The crates that are published, and whether their manifests say all that a registry shows.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process::{output, program, root};

/// A crate of the workspace that is published.
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    manifest: Value,
}

/// The crates that are published, in the order of the workspace.
pub(crate) fn published() -> Result<Vec<Published>> {
    let all = packages()?.into_iter();
    all.filter(|package| package.get("publish").is_none_or(Value::is_null))
        .map(Published::new)
        .collect()
}

/// The folders of all crates.
pub(crate) fn members() -> Result<Vec<PathBuf>> {
    packages()?.into_iter().map(|package| Ok(Published::new(package)?.folder)).collect()
}

/// The version of all packages.
pub(crate) fn version() -> Result<String> {
    let core = published()?.into_iter().find(|it| it.name == "viseme");
    Ok(core.context("there is no crate `viseme`")?.text("version").to_owned())
}

fn packages() -> Result<Vec<Value>> {
    let words = ["metadata", "--no-deps", "--format-version", "1"];
    let mut metadata: Value = serde_json::from_str(&output(program("cargo", &words))?)?;
    let packages = metadata.get_mut("packages").and_then(Value::as_array_mut);
    Ok(std::mem::take(packages.context("cargo lists no packages")?))
}

impl Published {
    fn new(manifest: Value) -> Result<Self> {
        let text = |key: &str| {
            manifest.get(key).and_then(Value::as_str).context("a package without a name or a path")
        };
        let (name, path) = (text("name")?.to_owned(), text("manifest_path")?);
        let folder = Path::new(path).parent().context("a manifest without a folder")?.to_path_buf();
        Ok(Self { name, folder, manifest })
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.manifest.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// What is missing in its manifest and its folder.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut missing = |what: &str| faults.push(format!("{}: no {what}", self.name));
        for key in ["description", "repository", "license", "rust_version"] {
            if self.text(key).is_empty() {
                missing(key);
            }
        }
        if self.has_library() && self.text("documentation").is_empty() {
            missing("documentation");
        }
        for key in ["keywords", "categories"] {
            if self.manifest.get(key).and_then(Value::as_array).is_none_or(Vec::is_empty) {
                missing(key);
            }
        }
        if self.text("readme").is_empty() || !self.folder.join(self.text("readme")).is_file() {
            missing("README");
        }
        for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let own = std::fs::read(self.folder.join(file)).ok();
            if own.is_none() || own != std::fs::read(root().join(file)).ok() {
                missing(file);
            }
        }
        faults
    }

    /// Whether other crates can use it.
    pub(crate) fn has_library(&self) -> bool {
        self.kinds().any(|kind| kind == "lib")
    }

    fn kinds(&self) -> impl Iterator<Item = &str> {
        let targets = self.manifest.get("targets").and_then(Value::as_array).into_iter().flatten();
        targets.filter_map(|target| target.pointer("/kind/0")?.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_metadata_is_reported_for_each_thing_that_is_missing() {
        let manifest = serde_json::json!({
            "name": "bare", "manifest_path": "/nowhere/Cargo.toml", "license": "MIT",
            "targets": [{ "kind": ["lib"] }],
        });
        let faults = Published::new(manifest).expect("has a name").faults();
        let missing: Vec<_> = faults.iter().filter_map(|it| it.strip_prefix("bare: no ")).collect();
        let all = [
            "description",
            "repository",
            "rust_version",
            "documentation",
            "keywords",
            "categories",
            "README",
            "LICENSE-MIT",
            "LICENSE-APACHE",
        ];
        assert_eq!(missing, all);
    }
}
