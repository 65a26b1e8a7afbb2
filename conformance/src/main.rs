//! `viseme-conformance`: runs the suite. `cargo xtask conformance` builds and starts it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the command prints its result")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use viseme_conformance::command::{self, Request};

/// Runs the conformance suite against drivers.
#[derive(Parser)]
#[command(name = "cargo xtask conformance", bin_name = "cargo xtask conformance")]
struct Arguments {
    /// Run only this driver; repeat to run several. Default: all drivers of this repository
    #[arg(long)]
    driver: Vec<String>,
    /// The folder of the cases, for example of exports of a mock server. Default: conformance/cases
    #[arg(long, value_name = "FOLDER")]
    cases: Option<PathBuf>,
    /// Run only the cases whose id matches this pattern, such as `submit/*`
    #[arg(long)]
    case: Option<String>,
    /// The folder for the reports
    #[arg(long, default_value = "target/conformance/report")]
    out: PathBuf,
    /// The root folder of the repository
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// The time limit of one case, in seconds of real time
    #[arg(long, default_value_t = 20)]
    limit: u64,
    /// Compare the `until` of known failures with this date (YYYY-MM-DD). Default: today
    #[arg(long)]
    today: Option<jiff::civil::Date>,
    /// Run only the mutants: drivers with a deliberate bug, which the suite must detect
    #[arg(long)]
    mutants: bool,
    /// Run the released clients of other projects instead of our own drivers
    #[arg(long)]
    released: bool,
    /// Do not build the drivers first
    #[arg(long)]
    no_build: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<bool> {
    let request = Request {
        root: arguments.root,
        target: None,
        out: arguments.out,
        drivers: arguments.driver,
        cases: arguments.cases,
        case: arguments.case,
        limit: std::time::Duration::from_secs(arguments.limit),
        today: arguments.today,
        released: arguments.released,
        build: !arguments.no_build,
        openapi: None,
    };
    let summary = if arguments.mutants {
        command::run_mutants(&request).await?
    } else {
        command::run(&request).await?
    };
    print!("{}", summary.text);
    for line in &summary.red {
        println!("RED  {line}");
    }
    Ok(summary.red.is_empty())
}
