//! Other programs: how they are started, and what the error says if one fails.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::output;

/// The root of the checkout, where every program is started unless the caller says otherwise.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// The file of this program. A step can build it anew while it runs: Linux then adds a word to the path of the
/// old file, and the new one is as good.
pub(crate) fn own_program() -> Result<PathBuf> {
    let path = std::env::current_exe().context("cannot find this program")?;
    Ok(match path.to_str().and_then(|path| path.strip_suffix(" (deleted)")) {
        Some(new) => new.into(),
        None => path,
    })
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |it| root().join(it))
}

/// The Python environment that Node.js is installed to if the system's is missing or too old.
pub(crate) fn node_environment() -> PathBuf {
    target().join("tools").join("node")
}

/// The folder of a Python environment in which its programs are.
pub(crate) fn programs_of(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts" } else { "bin" })
}

/// The arguments of Python that install packages.
pub(crate) const PIP_INSTALL: &[&str] =
    &["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
/// For large packages of which a test imports little: modules are compiled when they are imported. To compile all of
/// them takes longer than the rest.
pub(crate) const PIP_NO_COMPILE: &str = "--no-compile";

/// A program that is to be started in the root of the checkout.
pub(crate) fn program<A: AsRef<str>>(name: &str, arguments: &[A]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments.iter().map(AsRef::as_ref)).current_dir(root());
    // Cargo sets these for the programs that it starts. Where they differ from those of a shell, it builds
    // `ring` and all that uses it again. Remove this with a `ring` that has the fix of
    // https://github.com/briansmith/ring/issues/2454.
    for (name, _) in std::env::vars_os() {
        let is_of_a_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if is_of_a_package {
            command.env_remove(name);
        }
    }
    if let Some(path) = search_path() {
        command.env("PATH", path);
    }
    if let Some(folder) = output::temporary() {
        command.env("TMPDIR", folder);
    }
    command
}

/// PATH with our own Node.js first, if there is one.
fn search_path() -> Option<OsString> {
    let own = programs_of(&node_environment());
    if !own.is_dir() {
        return None;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).ok()
}

/// Runs a program to its end and shows its output; an error if it is missing or fails.
pub(crate) fn run(command: Command) -> Result<()> {
    let line = line(&command);
    let status = output::run(command).with_context(|| not_started(&line))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Returns what a program wrote to its standard output; an error if it is missing or fails.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let line = line(&command);
    let output = command.output().with_context(|| not_started(&line))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` failed ({}): {}", output.status, errors.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be started at all and ends with success.
pub(crate) fn succeeds(mut command: Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    output(program("id", &["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn not_started(line: &str) -> String {
    format!("cannot start `{line}`; `cargo xtask setup` installs what is missing")
}
