//! One upload or download of a large file. The measurement includes the client's construction.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use viseme::{Client, Config};

use super::Server;
use super::measure::measure;

/// Uploads a file, which it creates first.
pub(crate) fn upload(server: &Server, file: &Path, bytes: u64) -> Result<Value> {
    create_wav(file, bytes)?;
    let runtime = server.runtime()?;
    let work = async { Client::new(config(server)?)?.upload(file).await };
    let (url, cost) = measure(&runtime, work)?;
    Ok(json!({"cost": cost.json(), "url": url?}))
}

pub(crate) fn download(server: &Server, from: &str, to: &Path) -> Result<Value> {
    let runtime = server.runtime()?;
    let work = async { Client::new(config(server)?)?.download(from, to).await };
    let (saved, cost) = measure(&runtime, work)?;
    Ok(json!({"cost": cost.json(), "bytes": saved?.bytes}))
}

fn config(server: &Server) -> viseme::Result<Config> {
    Client::builder().ignore_env().base_url(&server.url).api_key(&server.key).build()
}

/// Creates a WAV file of silence with this size. It takes no space on most disks.
fn create_wav(path: &Path, size: u64) -> std::io::Result<()> {
    let length = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let mut file = File::create(path)?;
    file.write_all(b"RIFF")?;
    file.write_all(&length(size.saturating_sub(8)))?;
    // PCM, one channel, 8,000 samples a second, one byte each.
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data")?;
    file.write_all(&length(size.saturating_sub(44)))?;
    file.set_len(size)
}
