//! Prism, the mock server for OpenAPI files: installed by npm at a pinned version, never shipped.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use anyhow::Result;

use super::server::{Process, Server};
use crate::process::{program, root, run};

pub(super) const VERSION: &str = "5.16.0";
/// Prism needs a newer Node than many machines have; npm has it as a package.
pub(super) const NODE_VERSION: &str = "24.21.0";

/// The one operation that is measured. The file `openapi.json` describes it.
pub(super) const PATH: &str = "/api/v3/predictions/e6832d4abffb4d79bfbca19783fca133/result";
const OPENAPI: &str = include_str!("openapi.json");

/// An installed Prism.
pub(super) struct Prism {
    folder: PathBuf,
}

impl Prism {
    /// Installs Prism below `target/`, unless that version is there.
    pub(super) fn install() -> Result<Self> {
        let name = format!("prism-{VERSION}-node-{NODE_VERSION}");
        let prism = Self { folder: root().join("target").join("bench").join(name) };
        if !prism.program("prism").exists() || !prism.program("node").exists() {
            std::fs::create_dir_all(&prism.folder)?;
            println!("bench: npm installs Prism {VERSION} and Node {NODE_VERSION}");
            let folder = prism.folder.display().to_string();
            let prism = format!("@stoplight/prism-cli@{VERSION}");
            let node = format!("node@{NODE_VERSION}");
            let arguments = [
                "install",
                "--no-audit",
                "--no-fund",
                "--silent",
                "--prefix",
                &folder,
                &prism,
                &node,
            ];
            run(program("npm", &arguments))?;
        }
        std::fs::write(prism.openapi(), OPENAPI)?;
        Ok(prism)
    }

    /// Starts it as its documentation advises for speed: one process, no log, static examples.
    pub(super) fn start(&self) -> Result<Server> {
        let port = free_port()?;
        let prism = self.program("prism").display().to_string();
        let openapi = self.openapi().display().to_string();
        let number = port.to_string();
        let arguments =
            [&prism, "mock", "--port", &number, "--host", "127.0.0.1", "-v", "silent", &openapi];
        let node = self.program("node").display().to_string();
        let mut command = program(&node, &arguments);
        command.env("NODE_ENV", "production").arg("--multiprocess=false");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        Server::await_answer(Process::start(&mut command)?, port, started)
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join("node_modules").join(".bin").join(name)
    }

    fn openapi(&self) -> PathBuf {
        self.folder.join("openapi.json")
    }
}

/// Prism cannot choose a port by itself, so one is chosen for it and let go at once.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
