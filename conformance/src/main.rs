//! `viseme-conformance`: runs the suite. `cargo xtask conformance` is the usual way to it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "telling what it found is its job")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use viseme_conformance::command::{self, Request};
use viseme_conformance::mutants;

/// Runs the conformance suite against drivers.
#[derive(Parser)]
#[command(name = "cargo xtask conformance", bin_name = "cargo xtask conformance")]
struct Arguments {
    /// Only this driver; may be given more than once. Default: all but released clients of others
    #[arg(long)]
    driver: Vec<String>,
    /// Only cases whose id fits this pattern, such as `submit/*`
    #[arg(long)]
    case: Option<String>,
    /// Where the reports go
    #[arg(long, default_value = "target/conformance/report")]
    out: PathBuf,
    /// The repository's folder
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// The longest one case may take, in seconds of real time
    #[arg(long, default_value_t = 20)]
    limit: u64,
    /// Judge known failures as of this day (YYYY-MM-DD), not today
    #[arg(long)]
    today: Option<jiff::civil::Date>,
    /// Show that deliberately wrong drivers are noticed, in place of running the suite
    #[arg(long)]
    mutants: bool,
    /// The score board of other people's released clients, in place of our own drivers
    #[arg(long)]
    released: bool,
    /// Do not build drivers before they are started
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
        case: arguments.case,
        limit: std::time::Duration::from_secs(arguments.limit),
        today: arguments.today,
        released: arguments.released,
        build: !arguments.no_build,
        openapi: None,
    };
    let verdict = if arguments.mutants {
        mutants::show_that_it_bites(&request).await?
    } else {
        command::run(&request).await?
    };
    print!("{}", verdict.text);
    for line in &verdict.red {
        println!("RED  {line}");
    }
    Ok(verdict.red.is_empty())
}
