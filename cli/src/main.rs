//! `viseme`: lip-sync a video from the shell.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to its user")]

mod args;
mod commands;
mod connect;
mod exit;
mod failure;
mod interrupt;
mod report;
mod samples;
mod show;
mod size;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};
use crate::exit::Ending;

fn main() -> ExitCode {
    let args = Args::parse();
    if args.verbose {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
            .init();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("The async runtime cannot be started: {error}.");
            return ExitCode::FAILURE;
        }
    };
    let json = args.json;
    let ending = runtime.block_on(go(args));
    // What still runs in the background belongs to requests that nobody waits for any more.
    runtime.shutdown_background();
    match ending {
        Ok(ending) => ending.code(),
        Err(error) => {
            report::failure(&error, json);
            exit::of_failure(&error)
        }
    }
}

async fn go(args: Args) -> failure::Result<Ending> {
    let options = args.options();
    match args.command {
        Command::Run(run) => commands::run::run(&options, run).await,
        Command::Check(input) => commands::check::check(&options, input).await,
        Command::Upload(upload) => commands::upload::upload(&options, upload).await,
        Command::Submit(submit) => commands::submit::submit(&options, submit).await,
        Command::Status(job) => commands::status::status(&options, job).await,
        Command::Wait(wait) => commands::wait::wait(&options, wait).await,
        Command::Download(download) => commands::download::download(&options, download).await,
        Command::Mock(mock) => commands::mock::mock(mock).await,
        Command::Demo(demo) => commands::demo::demo(&options, demo).await,
    }
}
