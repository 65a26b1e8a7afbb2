//! What is published: `cargo xtask release …`. The workflow `release.yml` runs the parts on the machines
//! that can build them; `--dry-run` rehearses those that this machine can.

mod archive;
mod container;
mod crates;
mod files;
mod mobile;
mod notices;
mod npm;
mod python;
mod rehearsal;
mod sbom;
mod smoke;
mod target;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use self::container::Container;
use self::rehearsal::Rehearsal;
use self::target::Target;
use crate::process::root;

/// What to build.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(crate) struct Release {
    /// Build all that this machine can, install it in clean places, and run the examples
    #[arg(long, required = true)]
    dry_run: bool,
    /// Cargo's profile: `release`, or `quick` or `dev` to save time
    #[arg(long, default_value = "release")]
    profile: String,
    /// Build for this platform, with Zig if it is a Linux, as the workflow does; by default for this machine with
    /// its own tools
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Only these parts, such as those that failed; the results of the others are those of the last run
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = rehearsal::names())]
    only: Vec<String>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// A part of a release.
#[derive(Subcommand)]
enum Part {
    /// Crates, source distributions, and npm and Python packages without native code
    Sources {
        #[arg(long)]
        out: PathBuf,
    },
    /// All that contains native code for one platform: wheels, npm packages, programs, a library for the JAR
    Platform {
        /// The platform, such as `aarch64-unknown-linux-musl`; this machine by default
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
        #[arg(long, default_value = "release")]
        profile: String,
        #[arg(long)]
        out: PathBuf,
    },
    /// Install what `platform` built in clean places, and run the examples offline
    Smoke {
        #[arg(long)]
        out: PathBuf,
    },
    /// The JAR with the libraries of all platforms
    Jar {
        /// A folder with one folder for each platform, named as JNA expects
        #[arg(long)]
        natives: PathBuf,
        #[arg(long)]
        out: PathBuf,
    },
    /// The module for Android (needs the Android NDK)
    Aar {
        #[arg(long)]
        out: PathBuf,
    },
    /// The native library for Swift (needs macOS)
    Xcframework {
        #[arg(long)]
        out: PathBuf,
    },
    /// The container image of the mock server
    Container(Container),
    /// Publish the crates that the registry does not have yet
    PublishCrates,
}

impl Release {
    pub(crate) fn run(&self) -> Result<()> {
        match &self.part {
            None => Rehearsal::new(self.target.as_deref(), &self.profile)?.run(&self.only),
            Some(part) => part.run(),
        }
    }
}

impl Part {
    fn run(&self) -> Result<()> {
        match self {
            Self::Sources { out } => sources(&root().join(out)),
            Self::Platform { target, profile, out } => {
                platform(&Target::new(target.as_deref(), profile)?, &root().join(out))
            }
            Self::Smoke { out } => smoke::run(&root().join(out)).map(drop),
            Self::Jar { natives, out } => mobile::jar(&root().join(natives), &root().join(out)),
            Self::Aar { out } => mobile::aar(&root().join(out)),
            Self::Xcframework { out } => mobile::xcframework(&root().join(out)),
            Self::Container(container) => container.run(),
            Self::PublishCrates => crates::publish(),
        }
    }
}

/// Builds the source distributions and looks into them.
pub(crate) fn check_python() -> Result<()> {
    let folder = tempfile::tempdir().context("cannot create a folder")?;
    let out = folder.path().join("python");
    python::sdists(&out)?;
    python::temporal(&out)?;
    python::check_packages(folder.path())
}

/// Builds what is the same on all platforms.
fn sources(out: &std::path::Path) -> Result<()> {
    crates::package(&out.join("crates")).context("the crates")?;
    python::sdists(&out.join("python")).context("the source distributions")?;
    python::temporal(&out.join("python")).context("the Python package for Temporal")?;
    npm::portable(&out.join("npm")).context("the npm packages")?;
    npm::temporal(&out.join("npm")).context("the npm package for Temporal")
}

/// Builds what contains native code for one platform.
fn platform(target: &Target, out: &std::path::Path) -> Result<()> {
    notices::write().context("the notices")?;
    target.prepare()?;
    python::wheels(target, &out.join("python")).context("the wheels")?;
    npm::native(target, &out.join("npm-native")).context("the npm packages")?;
    archive::programs(target, out).context("the archive of the programs")?;
    mobile::library(target, &out.join("jna")).context("the library for the JAR")
}
