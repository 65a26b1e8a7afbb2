//! Checks the OpenAPI document of the mock server against linters and against the server itself.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::integrations::build_mock;
use crate::process::{PIP_INSTALL, output, program, programs_of, run, target};
use crate::tools::{ensure_node, ensure_tool};

/// The linter, with the rules that it recommends.
const REDOCLY: &str = "@redocly/cli@2.77.0";
/// The program that sends valid and invalid requests and compares the responses with the document.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const CONFIG: &str = "mock-server/schemathesis.toml";
/// How many requests each operation gets at most in each phase.
const MAX_EXAMPLES: &str = "25";
/// Jobs end at once: a request in sync mode waits for the end. The balance lasts.
const SCENARIO: &str = "jobs: [{timeline: [{completed: 0s}]}]\nbalance_usd: 1000000\n";
/// The same requests in each run.
const SEED: &str = "1";

/// Checks that the served document follows the recommended rules, and that the server responds to a
/// bounded number of valid and invalid requests as the document says.
pub(crate) fn check() -> Result<String> {
    ensure_node()?;
    ensure_tool("python3")?;
    build_mock()?;
    let server = Server::start()?;
    let document = format!("{}/_mock/v1/openapi.json", server.url);
    lint(&document)?;
    fuzz(&document)?;
    Ok("no finding of redocly and schemathesis".to_owned())
}

fn lint(document: &str) -> Result<()> {
    let arguments = ["--yes", REDOCLY, "lint", "--extends=recommended", "--format=json", document];
    let report: Value = serde_json::from_str(&output(program("npx", &arguments))?)
        .context("the report of redocly is not JSON")?;
    let problems =
        report.get("problems").and_then(Value::as_array).context("no problems listed")?;
    for problem in problems {
        let text = |name| problem.get(name).and_then(Value::as_str).unwrap_or_default();
        crate::output::print_line(format_args!("{}: {}", text("ruleId"), text("message")));
    }
    ensure!(problems.is_empty(), "redocly found {} problems", problems.len());
    Ok(())
}

fn fuzz(document: &str) -> Result<()> {
    let environment = target().join("tools").join("schemathesis");
    let programs = programs_of(&environment);
    let path = environment.display().to_string();
    if !environment.exists() {
        run(program("python3", &["-m", "venv", &path]))?;
    }
    let python = programs.join("python").display().to_string();
    run(program(&python, &[PIP_INSTALL, &[SCHEMATHESIS]].concat()))?;
    let schemathesis = programs.join("schemathesis").display().to_string();
    let arguments = [
        "--config-file",
        CONFIG,
        "run",
        document,
        "--header=Authorization: Bearer mock-key",
        "--max-examples",
        MAX_EXAMPLES,
        "--seed",
        SEED,
        "--no-color",
        "--generation-database=none",
    ];
    run(program(&schemathesis, &arguments))
}

/// A mock server that stops when dropped.
struct Server {
    url: String,
    process: Child,
}

impl Server {
    fn start() -> Result<Self> {
        let name = format!("viseme-mock{}", std::env::consts::EXE_SUFFIX);
        let path = target().join("debug").join(name).display().to_string();
        let scenario = target().join("tools").join("openapi-scenario.yaml");
        std::fs::create_dir_all(target().join("tools"))?;
        std::fs::write(&scenario, SCENARIO)?;
        let scenario = scenario.display().to_string();
        let mut command = program(&path, &["--end-with-stdin", "--scenario", &scenario]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("cannot start {path}"))?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let hello: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(url) = hello.get("url").and_then(Value::as_str).map(str::to_owned) else {
            bail!("the first line of {path} has no URL: {line:?}");
        };
        Ok(Self { url, process })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
