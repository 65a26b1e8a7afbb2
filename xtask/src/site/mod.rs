//! The documentation site: `cargo xtask site`. docs/decisions/0004-documentation-site.md explains it.

mod build;
mod conformance;
mod files;
mod markdown;
mod nav;
mod pages;
mod reference;
mod source;

use anyhow::Result;
use clap::Args;

use crate::browser;
use crate::mobile::swift_tools;
use crate::output::print_line;
use crate::tools::ensure_all;
use files::{html, remove_folder, site};
use pages::Pages;

/// How to build the site.
#[derive(Args)]
pub(crate) struct Site {
    /// Test it in a browser afterwards
    #[arg(long)]
    test: bool,
}

impl Site {
    pub(crate) fn run(&self) -> Result<()> {
        set_up()?;
        let folder = site().join("pages");
        // What is no longer a page must not stay.
        remove_folder(&folder)?;
        remove_folder(&html())?;
        let mut pages = Pages::stage(&folder)?;
        reference::stage(&mut pages, &folder)?;
        conformance::stage(&mut pages, &folder)?;
        build::build(&pages, &folder, &html())?;
        print_line(html().join("index.html").display());
        if self.test { browser::test_site(&html()) } else { Ok(()) }
    }
}

/// Installs what the site needs.
pub(crate) fn set_up() -> Result<()> {
    ensure_all(&["python3", "javac", "maven"])?;
    swift_tools::install()?;
    build::install()?;
    reference::install()
}
