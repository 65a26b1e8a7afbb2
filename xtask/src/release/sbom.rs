//! What a program consists of: a CycloneDX document for each.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::files::create_folder;
use super::target::Target;
use crate::process::{program, root, run};
use crate::tools::ensure_tool;

/// Writes the document of the package in this folder of the repository, and returns its path.
pub(super) fn write(package: &str, target: &Target, out: &Path) -> Result<PathBuf> {
    ensure_tool("cargo-cyclonedx")?;
    let manifest = root().join(package).join("Cargo.toml").display().to_string();
    let name = format!("{package}-sbom.cdx");
    let words = ["cyclonedx", "--manifest-path", &manifest, "--format", "json", "--quiet"];
    let more = ["--spec-version", "1.5", "--target", &target.triple, "--override-filename", &name];
    run(program("cargo", &[&words[..], &more].concat()))?;
    let mut found = None;
    // The tool writes one for each member of the workspace, into its folder.
    for folder in crate::checks::crates::members()? {
        let written = folder.join(format!("{name}.json"));
        if !written.is_file() {
            continue;
        }
        if folder == root().join(package) {
            create_folder(out)?;
            let place = out.join(format!("{name}.json"));
            fs::copy(&written, &place).context("cannot copy an SBOM")?;
            found = Some(place);
        }
        fs::remove_file(&written).context("cannot remove an SBOM")?;
    }
    let place = found.context("cargo-cyclonedx wrote no SBOM")?;
    let document: Value = serde_json::from_str(&fs::read_to_string(&place)?)?;
    let count = document.get("components").and_then(Value::as_array).map_or(0, Vec::len);
    ensure!(count > 10, "the SBOM of {package} lists {count} components");
    Ok(place)
}
