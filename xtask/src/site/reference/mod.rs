//! The references that are generated from the code.

mod api;
mod kotlin;
mod node;
mod python;
mod rust;
mod swift;

use std::path::Path;

use anyhow::Result;

use super::pages::Pages;

/// Installs the generators.
pub(super) fn install() -> Result<()> {
    node::install()
}

/// Writes all references into the folder of the pages.
pub(super) fn stage(pages: &mut Pages, folder: &Path) -> Result<()> {
    python::stage(pages, folder)?;
    node::stage(pages, folder)?;
    rust::stage(pages, folder)?;
    swift::stage(pages, folder)?;
    kotlin::stage(pages, folder)?;
    api::stage(pages, folder)
}
