//! `viseme`: lip-sync a video from the shell.

mod args;
mod client;
mod commands;
#[cfg(test)]
mod documents;
mod dotenv;
mod error_output;
mod failure;
mod input;
mod input_file;
mod interrupt;
mod options;
mod output;
mod output_path;
mod progress;
mod record;
mod state_folder;
mod usage_error;

use std::process::ExitCode;

use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
use clap::{CommandFactory as _, Parser as _};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{Args, Command};
use crate::commands::{
    account, batch, check, completions, doctor, drift, dub, fit, job, ledger, man, mcp, mock,
    models, playground, replay, run, submit, upload, webhook,
};
use crate::failure::{Failure, Outcome, Result, USAGE};
use crate::options::Options;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage_error(&error),
    };
    let options = Options::from(&args);
    let result = match args.unused_option() {
        Some(message) => Err(Failure::Usage(message)),
        None => start(&options, args),
    };
    let result = result.inspect_err(|failure| {
        if error_output::print(failure, &options).is_err() {
            // Standard output cannot be written.
            error_output::print_text(failure, &options);
        }
    });
    ExitCode::from(match result {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => failure.exit_code(),
    })
}

/// Prints what is wrong with the arguments, or the help that they request.
fn usage_error(error: &clap::Error) -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let failure = Failure::Usage(usage_error::message(error, &arguments));
    let is_help = !error.use_stderr()
        || (error.kind() == DisplayHelpOnMissingArgumentOrSubcommand && !wants_json);
    if is_help {
        let _ = error.print();
    } else {
        let options = Options { json: wants_json, ..Options::default() };
        // If standard output is closed, there is nowhere else to report that.
        let _ = error_output::print(&failure, &options);
    }
    ExitCode::from(if error.use_stderr() { USAGE } else { 0 })
}

fn start(options: &Options, args: Args) -> Result<Outcome> {
    let log = if options.verbose {
        Some(Targets::new().with_target("viseme", LevelFilter::DEBUG))
    } else if options.pacing_file.is_some() && !options.is_silent() {
        // The user named the file, and no error says that it cannot be used.
        Some(Targets::new().with_target("viseme::client::pacing_store", LevelFilter::WARN))
    } else {
        None
    };
    if let Some(log) = log {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(LevelFilter::DEBUG)
            .with_ansi(false)
            .with_target(false)
            // It would print them to standard error, and end the program if that is closed.
            .log_internal_errors(false)
            .finish()
            .with(log)
            .init();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::local("start", &error))?;
    let outcome = runtime.block_on(execute(options, args.command));
    // Abandoned requests may still be in flight.
    runtime.shutdown_background();
    outcome
}

async fn execute(options: &Options, command: Command) -> Result<Outcome> {
    match command {
        Command::Run(args) => run::run(options, args).await,
        Command::Check(args) => check::check(options, &args).await,
        Command::Fit(args) => fit::fit(options, &args).await,
        Command::Upload(args) => upload::upload(options, args).await,
        Command::Submit(args) => submit::submit(options, args).await,
        Command::Recover(args) => submit::recover(options, args).await,
        Command::Status(args) => job::status(options, args).await,
        Command::Wait(args) => job::wait(options, args).await,
        Command::Download(args) => job::download(options, args).await,
        Command::Price(args) => models::price(options, args).await,
        Command::Models(args) => models::models(options, args).await,
        Command::Schema(args) => models::schema(options, args).await,
        Command::History(args) => account::history(options, args).await,
        Command::Delete(args) => account::delete(options, args).await,
        Command::Balance => account::balance(options).await,
        Command::Replay(args) => replay::replay(options, &args),
        Command::Drift(args) => drift::drift(options, &args).await,
        Command::Mock(args) => mock::mock(options, args).await,
        Command::Playground(args) => playground::playground(options, args).await,
        Command::Record(args) => commands::record::record(options, &args).await,
        Command::Webhook(args) => webhook::webhook(options, args).await,
        Command::Ledger(command) => ledger::ledger(options, command).await,
        Command::Batch(command) => batch::batch(options, command).await,
        Command::Dub(args) => dub::dub(options, &args).await,
        Command::Demo(_) => run::demo(options).await,
        Command::Doctor(args) => doctor::doctor(options, &args).await,
        Command::Mcp(args) => mcp::mcp(options, args).await,
        Command::Completions(args) => completions::completions(options, &args, Args::command()),
        Command::Man(args) => man::man(options, &args, Args::command()),
    }
}
