//! Release builds of the project's own programs.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{program, run, target};

/// Builds these packages together, so that what they share is built once.
pub(super) fn build(packages: &[&str]) -> Result<()> {
    let named = packages.iter().flat_map(|package| ["--package", package]);
    let arguments: Vec<&str> =
        ["build", "--release", "--locked"].into_iter().chain(named).collect();
    run(program("cargo", &arguments))
}

/// Builds only these programs, given with their packages.
pub(super) fn build_programs(programs: &[(&str, &str)]) -> Result<()> {
    let named = programs.iter().flat_map(|(package, name)| ["--package", package, "--bin", name]);
    let arguments: Vec<&str> =
        ["build", "--release", "--locked"].into_iter().chain(named).collect();
    run(program("cargo", &arguments))
}

/// Builds these packages with a profile of the workspace, such as `dev`. Returns the folder of their programs.
pub(super) fn build_profile(profile: &str, packages: &[&str]) -> Result<PathBuf> {
    let named = packages.iter().flat_map(|package| ["--package", package]);
    let arguments: Vec<&str> =
        ["build", "--locked", "--profile", profile].into_iter().chain(named).collect();
    run(program("cargo", &arguments))?;
    Ok(target().join(if profile == "dev" { "debug" } else { profile }))
}

/// The path of a built program.
pub(super) fn binary(name: &str) -> PathBuf {
    target().join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
