//! The packages for PyPI.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::files::create_folder;
use super::target::Target;
use crate::process::{PIP_INSTALL, program, programs_of, root, run, target};
use crate::python::{new_environment, tool, tools};
use crate::tools::python_programs;

/// Builds the packages without native code.
const BUILD: [&str; 1] = ["build==1.6.1"];

/// Builds the source distributions of the packages with native code.
pub(super) fn sdists(out: &Path) -> Result<()> {
    tools()?;
    create_folder(out)?;
    let to = out.display().to_string();
    for project in projects() {
        let mut command = tool("maturin", &["sdist", "--out", &to]);
        command.current_dir(project);
        run(command)?;
    }
    Ok(())
}

/// Builds the package for Temporal, which has no native code.
pub(super) fn temporal(out: &Path) -> Result<()> {
    tools()?;
    create_folder(out)?;
    let to = out.display().to_string();
    let build = python_programs("python-build", &BUILD)?.join("python").display().to_string();
    let project = root().join("integrations/temporal-python").display().to_string();
    run(program(&build, &["-m", "build", "--outdir", &to, &project]))
}

/// Builds the wheels for a platform.
pub(super) fn wheels(target: &Target, out: &Path) -> Result<()> {
    tools()?;
    create_folder(out)?;
    let mut words = vec!["build".to_owned(), "--strip".to_owned()];
    words.extend(["--out".to_owned(), out.display().to_string()]);
    words.extend(target.arguments());
    if target.has_zig() {
        let compatibility = if target.is_musl() { "musllinux_1_2" } else { "manylinux2014" };
        let zig = ["--zig", "--compatibility", compatibility];
        words.extend(zig.map(str::to_owned));
    }
    for project in projects() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = tool("maturin", &words);
        command.current_dir(project).env("CARGO_TARGET_DIR", crate::process::target());
        run(target.with_tools(command)?)?;
    }
    Ok(())
}

/// Creates an environment and installs into it with these arguments of pip and variables; returns the folder of
/// its programs.
pub(super) fn install(
    environment: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<PathBuf> {
    new_environment(environment)?;
    let programs = programs_of(environment);
    let python = programs.join("python").display().to_string();
    let mut command = program(&python, &[PIP_INSTALL, arguments].concat());
    command.envs(variables.iter().copied());
    run(command)?;
    Ok(programs)
}

/// Reports what is missing in the packages of a release.
pub(super) fn check_packages(out: &Path) -> Result<()> {
    tools()?;
    let script = root().join("xtask/src/release/check_packages.py").display().to_string();
    run(tool("python", &[&script, &out.display().to_string(), &root().display().to_string()]))
}

fn projects() -> [PathBuf; 2] {
    let folder = root().join("bindings-python");
    [folder.clone(), folder.join("mock")]
}

/// Where the notices are, for builds that run in the folders of the projects.
pub(super) fn folders_with_notices() -> [PathBuf; 3] {
    let [client, mock] = projects();
    [client, mock, target().join("notices")]
}
