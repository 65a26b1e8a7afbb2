//! `cargo xtask examples start NAME`: builds what an example needs, and runs it with the mock server.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
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
    /// The address of this machine for a phone or an emulator, such as 192.168.1.20 or 10.0.2.2; only for the
    /// backends of apps. The backend and the mock server then listen for other machines
    #[arg(long)]
    address: Option<Ipv4Addr>,
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
        ensure!(
            self.address.is_none() || example.token().is_some(),
            "--address is only for the backends of apps"
        );
        if example.is_python() {
            build_for_python()?;
        } else {
            build_for_node()?;
        }
        // The jobs of another mock server would be unknown to the next one.
        let ledgers = tempfile::tempdir().context("cannot create a temporary folder")?;
        let ledger = ledgers.path().join("ledger.db").display().to_string();
        let at = self.address.unwrap_or(Ipv4Addr::LOCALHOST);
        let url = format!("http://{at}:{}", self.port);
        let port = self.port.to_string();
        let listens = self.address.map_or(Ipv4Addr::LOCALHOST, |_| Ipv4Addr::UNSPECIFIED);
        let environment = [
            ("PORT", port.clone()),
            ("LISTEN_ADDRESS", listens.to_string()),
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
        let options = self.address.map(mock_for).transpose()?.unwrap_or_default();
        let mut command = program(&mock(), &options);
        command.args(["exec", "--"]).arg(inside.get_program()).args(inside.get_args());
        print_line(format_args!("{} at {url}, until Ctrl-C", example.folder()));
        if let Some(words) = example.token() {
            if !example.is_python() {
                run(with_settings(npm(&["run", "--silent", "build"])))?;
            }
            let token = output(with_settings(example.command(words)))?;
            let token = token.trim();
            if self.address.is_some() {
                print_line("Settings of the app: `baseUrl`, the token of a user as `apiKey`, and");
                print_line(
                    "`allowHttp = true` (Swift: `allowHTTP`), for plain http in a safe network:",
                );
                print_line(format_args!("  {url}\n  {token}"));
            } else {
                print_line("In another terminal, with the token of a user:");
                print_line(format_args!("  export VISEME_BASE_URL={url} VISEME_TOKEN={token}"));
                print_line("  cargo xtask kotlin sample   # or: cargo xtask swift sample");
            }
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

/// Returns the options of a mock server that other machines reach at an address: the app uploads to it, and downloads
/// from it, at the URLs in its responses.
fn mock_for(address: Ipv4Addr) -> Result<Vec<String>> {
    // Free for now, and the mock server takes it soon.
    let port = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port();
    let public = format!("http://{address}:{port}");
    let options = [
        "--host",
        &Ipv4Addr::UNSPECIFIED.to_string(),
        "--port",
        &port.to_string(),
        "--public-url",
        &public,
    ];
    Ok(options.map(str::to_owned).to_vec())
}

fn mock() -> String {
    target().join("debug").join("viseme-mock").display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mock_server_of_a_phone_is_in_its_responses_under_the_address_of_the_machine() {
        let options = mock_for("10.0.2.2".parse().expect("is an address")).expect("a port is free");
        let [_, host, _, port, _, public] = options.as_slice() else { panic!("{options:?}") };
        assert_eq!((host.as_str(), public), ("0.0.0.0", &format!("http://10.0.2.2:{port}")));
    }

    #[test]
    fn every_example_is_named_after_its_folder() {
        for example in Example::value_variants() {
            let name = example.to_possible_value().expect("has a name");
            assert_eq!(name.get_name(), example.folder());
            assert!(folder().join(example.folder()).join("README.md").is_file());
        }
    }
}
