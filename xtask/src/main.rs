//! The project's scripts: `cargo xtask …`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "telling what it does is its job")]

mod bench;
mod checks;
mod conformance;
mod coverage;
mod deny;
mod fuzz;
mod mobile;
mod mutants;
mod node;
mod process;
mod python;
mod samples;
mod setup;
mod suite;

use std::path::PathBuf;
use std::process::ExitCode;

use bench::Bench;
use clap::{Parser, Subcommand};
use fuzz::Fuzz;
use mobile::kotlin::Kotlin;
use mobile::swift::Swift;
use python::Python;

/// Viseme's scripts.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the tests need, where it is missing
    Setup {
        /// Only the tools of these: `kotlin`, `swift`; everything when none is named
        languages: Vec<String>,
    },
    /// Run what CI runs
    Test {
        /// Only these steps, in the usual order; all of them when none is named
        steps: Vec<String>,
        /// Run the steps after a failed one too
        #[arg(long)]
        keep_going: bool,
    },
    /// Check dependencies: licences, sources, bans and known vulnerabilities
    Deny {
        /// Fetch the database of known vulnerabilities first; fails where it cannot be had
        #[arg(long)]
        fetch: bool,
    },
    /// Print the circles among the modules of each part
    Layers {
        /// Another checkout of the project
        #[arg(long, value_name = "FOLDER")]
        checkout: Option<PathBuf>,
    },
    /// Run the conformance suite against our clients; `--help` after `--` tells its options
    #[command(disable_help_flag = true)]
    Conformance {
        /// Passed on, such as `--driver rust --case 'submit/*'`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the cases that released clients of others can do; installs these from the registries
    #[command(disable_help_flag = true)]
    Scoreboard {
        /// Passed on, such as `--driver wavespeed-js-0.3.2`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the npm packages, or a part of them
    #[command(subcommand)]
    Node(node::Node),
    /// Build, check and test the Python binding
    #[command(subcommand)]
    Python(Python),
    /// Build and test the Kotlin module, or a part of it
    #[command(subcommand)]
    Kotlin(Kotlin),
    /// Build and test the Swift package, or a part of it
    #[command(subcommand)]
    Swift(Swift),
    /// Feed what reads others' words with whatever a fuzzer thinks of (needs a C++ compiler)
    Fuzz(Fuzz),
    /// Tell which lines of the core its tests reach, by room
    Coverage {
        /// Tell it of every file too
        #[arg(long)]
        files: bool,
    },
    /// Break `protocol/` and `webhook/` in every small way and see whether a test notices (takes hours)
    Mutants {
        /// Only these files, such as `core/src/protocol/claims.rs`
        files: Vec<String>,
    },
    /// Measure; say in a report on which machine, and that it did nothing else
    #[command(subcommand)]
    Bench(Bench),
    /// Make the files in `samples/` anew (needs ffmpeg and espeak-ng)
    Samples {
        /// The portrait, 512×512; samples/README.md says where it comes from
        #[arg(long)]
        portrait: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Setup { languages } => setup::install_missing(&languages),
        Command::Test { steps, keep_going } => suite::run_steps(&steps, keep_going),
        Command::Deny { fetch } => deny::check_everything(fetch),
        Command::Layers { checkout } => checks::circles::report(checkout.as_deref()),
        Command::Conformance { arguments } => conformance::run_suite(&arguments),
        Command::Scoreboard { arguments } => conformance::score(&arguments),
        Command::Node(node) => node.run(),
        Command::Python(what) => what.run(),
        Command::Kotlin(what) => what.run(),
        Command::Swift(what) => what.run(),
        Command::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Command::Coverage { files } => coverage::measure(files),
        Command::Mutants { files } => mutants::try_all(&files),
        Command::Bench(bench) => bench.run(),
        Command::Samples { portrait } => samples::make(&portrait),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
