//! `viseme`: lip-sync a video from the shell.

mod args;
mod commands;
mod complaint;
mod connect;
mod exit;
mod failure;
mod input;
mod interrupt;
mod options;
mod record;
mod report;
mod samples;
mod show;
mod size;
mod source;
mod target;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::filter::LevelFilter;

use crate::args::{Args, Command};
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::options::Options;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    let options = Options::from(&args);
    let ended = start(&options, args).or_else(|failure| {
        complaint::complain(&failure, &options)?;
        Err(failure)
    });
    ExitCode::from(match ended {
        Ok(ending) => ending.code(),
        Err(failure) => exit::of_failure(&failure),
    })
}

/// Wrong use, or a wish for help.
fn refuse(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && wants_json {
        let text = error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        let failure = Failure::Usage(text.to_owned());
        let options = Options { json: true, ..Options::default() };
        // Nobody is left to hear of a failure.
        let _ = complaint::complain(&failure, &options);
    } else {
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { exit::USAGE } else { 0 })
}

fn start(options: &Options, args: Args) -> Result<Ending> {
    if options.verbose {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(LevelFilter::DEBUG)
            .with_ansi(false)
            .init();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::local("start", &error))?;
    let ended = runtime.block_on(go(options, args.command));
    // What still runs in the background belongs to requests that nobody waits for any more.
    runtime.shutdown_background();
    ended
}

async fn go(options: &Options, command: Command) -> Result<Ending> {
    match command {
        Command::Run(run) => commands::run::run(options, run).await,
        Command::Check(input) => commands::check::check(options, &input).await,
        Command::Upload(upload) => commands::upload::upload(options, upload).await,
        Command::Submit(submit) => commands::submit::submit(options, submit).await,
        Command::Recover(recover) => commands::recover::recover(options, recover).await,
        Command::Status(job) => commands::status::status(options, job).await,
        Command::Wait(wait) => commands::wait::wait(options, wait).await,
        Command::Download(download) => commands::download::download(options, download).await,
        Command::Price(price) => commands::price::price(options, price).await,
        Command::Models(models) => commands::models::models(options, models).await,
        Command::Schema(schema) => commands::schema::schema(options, schema).await,
        Command::History(history) => commands::history::history(options, history).await,
        Command::Delete(delete) => commands::delete::delete(options, delete).await,
        Command::Balance => commands::balance::balance(options).await,
        Command::Mock(mock) => commands::mock::mock(options, mock).await,
        Command::Webhook(webhook) => commands::webhook::webhook(options, webhook).await,
        Command::Demo(_) => commands::demo::demo(options).await,
    }
}
