//! 100 MiB up and down.

use std::fs::File;
use std::io::Write as _;

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
    create_wav(&source, BYTES)?;
    let up = load.measure(server, &world.key, &["upload", "--file", &source])?;
    let url = up.get("url").and_then(Value::as_str).context("no URL of the upload")?;
    let arguments = ["download", "--from", url, "--to", &target];
    let down = load.measure(server, &world.key, &arguments)?;
    ensure!(std::fs::metadata(&target)?.len() == BYTES, "the download is not whole");
    Ok(Transfers { upload: cost(&up)?, download: cost(&down)? })
}

/// Creates a WAV file of silence with this size. It takes no space on most disks.
fn create_wav(path: &str, size: u64) -> std::io::Result<()> {
    let length = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let mut file = File::create(path)?;
    file.write_all(b"RIFF")?;
    file.write_all(&length(size.saturating_sub(8)))?;
    // PCM, one channel, 8,000 samples a second, one byte each.
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data")?;
    file.write_all(&length(size.saturating_sub(44)))?;
    file.set_len(size)
}
