//! The project's own programs as release builds, which is what people use.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{program, root, run};

/// Builds these packages together, so that what they share is built once.
pub(super) fn build(packages: &[&str]) -> Result<()> {
    let named = packages.iter().flat_map(|package| ["--package", package]);
    let arguments: Vec<&str> =
        ["build", "--release", "--locked"].into_iter().chain(named).collect();
    run(program("cargo", &arguments))
}

/// Where Cargo puts a program.
pub(super) fn binary(name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(target).join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
