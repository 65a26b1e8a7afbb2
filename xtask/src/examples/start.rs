//! `cargo xtask examples start NAME`: builds what an example needs, and runs it with the mock server.

use std::process::Command;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use super::{build_for_node, build_for_python, folder, npm, python_command, with_mock};
use crate::interrupt;
use crate::output::print_line;
use crate::process::{output, program, run, target};

/// Signs the tokens of users of a mock server. A backend for others needs a secret of its own.
const OFFLINE_SECRET: &str = "a secret for trying it offline, known to everybody";

/// Which example, and where it listens.
#[derive(Args)]
pub(crate) struct Start {
    /// The name of its folder
    example: Example,
    /// The port on this machine
    #[arg(long, default_value_t = 8000)]
    port: u16,
}

/// A service.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Example {
    Express,
    Fastapi,
    Nextjs,
    MobileBackendNode,
    MobileBackendPython,
}

impl Start {
    /// Runs it until Ctrl-C or SIGTERM, which end all that was started.
    pub(super) fn run(&self) -> Result<()> {
        interrupt::pass_on()?;
        let ended = self.serve();
        if interrupt::is_stopped() { Ok(()) } else { ended }
    }

    fn serve(&self) -> Result<()> {
        let example = self.example;
        if example.is_python() {
            build_for_python()?;
        } else {
            build_for_node()?;
        }
        // The jobs of another mock server would be unknown to the next one.
        let ledgers = tempfile::tempdir().context("cannot create a temporary folder")?;
        let ledger = ledgers.path().join("ledger.db").display().to_string();
        let url = format!("http://127.0.0.1:{}", self.port);
        let port = self.port.to_string();
        let environment = [
            ("PORT", port.clone()),
            ("PUBLIC_URL", url.clone()),
            ("LEDGER", ledger),
            ("TOKEN_SECRET", OFFLINE_SECRET.to_owned()),
            ("NEXT_TELEMETRY_DISABLED", "1".to_owned()),
        ];
        let with_settings = |mut command: Command| {
            command.current_dir(folder().join(example.folder()));
            command.envs(environment.clone());
            with_mock(command)
        };
        let inside = example.command(&example.words(&port));
        let mut command = program(&mock(), &["exec", "--"]);
        command.arg(inside.get_program()).args(inside.get_args());
        print_line(format_args!("{} at {url}, until Ctrl-C", example.folder()));
        if let Some(words) = example.token() {
            if !example.is_python() {
                run(with_settings(npm(&["run", "--silent", "build"])))?;
            }
            let token = output(with_settings(example.command(words)))?;
            print_line("In another terminal, with the token of a user:");
            print_line(format_args!(
                "  export VISEME_BASE_URL={url} VISEME_TOKEN={}",
                token.trim()
            ));
            print_line("  cargo xtask kotlin sample   # or: cargo xtask swift sample");
        }
        run(with_settings(command))
    }
}

impl Example {
    /// The services in Python, or those in Node.js.
    pub(crate) fn all(in_python: bool) -> Vec<Self> {
        let all = Self::value_variants().iter().copied();
        all.filter(|example| example.is_python() == in_python).collect()
    }

    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Express => "express",
            Self::Fastapi => "fastapi",
            Self::Nextjs => "nextjs",
            Self::MobileBackendNode => "mobile-backend-node",
            Self::MobileBackendPython => "mobile-backend-python",
        }
    }

    pub(crate) fn is_python(self) -> bool {
        matches!(self, Self::Fastapi | Self::MobileBackendPython)
    }

    /// The arguments of Python or npm that start it.
    fn words(self, port: &str) -> Vec<&str> {
        match self {
            Self::Fastapi => vec!["-m", "uvicorn", "service:app", "--port", port],
            Self::MobileBackendPython => vec!["backend.py"],
            Self::Express | Self::Nextjs | Self::MobileBackendNode => vec!["start", "--silent"],
        }
    }

    /// The arguments that print the token of a user, if it has users.
    fn token(self) -> Option<&'static [&'static str]> {
        match self {
            Self::MobileBackendPython => Some(&["accounts.py", "ann"]),
            Self::MobileBackendNode => Some(&["run", "--silent", "token", "ann"]),
            Self::Express | Self::Fastapi | Self::Nextjs => None,
        }
    }

    fn command(self, words: &[&str]) -> Command {
        if self.is_python() { python_command(words) } else { npm(words) }
    }
}

fn mock() -> String {
    target().join("debug").join("viseme-mock").display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_named_after_its_folder() {
        for example in Example::value_variants() {
            let name = example.to_possible_value().expect("has a name");
            assert_eq!(name.get_name(), example.folder());
            assert!(folder().join(example.folder()).join("README.md").is_file());
        }
    }
}
