//! The types of the npm packages, by API Extractor.

use std::fs;

use anyhow::{Context as _, Result};

use super::Surface;
use crate::node;
use crate::process::{program, root, run, target};

pub(super) fn surfaces() -> Result<Vec<Surface>> {
    node::build_types()?;
    let packages = [("viseme", "api-extractor.json"), ("viseme-mock", "mock/api-extractor.json")];
    packages.into_iter().map(|(name, settings)| surface(name, settings)).collect()
}

fn surface(name: &str, settings: &str) -> Result<Surface> {
    let name = format!("{name}.api.md");
    // It writes the report here and compares it with the one in git; `api` does that for all languages.
    let folder = target().join("api");
    fs::create_dir_all(&folder).context("cannot create a folder")?;
    let script = "node_modules/@microsoft/api-extractor/bin/api-extractor";
    let mut command = program("node", &[script, "run", "--local", "--config", settings]);
    command.current_dir(root().join("bindings-node"));
    run(command)?;
    let text = fs::read_to_string(folder.join(&name)).with_context(|| format!("no {name}"))?;
    Surface::new(format!("typescript/{name}"), text)
}
