//! The Python binding: its tools, its builds, its checks and its tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use crate::process::{PIP_INSTALL, PIP_NO_COMPILE, program, programs_of, root, run, target};

/// What the benchmark compares with: the official package, and what a hand-written client uses.
const OTHERS: [&str; 2] = ["wavespeed==2.0.5", "aiohttp==3.14.5"];

/// Builds, checks and tests of the Python binding.
#[derive(Subcommand)]
pub(crate) enum Python {
    /// Create the virtual environment with the tools
    Tools,
    /// Build the package for tests into that environment; the conformance drivers use it
    Driver,
    /// Lint it, and check its types, its stubs and its source distributions
    Check,
    /// Run its tests and its notebook
    Test,
    /// Build the source distribution, install it into a clean environment, and run an example
    Package,
    /// Build the wheels of `viseme` and `viseme-mock` as published
    Wheels,
}

impl Python {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Tools => tools(),
            Self::Driver => driver(),
            Self::Check => check(),
            Self::Test => test(),
            Self::Package => package(),
            Self::Wheels => wheels(),
        }
    }
}

/// Creates the environment with the tools, again if the list of tools has changed.
pub(crate) fn tools() -> Result<()> {
    let list = folder().join("requirements-dev.txt");
    if is_installed(&list)? {
        return Ok(());
    }
    new_environment(&environment())?;
    install_list(&list)
}

/// Installs the tools of another list into the environment.
pub(crate) fn add_tools(list: &Path) -> Result<()> {
    if is_installed(list)? { Ok(()) } else { install_list(list) }
}

fn is_installed(list: &Path) -> Result<bool> {
    let wanted = std::fs::read_to_string(list).context("cannot read the list of tools")?;
    Ok(std::fs::read_to_string(stamp(list)).is_ok_and(|there| there == wanted))
}

fn install_list(list: &Path) -> Result<()> {
    let text = list.display().to_string();
    run(inside(&[PIP_INSTALL, &[PIP_NO_COMPILE, "-r", &text]].concat()))?;
    std::fs::copy(list, stamp(list)).context("cannot mark the tools as installed")?;
    Ok(())
}

/// The copy of a list of tools that are installed, named after the list's folder.
fn stamp(list: &Path) -> PathBuf {
    let of = list.parent().and_then(Path::file_name).unwrap_or_default();
    environment().join(format!("tools-{}.txt", of.to_string_lossy()))
}

/// Builds the package for tests. Its installation refers to the built module and to the code in this folder, and
/// stays right until the package is described in another way.
pub(crate) fn driver() -> Result<()> {
    tools()?;
    let version = root().join("Cargo.toml");
    let wanted = [version, folder().join("pyproject.toml")].map(std::fs::read_to_string);
    let wanted = wanted.into_iter().collect::<Result<String, _>>();
    let wanted = wanted.context("cannot read the description of the package")?;
    let stamp = environment().join("package.txt");
    let mut words = vec!["develop", "--quiet", "--locked", "--features", "testing"];
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        words.push("--skip-install");
    }
    let mut command = tool("maturin", &words);
    command.env("VIRTUAL_ENV", environment()).env("CARGO_TARGET_DIR", target());
    run(command)?;
    std::fs::write(stamp, wanted).context("cannot mark the package as installed")
}

fn check() -> Result<()> {
    // stubtest compares the stub with the module itself.
    driver()?;
    // The programs outside of the packages have no settings of their own, and print.
    let programs = ["--config", "pyproject.toml", "../conformance/drivers", "../xtask/src"];
    run(tool("ruff", &["format", "--check", "--quiet", "."]))?;
    run(tool("ruff", &[&["format", "--check", "--quiet"], &programs[..]].concat()))?;
    run(tool("ruff", &["check", "--quiet", "."]))?;
    let rules = ["check", "--quiet", "--select", "E,F,W,I,B,UP"];
    run(tool("ruff", &[&rules[..], &programs[..]].concat()))?;
    run(tool("mypy", &["python/viseme", "mock/python"]))?;
    run(inside(&["-m", "mypy.stubtest", "viseme._native"]))?;
    // By default it takes the packages of the first Python in PATH.
    let python = programs_of(&environment()).join("python").display().to_string();
    run(tool("pyright", &["--pythonpath", &python]))
}

fn test() -> Result<()> {
    driver()?;
    // The same features as the step `test`, so that Cargo builds nothing twice.
    let mock = ["build", "--locked", "--quiet", "--all-features", "--bin", "viseme-mock"];
    run(program("cargo", &mock))?;
    let mut command = inside(&["-m", "pytest", "--quiet"]);
    command.env("VISEME_MOCK_PROGRAM", target().join("debug").join("viseme-mock"));
    run(command)
}

fn package() -> Result<()> {
    tools()?;
    let place = target().join("python-package");
    let found = built(&place, &["sdist"], ".tar.gz")?;
    let clean = place.join("environment");
    if clean.exists() {
        std::fs::remove_dir_all(&clean)?;
    }
    new_environment(&clean)?;
    let inside = programs_of(&clean).join("python").display().to_string();
    let found = found.display().to_string();
    let mut install = program(&inside, &[PIP_INSTALL, &[&found]].concat());
    // As a user installs it, without the time of an optimised build.
    install.env("MATURIN_PEP517_ARGS", "--profile dev").env("CARGO_TARGET_DIR", target());
    run(install)?;
    let example = folder().join("tests").join("smoke.py").display().to_string();
    let server = target().join("debug").join("viseme-mock").display().to_string();
    // Outside of the checkout, so that Python finds nothing of it by accident.
    let mut command = program(&inside, &["-I", &example, &root().display().to_string()]);
    let mock = ["build", "--locked", "--quiet", "--all-features", "--bin", "viseme-mock"];
    run(program("cargo", &mock))?;
    command.current_dir(&place).env("VISEME_MOCK_PROGRAM", server);
    run(command)
}

fn wheels() -> Result<()> {
    tools()?;
    let out = target().join("python-wheels").display().to_string();
    for project in [folder(), folder().join("mock")] {
        let words = ["build", "--release", "--locked", "--quiet", "--strip", "--out", &out];
        let mut command = tool("maturin", &words);
        command.current_dir(project).env("CARGO_TARGET_DIR", target());
        run(command)?;
    }
    Ok(())
}

/// Builds a file with that ending by maturin, in an emptied folder.
fn built(place: &Path, words: &[&str], ending: &str) -> Result<PathBuf> {
    let out = place.join("dist");
    if out.exists() {
        std::fs::remove_dir_all(&out)?;
    }
    let text = out.display().to_string();
    let mut command = tool("maturin", &[words, &["--out", &text]].concat());
    command.env("CARGO_TARGET_DIR", target());
    run(command)?;
    let found = std::fs::read_dir(&out)?.filter_map(|entry| Some(entry.ok()?.path()));
    found
        .into_iter()
        .find(|path| path.to_string_lossy().ends_with(ending))
        .with_context(|| format!("maturin made no {ending}"))
}

/// Returns a program of the benchmark, in an environment with an optimised build of the package and
/// with those it is compared to.
pub(crate) fn bench(arguments: &[&str]) -> Result<Command> {
    tools()?;
    let place = target().join("python-bench");
    if !place.exists() {
        new_environment(&place)?;
    }
    // A wheel: an editable installation would share its native module with the tests.
    let wheel = built(&place, &["build", "--release", "--quiet", "--locked"], ".whl")?;
    let wheel = wheel.display().to_string();
    let inside = programs_of(&place).join("python").display().to_string();
    run(program(&inside, &[PIP_INSTALL, &OTHERS].concat()))?;
    let again = ["--force-reinstall", "--no-deps", &wheel];
    run(program(&inside, &[PIP_INSTALL, &again].concat()))?;
    let mut command = program(&inside, arguments);
    command.current_dir(folder());
    Ok(command)
}

pub(crate) fn new_environment(place: &Path) -> Result<()> {
    let place = place.display().to_string();
    let name = if cfg!(windows) { "python" } else { "python3" };
    run(program(name, &["-m", "venv", "--clear", &place]))
}

/// A tool of the environment, started in the binding's folder.
pub(crate) fn tool(name: &str, arguments: &[&str]) -> Command {
    let path = programs_of(&environment()).join(name).display().to_string();
    let mut command = program(&path, arguments);
    command.current_dir(folder());
    command
}

/// The environment's Python, started in the binding's folder.
pub(crate) fn inside(arguments: &[&str]) -> Command {
    tool("python", arguments)
}

fn folder() -> PathBuf {
    root().join("bindings-python")
}

/// The environment that the profiles of the conformance suite name.
fn environment() -> PathBuf {
    target().join("conformance").join("python")
}
