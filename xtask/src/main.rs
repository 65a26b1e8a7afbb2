//! The project's scripts: `cargo xtask`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints what it does")]

mod api;
mod bench;
mod browser;
mod checks;
mod conformance;
mod coverage;
mod deny;
mod examples;
mod fuzz;
mod generate;
mod integrations;
mod interrupt;
mod mobile;
mod mutants;
mod node;
mod openapi;
mod output;
mod process;
mod python;
mod release;
mod samples;
mod setup;
mod site;
mod suite;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use bench::Bench;
use browser::Browser;
use clap::{CommandFactory as _, Parser, Subcommand};
use examples::Examples;
use fuzz::Fuzz;
use integrations::Integrations;
use mobile::kotlin::Kotlin;
use mobile::swift::Swift;
use python::Python;
use site::Site;

/// Viseme's scripts.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the tests need, without running them
    Setup {
        /// Only what these need: rust, node, browser, python, kotlin, swift, kotlin-app, swift-app or site; all of
        /// them by default
        languages: Vec<String>,
    },
    /// Install what is missing and run the tests of Rust, Node and Python; CI adds `--all`
    Test(suite::Selection),
    /// Check the dependencies: licences, sources, bans and known vulnerabilities
    Deny {
        /// Download the database of known vulnerabilities first
        #[arg(long)]
        fetch: bool,
    },
    /// Print the circles among the modules of each part
    Layers {
        /// Another checkout of the project
        #[arg(long, value_name = "FOLDER")]
        checkout: Option<PathBuf>,
    },
    /// Check that the version is the same everywhere, and that the crates have all metadata
    Versions(checks::versions::Versions),
    /// Write the public API of each language to `api/`, where a review sees every change of it
    Api {
        /// Write nothing, and fail if a file differs
        #[arg(long)]
        check: bool,
    },
    /// Run the conformance suite against our clients; `-- --help` lists its options
    #[command(disable_help_flag = true)]
    Conformance {
        /// Options of the suite, such as `--driver rust --case 'submit/*'`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the cases that other people's released clients support; installs these clients
    #[command(disable_help_flag = true)]
    Scoreboard {
        /// Options of the suite, such as `--driver wavespeed-js-0.3.2`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the npm packages
    #[command(subcommand)]
    Node(node::Node),
    /// Test the web pages
    #[command(subcommand)]
    Browser(Browser),
    /// Build, check and test the Python binding
    #[command(subcommand)]
    Python(Python),
    /// Test the packages and recipes for other engines
    #[command(subcommand)]
    Integrations(Integrations),
    /// Test the examples, or start one offline
    #[command(subcommand)]
    Examples(Examples),
    /// Build and test the Kotlin module
    #[command(subcommand)]
    Kotlin(Kotlin),
    /// Build and test the Swift package
    #[command(subcommand)]
    Swift(Swift),
    /// Build what is published, or rehearse a release
    Release(release::Release),
    /// Write the TypeScript and Python types that are generated from Rust
    Generate,
    /// Build the documentation site
    Site(Site),
    /// Fuzz the parsers of untrusted input (needs a C++ compiler)
    Fuzz(Fuzz),
    /// Measure how many lines of the core its tests reach, by folder
    Coverage {
        /// List every file too
        #[arg(long)]
        files: bool,
    },
    /// Mutate the code about money and webhooks and check that a test fails for each mutant (takes hours)
    Mutants {
        /// Only these files, such as `core/src/protocol/submit_registry.rs`
        files: Vec<String>,
    },
    /// Measure performance
    #[command(subcommand)]
    Bench(Bench),
    /// Make the files in `samples/` again (needs ffmpeg and espeak-ng)
    Samples {
        /// The portrait, 512×512 pixels; samples/README.md names its source
        #[arg(long)]
        portrait: PathBuf,
    },
}

/// Whether these words are a command of this program, for the checks of workflows and documents.
fn is_command(words: &[&str]) -> Result<(), String> {
    parse(words).map_err(|error| first_line(&error))
}

/// The same for a mention of a command, which may lack what the command requires and have words such as `NAME`.
fn is_mention(words: &[&str]) -> Result<(), String> {
    use clap::error::ErrorKind::{
        DisplayHelpOnMissingArgumentOrSubcommand, InvalidValue, MissingRequiredArgument,
        MissingSubcommand,
    };
    match parse(words) {
        Err(error)
            if !matches!(
                error.kind(),
                DisplayHelpOnMissingArgumentOrSubcommand
                    | InvalidValue
                    | MissingRequiredArgument
                    | MissingSubcommand
            ) =>
        {
            Err(first_line(&error))
        }
        _ => Ok(()),
    }
}

fn parse(words: &[&str]) -> Result<(), clap::Error> {
    let words = std::iter::once("cargo xtask").chain(words.iter().copied());
    Arguments::command().try_get_matches_from(words).map(drop)
}

fn first_line(error: &clap::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn main() -> ExitCode {
    if let Some(code) = api::run_as_rustdoc() {
        return code;
    }
    let result = match Arguments::parse().command {
        Command::Setup { languages } => setup::install_missing(&languages),
        Command::Test(selection) => suite::run_steps(&selection),
        Command::Deny { fetch } => deny::check_everything(fetch),
        Command::Layers { checkout } => checks::circles::report(checkout.as_deref()),
        Command::Api { check } => api::run(check),
        Command::Versions(versions) => versions.run(),
        Command::Conformance { arguments } => conformance::run_suite(&arguments),
        Command::Scoreboard { arguments } => conformance::score(&arguments),
        Command::Node(node) => node.run(),
        Command::Browser(browser) => browser.run(),
        Command::Python(Python::Check) => {
            Python::Check.run().and_then(|()| release::check_python())
        }
        Command::Python(python) => python.run(),
        Command::Integrations(integrations) => integrations.run(),
        Command::Examples(examples) => examples.run(),
        Command::Kotlin(kotlin) => kotlin.run(),
        Command::Swift(swift) => swift.run(),
        Command::Release(release) => release.run(),
        Command::Site(site) => site.run(),
        Command::Generate => generate::run(),
        Command::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Command::Coverage { files } => coverage::measure(files),
        Command::Mutants { files } => mutants::run_all(&files),
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
