//! `cargo xtask generate`: the TypeScript and Python types that come from Rust.

use std::process::Command;

use anyhow::{Result, ensure};

/// Writes the generated files. A test of bindings-common checks that they are up to date.
pub(crate) fn run() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--locked", "--quiet", "-p", "viseme-bindings", "--lib", "generate::"])
        .env("VISEME_GENERATE", "1")
        .status()?;
    ensure!(status.success(), "the types could not be generated");
    Ok(())
}
