//! `viseme-load`: the measured client, alone in its process. The server runs elsewhere. The program
//! measures itself and prints the result as one line of JSON.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints what it measured"
)]

mod baseline;
mod batch;
mod measure;
mod pacing;
mod runs;
mod transfer;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// Loads a server and measures its own memory and CPU time (Linux only).
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    load: Load,
}

#[derive(Subcommand)]
enum Load {
    /// Jobs, all at once, by `Client::run`
    Runs {
        #[command(flatten)]
        server: Server,
        /// How many jobs
        #[arg(long)]
        jobs: usize,
    },
    /// Jobs by `Client::run_many`, for the time from a job's end to its result
    Pacing {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        options: pacing::PacingOptions,
    },
    /// Jobs by `Client::run_many`, each output downloaded
    RunMany {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        rows: Rows,
    },
    /// Jobs by a batch, each output downloaded
    Batch {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        rows: Rows,
    },
    /// The import of a manifest, and opening the batch again
    Import {
        #[command(flatten)]
        rows: Rows,
    },
    /// The same requests by reqwest alone, without validation and parsing
    Baseline {
        #[command(flatten)]
        server: Server,
        /// How many jobs
        #[arg(long)]
        jobs: usize,
        /// How many polls in all, evenly distributed
        #[arg(long)]
        polls: usize,
    },
    /// One upload by `Client::upload`, of a WAV file of silence
    Upload {
        #[command(flatten)]
        server: Server,
        /// The file, which is created first
        #[arg(long)]
        file: PathBuf,
        /// The size of the file
        #[arg(long)]
        bytes: u64,
    },
    /// One download by `Client::download`
    Download {
        #[command(flatten)]
        server: Server,
        /// The URL of the file
        #[arg(long)]
        from: String,
        /// Where to save it
        #[arg(long)]
        to: PathBuf,
    },
}

/// The rows of a batch.
#[derive(Args)]
struct Rows {
    /// How many rows
    #[arg(long)]
    jobs: usize,
    /// The folder for the manifest and the results, which is created
    #[arg(long)]
    folder: PathBuf,
    /// How many rows run at the same time
    #[arg(long, default_value_t = 500)]
    limit: usize,
}

/// The server to talk to.
#[derive(Args)]
struct Server {
    /// Its base URL
    #[arg(long)]
    url: String,
    /// The API key
    #[arg(long)]
    key: String,
    /// Threads that drive the load; 0 for the calling thread alone
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

impl Server {
    fn runtime(&self) -> Result<Runtime> {
        let mut builder = match self.threads {
            0 => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        Ok(builder.worker_threads(self.threads.max(1)).enable_all().build()?)
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse().load) {
        Ok(measured) => {
            println!("{measured}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(load: &Load) -> Result<Value> {
    match load {
        Load::Runs { server, jobs } => runs::run(server, *jobs),
        Load::Pacing { server, options } => pacing::run(server, options),
        Load::RunMany { server, rows } => batch::run_many(server, rows),
        Load::Batch { server, rows } => batch::run(server, rows),
        Load::Import { rows } => batch::import(rows),
        Load::Baseline { server, jobs, polls } => baseline::run(server, *jobs, *polls),
        Load::Upload { server, file, bytes } => transfer::upload(server, file, *bytes),
        Load::Download { server, from, to } => transfer::download(server, from, to),
    }
}
