//! The packages for npm.

use std::path::Path;

use anyhow::Result;

use super::files::create_folder;
use super::target::Target;
use crate::node;
use crate::process::{program, run};

/// Packs the packages without native code.
pub(super) fn portable(out: &Path) -> Result<()> {
    node::build_types()?;
    pack("portable", out, None)
}

/// Packs the package for Temporal.
pub(super) fn temporal(out: &Path) -> Result<()> {
    create_folder(out)?;
    // Its compiler reads the types of the client.
    node::build_types()?;
    node::pack_temporal(out)
}

/// Builds and packs the packages with native code for a platform.
pub(super) fn native(target: &Target, out: &Path) -> Result<()> {
    target.build(&["viseme-node"])?;
    target.build_programs()?;
    pack("native", out, Some(target))
}

fn pack(which: &str, out: &Path, target: Option<&Target>) -> Result<()> {
    let out = out.display().to_string();
    let built = target.map(|it| it.folder().display().to_string()).unwrap_or_default();
    let triple = target.map(|it| it.triple.as_str()).unwrap_or_default();
    let words = ["bindings-node/scripts/pack.mjs", &built, &out, which, triple];
    run(program("node", &words))
}
