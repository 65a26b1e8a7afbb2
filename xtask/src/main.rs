//! The project's scripts: `cargo xtask …`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "telling what it does is its job")]

mod process;
mod samples;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Viseme's scripts.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the files in `samples/` anew (needs ffmpeg and espeak-ng)
    Samples {
        /// The portrait, 512×512; samples/README.md says where it comes from
        #[arg(long)]
        portrait: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Samples { portrait } => samples::make(&portrait),
    }
}
