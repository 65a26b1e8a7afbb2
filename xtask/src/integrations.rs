//! The recipes for other engines: `cargo xtask integrations …`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use crate::process::{program, root, run, target};
use crate::python;
use crate::tools::ensure_all;

/// Tests of the recipes for other engines, against real servers.
#[derive(Subcommand)]
pub(crate) enum Integrations {
    /// Install the servers
    Servers,
    /// Test those in Python
    Python {
        /// Arguments of pytest, such as `celery/` or `-k killed`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

impl Integrations {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Servers => servers(),
            Self::Python { arguments } => test_python(arguments),
        }
    }
}

/// Installs the servers that the tests start.
pub(crate) fn servers() -> Result<()> {
    ensure_all(&["python3", "redis-server"])
}

fn test_python(arguments: &[String]) -> Result<()> {
    servers()?;
    python::driver()?;
    python::add_tools(&folder().join("requirements-dev.txt"))?;
    build_mock()?;
    let checks: [&[&str]; 3] =
        [&["ruff", "format", "--check", "--quiet"], &["ruff", "check", "--quiet"], &["mypy"]];
    for check in checks {
        let mut command = python::inside(&[&["-m"], check, &["."]].concat());
        command.current_dir(folder());
        run(command)?;
    }
    let mut command = python::inside(&["-m", "pytest", "--quiet"]);
    command.args(arguments).current_dir(folder());
    command.env("VISEME_MOCK_PROGRAM", target().join("debug").join("viseme-mock"));
    command.env("VISEME_SAMPLES", root().join("samples"));
    run(command)
}

/// Builds the mock server with the features of the other steps, so that Cargo builds nothing twice.
fn build_mock() -> Result<()> {
    let mock = ["build", "--locked", "--quiet", "--all-features", "--bin", "viseme-mock"];
    run(program("cargo", &mock))
}

fn folder() -> PathBuf {
    root().join("integrations")
}
