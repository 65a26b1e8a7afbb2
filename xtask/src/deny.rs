//! Dependencies: licences, sources, bans and known vulnerabilities, by cargo-deny and `deny.toml`.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{program, run};
use crate::tools::ensure_tool;

const NOT_CHECKED: &str = "known vulnerabilities were NOT checked: this machine has no database \
     of them; `cargo xtask deny --fetch` downloads it";

/// `cargo xtask deny`.
pub(crate) fn check_everything(fetch: bool) -> Result<()> {
    ensure_tool("cargo-deny")?;
    if fetch {
        run(program("cargo", &["deny", "fetch", "db"]))?;
    }
    println!("deny: {}", check()?);
    Ok(())
}

/// The step of `cargo xtask test`: offline, so that a run does not depend on what was published
/// since the last one.
pub(crate) fn check() -> Result<String> {
    ensure_tool("cargo-deny")?;
    run(cargo_deny(&["bans", "licenses", "sources"]))?;
    if !has_database() {
        return Ok(NOT_CHECKED.to_owned());
    }
    run(cargo_deny(&["--disable-fetch", "advisories"]))?;
    Ok("known vulnerabilities were checked with the database on this machine".to_owned())
}

fn cargo_deny(checks: &[&str]) -> std::process::Command {
    let mut command = program("cargo", &["deny", "--locked", "--all-features", "check"]);
    command.args(checks);
    command
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
