//! The crates: packed, compiled from their packages, and published.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::files::{copy_into, empty_folder};
use crate::checks::crates::{Published, published};
use crate::process::{program, run, succeeds, target};

/// Packs all crates and copies them to a folder. Publishing compiles each from its package; a rehearsal does it
/// by the installation of the program, which needs them all.
pub(super) fn package(out: &Path) -> Result<()> {
    let crates = published()?;
    // A rehearsal may be of changes that are not committed.
    let mut command = program("cargo", &["package", "--locked", "--no-verify", "--allow-dirty"]);
    for it in &crates {
        command.args(["-p", &it.name]);
    }
    run(command)?;
    empty_folder(out)?;
    crates.iter().try_for_each(|it| copy_into(&target().join("package").join(file_name(it)), out))
}

/// `viseme-0.1.0.crate`
pub(super) fn file_name(it: &Published) -> String {
    format!("{}-{}.crate", it.name, it.text("version"))
}

/// Publishes the crates that the registry does not have in this version, so that a run that failed can be
/// repeated.
pub(super) fn publish() -> Result<()> {
    let mut command = program("cargo", &["publish", "--locked"]);
    let mut count = 0;
    for it in published()? {
        let exact = format!("{}@{}", it.name, it.text("version"));
        if succeeds(program("cargo", &["info", "--registry", "crates-io", "--quiet", &exact])) {
            println!("release: {exact} is published already");
        } else {
            command.args(["-p", &it.name]);
            count += 1;
        }
    }
    if count == 0 { Ok(()) } else { run(command) }
}

/// The folders of the crates as packages of a registry that is not there yet, for `cargo install --config`.
pub(super) fn patches(folder: &Path) -> Result<Vec<String>> {
    let patches = published()?.into_iter().map(|it| {
        let place = folder.join(format!("{}-{}", it.name, it.text("version")));
        let path = Value::from(place.display().to_string());
        format!("patch.crates-io.{}.path={path}", it.name)
    });
    Ok(patches.collect())
}
