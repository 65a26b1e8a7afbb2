//! The npm packages: `cargo xtask node …`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Subcommand;

use crate::conformance::target;
use crate::process::{output, program, root, run};
use crate::suite::Outcome;

/// What to do with the npm packages.
#[derive(Subcommand)]
pub(crate) enum Node {
    /// Build what the tests and a checkout need: the native part, the mock server, the faces
    Build,
    /// Build the driver of the conformance suite, with a native part for tests
    Driver,
    /// Make the tarballs that are published, in target/npm
    Pack,
}

impl Node {
    pub(crate) fn run(&self) -> Result<()> {
        install()?;
        match self {
            Self::Build => npm(&["run", "build"]),
            Self::Driver => driver(),
            Self::Pack => pack(),
        }
    }
}

/// Step of the tests: what the packages are built and tested with is installed.
pub(crate) fn check_install() -> Result<Outcome> {
    let version = output(program("node", &["--version"]))?;
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    let is_new = major.parse::<u32>().is_ok_and(|major| major >= 20);
    ensure!(is_new, "Node {} is too old: 20 or newer is needed", version.trim());
    install()?;
    Ok(Outcome::note(format!("Node {}", version.trim())))
}

/// Installs what package-lock.json says, where that is not there already.
fn install() -> Result<()> {
    let folder = folder();
    // npm writes this file last.
    let done = fs::metadata(folder.join("node_modules/.package-lock.json"));
    let wanted = fs::metadata(folder.join("package-lock.json")).context("no package-lock.json")?;
    if done.and_then(|done| done.modified()).ok() >= wanted.modified().ok() {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])
}

fn driver() -> Result<()> {
    let place = target().join("conformance/node/viseme.node");
    let features = ["build", "--locked", "--quiet", "-p", "viseme-node", "--features", "testing"];
    run(program("cargo", &features))?;
    let place = place.to_string_lossy();
    run(program("node", &["bindings-node/scripts/place.mjs", "debug", &place]))?;
    npm(&["run", "--silent", "build:ts"])
}

/// Builds what is measured: the native part in release mode, in a place of its own.
pub(crate) fn release() -> Result<()> {
    install()?;
    run(program("cargo", &["build", "--locked", "--release", "-p", "viseme-node"]))?;
    let place = crate::bench::node_addon();
    let place = place.to_string_lossy();
    run(program("node", &["bindings-node/scripts/place.mjs", "release", &place]))?;
    npm(&["run", "--silent", "build:ts"])
}

fn pack() -> Result<()> {
    let packages = ["build", "--locked", "--release", "-p", "viseme-node", "-p", "viseme-mock"];
    run(program("cargo", &packages))?;
    npm(&["run", "--silent", "build:ts"])?;
    run(program("node", &["bindings-node/scripts/pack.mjs", "release"]))
}

fn npm(arguments: &[&str]) -> Result<()> {
    let name = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut command = program(name, arguments);
    command.current_dir(folder());
    run(command)
}

fn folder() -> PathBuf {
    root().join("bindings-node")
}
