//! 100 MiB up and down.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::load::{Cost, Load, cost};
use super::world::World;
use crate::bench::server::Server;

pub(super) const BYTES: u64 = 100 * 1024 * 1024;

/// The client's process from its very start, client construction included.
pub(super) struct Transfers {
    pub(super) upload: Cost,
    pub(super) download: Cost,
}

pub(super) fn measure(server: &Server, load: &Load) -> Result<Transfers> {
    eprintln!("bench: {BYTES} bytes up and down");
    let world = World::create(server, 0)?;
    let folder = TempDir::new()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (source, target) = (path("voice.wav"), path("back.wav"));
    let size = BYTES.to_string();
    let up = load.measure(server, &world.key, &["upload", "--file", &source, "--bytes", &size])?;
    let url = up.get("url").and_then(Value::as_str).context("no URL of the upload")?;
    let arguments = ["download", "--from", url, "--to", &target];
    let down = load.measure(server, &world.key, &arguments)?;
    ensure!(std::fs::metadata(&target)?.len() == BYTES, "the download is not whole");
    Ok(Transfers { upload: cost(&up)?, download: cost(&down)? })
}
