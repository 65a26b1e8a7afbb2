//! The npm packages: `cargo xtask node …`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;

use crate::process::{program, root, run, target};
use crate::tools::ensure_node;

/// Builds of the npm packages.
#[derive(Subcommand)]
pub(crate) enum Node {
    /// Build what the tests and a checkout need: the native addon and the TypeScript code
    Build,
    /// Build the driver of the conformance suite, with a native addon for tests
    Driver,
    /// Make the tarballs to publish, in target/npm
    Pack {
        /// Build several times as fast; the packages run a little slower. For use from a clone
        #[arg(long)]
        quick: bool,
    },
}

impl Node {
    pub(crate) fn run(&self) -> Result<()> {
        ensure_node()?;
        install()?;
        match self {
            Self::Build => npm(&["run", "build"]),
            Self::Driver => driver(),
            Self::Pack { quick } => pack(*quick),
        }
    }
}

/// Installs what package-lock.json lists, unless that was done before.
pub(crate) fn install() -> Result<()> {
    install_in(&folder())
}

/// Installs what the package-lock.json of a folder lists, unless that was done before.
pub(crate) fn install_in(folder: &Path) -> Result<()> {
    // npm writes this file last.
    let done = fs::metadata(folder.join("node_modules/.package-lock.json"));
    let wanted = fs::metadata(folder.join("package-lock.json")).context("no package-lock.json")?;
    if done.and_then(|done| done.modified()).ok() >= wanted.modified().ok() {
        return Ok(());
    }
    npm_in(folder, &["ci", "--no-audit", "--no-fund"])
}

fn driver() -> Result<()> {
    let place = target().join("conformance/node/viseme.node");
    let features = ["build", "--locked", "--quiet", "-p", "viseme-node", "--features", "testing"];
    run(program("cargo", &features))?;
    let place = place.to_string_lossy();
    run(program("node", &["bindings-node/scripts/place.mjs", "debug", &place]))?;
    npm(&["run", "--silent", "build:ts"])
}

/// Builds what is measured: the native addon in release mode, copied to `place`.
pub(crate) fn release(place: &Path) -> Result<()> {
    ensure_node()?;
    install()?;
    run(program("cargo", &["build", "--locked", "--release", "-p", "viseme-node"]))?;
    let place = place.to_string_lossy();
    run(program("node", &["bindings-node/scripts/place.mjs", "release", &place]))?;
    npm(&["run", "--silent", "build:ts"])
}

fn pack(quick: bool) -> Result<()> {
    let profile = if quick { "quick" } else { "release" };
    let build = ["build", "--locked", "--profile", profile];
    let packages = ["-p", "viseme-node", "-p", "viseme-mock"];
    run(program("cargo", &[build.as_slice(), &packages].concat()))?;
    npm(&["run", "--silent", "build:ts"])?;
    run(program("node", &["bindings-node/scripts/pack.mjs", profile]))?;
    if quick {
        return Ok(());
    }
    pack_temporal(&target().join("npm"))
}

/// Compiles the TypeScript code of the packages.
pub(crate) fn build_types() -> Result<()> {
    ensure_node()?;
    install()?;
    npm(&["run", "--silent", "build:ts"])
}

/// Packs the package for Temporal.
pub(crate) fn pack_temporal(to: &Path) -> Result<()> {
    let integrations = root().join("integrations");
    install_in(&integrations)?;
    let to = to.display().to_string();
    npm_in(&integrations.join("temporal-node"), &["pack", "--silent", "--pack-destination", &to])
}

fn npm(arguments: &[&str]) -> Result<()> {
    npm_in(&folder(), arguments)
}

fn npm_in(folder: &Path, arguments: &[&str]) -> Result<()> {
    let name = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut command = program(name, arguments);
    command.current_dir(folder);
    run(command)
}

fn folder() -> PathBuf {
    root().join("bindings-node")
}
