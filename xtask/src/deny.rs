//! Dependencies: licences, sources, bans and known vulnerabilities, by cargo-deny and `deny.toml`.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{program, run};
use crate::suite::Outcome;

const NOT_CHECKED: &str = "known vulnerabilities were NOT checked: this machine has no database \
     of them; `cargo xtask deny --fetch` gets it";

/// `cargo xtask deny`.
pub(crate) fn check_everything(fetch: bool) -> Result<()> {
    if fetch {
        run(program("cargo", &["deny", "fetch", "db"]))?;
    }
    if let Some(note) = check()?.note {
        println!("deny: {note}");
    }
    Ok(())
}

/// The step of `cargo xtask test`: offline, so that a run does not depend on what was published
/// since the last one.
pub(crate) fn check() -> Result<Outcome> {
    run(cargo_deny(&["bans", "licenses", "sources"]))?;
    if !has_database() {
        return Ok(Outcome::note(NOT_CHECKED));
    }
    run(cargo_deny(&["--disable-fetch", "advisories"]))?;
    Ok(Outcome::note("known vulnerabilities were checked with the database on this machine"))
}

fn cargo_deny(checks: &[&str]) -> std::process::Command {
    let mut command = program("cargo", &["deny", "--locked", "--all-features", "check"]);
    command.args(checks);
    command
}

/// cargo-deny keeps one folder a database under Cargo's home.
fn has_database() -> bool {
    databases().and_then(|folder| folder.read_dir().ok()).is_some_and(|mut all| {
        // A database that was only half fetched lacks its folder of advisories.
        all.any(|entry| entry.is_ok_and(|entry| entry.path().join("crates").is_dir()))
    })
}

fn databases() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?;
    Some(home.join("advisory-dbs"))
}
