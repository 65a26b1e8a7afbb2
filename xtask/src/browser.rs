//! The tests of the web pages: `cargo xtask browser …`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Subcommand;

use crate::node::install_in;
use crate::process::{program, root, run};
use crate::tools::{ensure_node, ensure_tool};

/// Tests of the web pages.
#[derive(Subcommand)]
pub(crate) enum Browser {
    /// Check the types of the pages' modules, and test the pages in Chromium
    Test {
        /// Only these files, such as `dashboard/live.test.js`
        files: Vec<String>,
    },
}

impl Browser {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Test { files } => test(files),
        }
    }
}

/// Installs what the tests need; returns the version of Node.js.
pub(crate) fn set_up() -> Result<String> {
    let version = ensure_node()?;
    // The snippets of the playground run with curl and jq.
    for tool in ["chromium", "curl", "jq"] {
        ensure_tool(tool)?;
    }
    install_in(&folder())?;
    Ok(version)
}

fn test(files: &[String]) -> Result<()> {
    set_up()?;
    // The same features as in the other steps, so that Cargo builds once.
    run(program("cargo", &["build", "--locked", "--quiet", "--all-features", "--bins"]))?;
    let mut check = program("node", &["node_modules/typescript/bin/tsc"]);
    check.current_dir(folder());
    run(check)?;
    // Without a name, Node finds every `*.test.js`.
    let mut tests = program("node", &["--test", "--test-timeout=300000", "--test-reporter=spec"]);
    tests.args(files).current_dir(folder());
    run(tests)
}

/// Tests the built documentation site in this folder.
pub(crate) fn test_site(html: &Path) -> Result<()> {
    set_up()?;
    let words = ["--test", "--test-timeout=300000", "--test-reporter=spec", "site/check.js"];
    let mut tests = program("node", &words);
    tests.env("VISEME_SITE", html).current_dir(folder());
    run(tests)
}

fn folder() -> PathBuf {
    root().join("browser-tests")
}
