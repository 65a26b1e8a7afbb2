//! The workflows in `.github/workflows`: actionlint, zizmor (both offline), and rules of our own.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use regex::Regex;

use super::conclude;
use crate::process::{output, program, root, run, target};
use crate::tools::{ensure_go, python_programs};

/// The version of actionlint, a Go module.
const ACTIONLINT: &str = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";
const ZIZMOR: &str = "zizmor==1.32.0";

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Result<String> {
    let mut faults = Vec::new();
    let mut commands = 0;
    let mut names = Vec::new();
    for entry in root().join(".github/workflows").read_dir().context("there are no workflows")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let found = commands_of(&text)?;
        commands += found.len();
        for command in found {
            let words: Vec<&str> = command.split_whitespace().collect();
            if let Err(fault) = crate::is_command(&words) {
                faults.push(format!("{name}: cargo xtask {command}: {fault}"));
            }
        }
        faults.extend(unpinned(&text)?.into_iter().map(|line| {
            format!("{name}: `{line}` must have a commit of 40 digits and `# v1.2.3`")
        }));
        names.push(path.display().to_string());
    }
    names.sort();
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    run(program(&actionlint()?.display().to_string(), &files))?;
    let folder = python_programs("workflows", &[ZIZMOR])?;
    let zizmor = folder.join("zizmor").display().to_string();
    let words = ["--offline", "--quiet", "--no-progress", "--persona=pedantic"];
    run(program(&zizmor, &[&words[..], &files].concat()))?;
    conclude(&faults, format!("{} workflows with {commands} commands of this program", names.len()))
}

/// Builds actionlint, if that was not done before.
fn actionlint() -> Result<PathBuf> {
    let folder = target().join("tools").join("go");
    let place = folder.join(format!("actionlint{}", std::env::consts::EXE_SUFFIX));
    let version = ACTIONLINT.rsplit('@').next().unwrap_or_default();
    let there = output(program(&place.display().to_string(), &["--version"]));
    if there.is_ok_and(|there| there.lines().next() == Some(version)) {
        return Ok(place);
    }
    let mut install = program(&ensure_go()?, &["install", ACTIONLINT]);
    install.env("GOBIN", &folder).env("CGO_ENABLED", "0");
    run(install)?;
    Ok(place)
}

/// What follows `cargo xtask` in the commands of a workflow.
fn commands_of(text: &str) -> Result<Vec<String>> {
    let command =
        Regex::new(r"cargo (?:--locked )?xtask ([^\n|;&]+)").context("invalid pattern")?;
    let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let code = code.collect::<Vec<_>>().join("\n");
    Ok(command.captures_iter(&code).map(|found| found[1].replace('"', "")).collect())
}

/// The lines that use an action without naming its commit and its version.
fn unpinned(text: &str) -> Result<Vec<String>> {
    let pinned = Regex::new(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$").context("invalid")?;
    let uses = text.lines().filter(|line| line.contains("uses: ") && !pinned.is_match(line));
    Ok(uses.map(|line| line.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_actions_of_a_workflow_are_found() {
        let text = "# cargo xtask nothing\n- uses: actions/checkout@v6\n  run: cargo --locked xtask test a | tail\n\
                    - uses: actions/checkout@0123456789012345678901234567890123456789 # v6.0.1\n";
        assert_eq!(commands_of(text).expect("valid"), ["test a "]);
        assert_eq!(unpinned(text).expect("valid"), ["- uses: actions/checkout@v6"]);
        crate::is_command(&["test", "versions"]).expect("exists");
        crate::is_command(&["no-such-command"]).expect_err("does not exist");
    }
}
