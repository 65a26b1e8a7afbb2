//! A platform that is built for, and Cargo's builds for it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::{output, program, run, target};
use crate::tools::python_programs;

/// Zig is the C compiler and the linker of the packages for Linux, for an old version of glibc or for musl.
const ZIG: [&str; 2] = ["ziglang==0.15.2", "cargo-zigbuild==0.24.0"];
/// The oldest glibc that the packages support, as in manylinux2014.
const GLIBC: &str = "2.17";

/// A platform and a profile.
#[derive(Clone)]
pub(super) struct Target {
    /// The name of the platform in Rust.
    pub(super) triple: String,
    /// Whether the caller named it; otherwise it is this machine, with its own linker and glibc.
    pub(super) is_given: bool,
    pub(super) profile: String,
}

impl Target {
    pub(super) fn new(triple: Option<&str>, profile: &str) -> Result<Self> {
        let is_given = triple.is_some();
        let triple = triple.map_or_else(host, |triple| Ok(triple.to_owned()))?;
        Ok(Self { triple, is_given, profile: profile.to_owned() })
    }

    /// Whether the build uses Zig.
    pub(super) fn has_zig(&self) -> bool {
        self.is_given && self.triple.contains("-linux-")
    }

    pub(super) fn is_musl(&self) -> bool {
        self.triple.ends_with("-musl")
    }

    pub(super) fn is_windows(&self) -> bool {
        self.triple.contains("-windows-")
    }

    /// Installs what the builds need.
    pub(super) fn prepare(&self) -> Result<()> {
        if self.has_zig() {
            python_programs("zig", &ZIG)?;
        }
        Ok(())
    }

    /// The arguments of Cargo and maturin that choose the platform and the profile.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut words = vec!["--locked".to_owned(), "--profile".to_owned(), self.profile.clone()];
        if self.is_given {
            words.extend(["--target".to_owned(), self.triple.clone()]);
        }
        words
    }

    /// Builds these packages in one run.
    pub(super) fn build(&self, packages: &[&str]) -> Result<()> {
        let mut words = vec![if self.has_zig() { "zigbuild" } else { "build" }.to_owned()];
        words.extend(self.arguments());
        if self.has_zig() && !self.is_musl() {
            // The last word is the platform.
            if let Some(last) = words.last_mut() {
                *last = format!("{last}.{GLIBC}");
            }
        }
        for package in packages {
            words.extend(["-p".to_owned(), (*package).to_owned()]);
        }
        let mut command = program("cargo", &words);
        // A library for a program that uses musl itself; programs of ours contain it instead.
        let is_addon = packages.contains(&"viseme-node");
        if self.is_musl() && is_addon {
            command.env("RUSTFLAGS", "-C target-feature=-crt-static");
        }
        run(self.with_tools(command)?)
    }

    /// Builds the programs, in a run of their own: another package could enable features in them.
    pub(super) fn build_programs(&self) -> Result<()> {
        self.build(&["viseme-cli", "viseme-mock"])
    }

    /// A command with Zig on its search path, if the build uses it.
    pub(super) fn with_tools(&self, mut command: Command) -> Result<Command> {
        if self.has_zig() {
            let tools = python_programs("zig", &ZIG)?;
            let path = std::env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(tools).chain(std::env::split_paths(&path));
            command.env("PATH", std::env::join_paths(all).context("PATH")?);
        }
        Ok(command)
    }

    /// Where Cargo puts what it built.
    pub(super) fn folder(&self) -> PathBuf {
        let profile = if self.profile == "dev" { "debug" } else { &self.profile };
        let base = if self.is_given { target().join(&self.triple) } else { target() };
        base.join(profile)
    }

    /// The name of a program, with the ending of the platform.
    pub(super) fn program(&self, name: &str) -> String {
        format!("{name}{}", if self.is_windows() { ".exe" } else { "" })
    }
}

/// Whether the toolchain can compile for a platform.
pub(super) fn is_installed(triple: &str) -> Result<bool> {
    let words = ["--print", "target-libdir", "--target", triple];
    let folder = output(program("rustc", &words))?;
    Ok(PathBuf::from(folder.trim()).is_dir())
}

/// This machine's platform.
fn host() -> Result<String> {
    let version = output(program("rustc", &["-vV"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not name this platform")
}
