//! One upload or download of a large file. The measurement includes the client's construction.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use viseme::{Client, Config};

use super::Server;
use super::measure::measure;

pub(crate) fn upload(server: &Server, file: &Path) -> Result<Value> {
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
