//! The examples: `cargo xtask examples …`.

#[cfg(unix)]
mod check;
mod start;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::Subcommand;

use crate::integrations::build_mock;
use crate::node::{self, install_in};
use crate::process::{program, root, run, target};
use crate::python;
use crate::tools::{ensure_all, ensure_node};

/// Tests of the examples, offline, and a way to try them.
#[derive(Subcommand)]
pub(crate) enum Examples {
    /// Test those in Python
    Python {
        /// Arguments of pytest, such as `pytest-suite` or `-k lost`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Test those in Node.js
    Node {
        /// Arguments of Vitest, such as `vitest-suite`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Start one offline, with the mock server, until Ctrl-C
    Start(start::Start),
    /// Start each service, use it as its README says, and stop it; all of them by default
    #[cfg(unix)]
    Check {
        /// The names of their folders
        examples: Vec<start::Example>,
    },
}

impl Examples {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Python { arguments } => test_python(arguments),
            Self::Node { arguments } => test_node(arguments),
            Self::Start(start) => start.run(),
            #[cfg(unix)]
            Self::Check { examples } if examples.is_empty() => {
                check_services(&[start::Example::all(true), start::Example::all(false)].concat())
            }
            #[cfg(unix)]
            Self::Check { examples } => check_services(examples),
        }
    }
}

/// Installs what the examples in both languages need, except servers.
pub(crate) fn set_up() -> Result<()> {
    ensure_all(&["python3"])?;
    python::tools()?;
    ensure_node()?;
    node::install()
}

fn test_python(arguments: &[String]) -> Result<()> {
    ensure_all(&["redis-server"])?;
    build_for_python()?;
    let checks: [&[&str]; 3] =
        [&["ruff", "format", "--check", "--quiet"], &["ruff", "check", "--quiet"], &["mypy"]];
    for check in checks {
        run(python_command(&[&["-m"], check, &["."]].concat()))?;
    }
    run(pytest(arguments))?;
    // Without a choice of tests, all that is said of the examples is tested.
    if arguments.is_empty() { check_services(&start::Example::all(true)) } else { Ok(()) }
}

/// Starts, uses and stops services.
#[cfg(unix)]
fn check_services(examples: &[start::Example]) -> Result<()> {
    ensure_all(&["curl", "jq"])?;
    // Before the time of a start counts.
    if examples.iter().any(|it| it.is_python()) {
        build_for_python()?;
    }
    if !examples.iter().all(|it| it.is_python()) {
        build_for_node()?;
    }
    // The user of a backend.
    run(program("cargo", &["build", "--locked", "--quiet", "--all-features", "--bin", "viseme"]))?;
    check::check(examples)
}

/// Signals are those of Unix.
#[cfg(not(unix))]
fn check_services(_: &[start::Example]) -> Result<()> {
    Ok(())
}

fn test_node(arguments: &[String]) -> Result<()> {
    build_for_node()?;
    for script in ["check", "test"] {
        let mut command = npm(&["run", "--silent", script, "--"]);
        if script == "test" {
            command.args(arguments);
        }
        // The counts of the tests are read from the output.
        command.env("NO_COLOR", "1").env_remove("FORCE_COLOR");
        run(with_mock(command))?;
    }
    if arguments.is_empty() { check_services(&start::Example::all(false)) } else { Ok(()) }
}

/// Tests a program of an app, given by its words, with each backend.
pub(crate) fn test_app(app: &[&str]) -> Result<()> {
    build_for_python()?;
    build_for_node()?;
    run(npm(&["run", "--silent", "build", "--workspace", "mobile-backend-node"]))?;
    let quoted: Vec<String> = app.iter().map(|word| format!("'{word}'")).collect();
    let mut tests = pytest(&["mobile-apps".to_owned()]);
    tests.env("VISEME_APP", quoted.join(" "));
    run(tests)
}

/// Builds what the examples in Python need, and installs their packages.
fn build_for_python() -> Result<()> {
    ensure_all(&["python3"])?;
    python::driver()?;
    python::add_tools(&folder().join("requirements-dev.txt"))?;
    build_mock()
}

/// Builds what the examples in Node.js need, and installs their packages.
fn build_for_node() -> Result<()> {
    ensure_node()?;
    node::Node::Build.run()?;
    install_in(&folder())?;
    run(program("node", &["examples/nextjs/tests/install.mjs"]))?;
    build_mock()
}

fn pytest(arguments: &[String]) -> Command {
    // The fixtures of viseme-mock, which an installed package brings by itself.
    let mut tests = python_command(&["-m", "pytest", "--quiet", "-p", "viseme_mock.fixtures"]);
    tests.args(arguments).env("PYTHONPATH", root().join("bindings-python/mock/python"));
    with_mock(tests)
}

fn python_command(arguments: &[&str]) -> Command {
    let mut command = python::inside(arguments);
    command.current_dir(folder());
    command
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = program(if cfg!(windows) { "npm.cmd" } else { "npm" }, arguments);
    command.current_dir(folder());
    command
}

/// Puts the mock server on PATH, as its packages do.
fn with_mock(mut command: Command) -> Command {
    let given = command.get_envs().find(|(name, _)| *name == "PATH");
    let given = given.and_then(|(_, value)| value.map(ToOwned::to_owned));
    let path = given.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    let folders = std::iter::once(target().join("debug")).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    command
}

fn folder() -> PathBuf {
    root().join("examples")
}
