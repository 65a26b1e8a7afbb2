//! The conformance suite, and the scoreboard of other people's released clients.

use anyhow::Result;

use crate::process::{PIP_INSTALL, program, run, target};
use crate::tools::{ensure_node, ensure_tool};

/// The same features as the step `test`, so that Cargo builds nothing twice.
const PROGRAM: [&str; 7] =
    ["cargo", "run", "--locked", "--quiet", "--all-features", "--bin", "viseme-conformance"];

/// The released clients on npm. Their names are those of the profiles.
const ON_NPM: [&str; 2] = ["0.3.2", "0.2.3"];
/// The released client on PyPI.
const ON_PYPI: &str = "2.0.5";

/// Runs the suite.
pub(crate) fn run_suite(arguments: &[String]) -> Result<()> {
    let mut words: Vec<&str> = PROGRAM[1..].to_vec();
    words.push("--");
    words.extend(arguments.iter().map(String::as_str));
    run(program(PROGRAM[0], &words))
}

/// Installs the released clients below the target folder and runs the cases they support.
pub(crate) fn score(arguments: &[String]) -> Result<()> {
    ensure_node()?;
    ensure_tool("python3")?;
    let folder = target().join("conformance").join("released");
    for version in ON_NPM {
        let place = folder.join(format!("wavespeed-js-{version}"));
        if !place.join("node_modules/wavespeed").exists() {
            std::fs::create_dir_all(&place)?;
            let place = place.display().to_string();
            let package = format!("wavespeed@{version}");
            let quiet = ["--silent", "--no-audit", "--no-fund"];
            let words = [&["install"], &quiet[..], &["--prefix", &place, &package]].concat();
            run(program("npm", &words))?;
        }
    }
    let place = folder.join(format!("wavespeed-python-{ON_PYPI}"));
    if !place.join("bin/python").exists() {
        let text = place.display().to_string();
        run(program("python3", &["-m", "venv", &text]))?;
        let python = place.join("bin/python").display().to_string();
        let package = format!("wavespeed=={ON_PYPI}");
        run(program(&python, &[PIP_INSTALL, &[&package]].concat()))?;
    }
    let mut all = vec!["--released".to_owned(), "--out".to_owned()];
    all.push("target/conformance/scoreboard".to_owned());
    all.extend_from_slice(arguments);
    run_suite(&all)
}
