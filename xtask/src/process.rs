//! Other programs: starting them, and saying plainly what went wrong.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The root of the checkout, where every program is started unless told otherwise.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// A program that is to be started in the root of the checkout.
pub(crate) fn program<A: AsRef<str>>(name: &str, arguments: &[A]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments.iter().map(AsRef::as_ref)).current_dir(root());
    command
}

/// Runs a program to its end, its output shown; an error if it is missing or fails.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let line = line(&command);
    let status = command.status().with_context(|| not_started(&line))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// What a program wrote to its standard output; an error if it is missing or fails.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let line = line(&command);
    let output = command.output().with_context(|| not_started(&line))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` failed ({}): {}", output.status, errors.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be started at all and answers with success.
pub(crate) fn answers(mut command: Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    output(program("id", &["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn not_started(line: &str) -> String {
    format!("`{line}` could not be started; `cargo xtask setup` installs what is missing")
}
