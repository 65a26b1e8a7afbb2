//! The licences of all crates that the binary packages contain.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::files::create_folder;
use super::python::folders_with_notices;
use crate::process::{output, program};
use crate::tools::ensure_tool;

/// The file's name in every package.
pub(super) const NAME: &str = "THIRD-PARTY-NOTICES.txt";

/// Writes the file to where the builds of the packages expect it.
pub(super) fn write() -> Result<()> {
    ensure_tool("cargo-about")?;
    let words = ["about", "generate", "--offline", "--workspace", "--all-features", "--fail"];
    let text = output(program("cargo", &[&words[..], &["xtask/about.hbs"]].concat()))?;
    ensure!(text.contains("rustls"), "the notices name no crate");
    for folder in folders_with_notices() {
        create_folder(&folder)?;
        fs::write(folder.join(NAME), &text).context("cannot write the notices")?;
    }
    Ok(())
}
