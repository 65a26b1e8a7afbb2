//! MkDocs: its installation, its configuration, and the build.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::files::site;
use super::pages::{Pages, write};
use crate::process::{PIP_INSTALL, output, program, programs_of, root, run};
use crate::python::new_environment;

/// Files of the look.
const ASSETS: [&str; 2] = ["site.css", "site.js"];

/// Creates the environment of MkDocs, again if the list of packages has changed.
pub(super) fn install() -> Result<()> {
    let list = root().join("site/requirements.txt");
    let wanted = fs::read_to_string(&list).context("cannot read the list of packages")?;
    let stamp = environment().join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    new_environment(&environment())?;
    let list = list.display().to_string();
    run(program(&python(), &[PIP_INSTALL, &["-r", &list]].concat()))?;
    fs::write(stamp, wanted).context("cannot mark the packages as installed")
}

/// Builds the site. A dead link, a link to a missing heading and a page without a place in the
/// navigation are errors.
pub(super) fn build(pages: &Pages, from: &Path, to: &Path) -> Result<()> {
    let own = root().join("site");
    for name in ASSETS {
        fs::copy(own.join(name), from.join(name)).with_context(|| format!("no {name}"))?;
    }
    // The generator has no other way to find the code from everywhere.
    let look = fs::read_to_string(own.join("mkdocs.yml")).context("no configuration of MkDocs")?;
    let look = look.replace("@ROOT@", &root().to_string_lossy());
    write(&site().join("look.yml"), &look)?;
    let config = json!({
        "INHERIT": "look.yml",
        "docs_dir": from,
        "site_dir": to,
        "nav": pages.nav(),
    });
    // JSON is YAML.
    let path = site().join("mkdocs.yml");
    write(&path, &serde_json::to_string_pretty(&config)?)?;
    let path = path.display().to_string();
    let mut mkdocs =
        program(&python(), &["-m", "mkdocs", "build", "--strict", "--config-file", &path]);
    mkdocs.env("NO_MKDOCS_2_WARNING", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    // `--quiet` would also silence the warnings that `--strict` counts.
    output(mkdocs).map(drop)
}

fn environment() -> PathBuf {
    site().join("environment")
}

fn python() -> String {
    programs_of(&environment()).join("python").display().to_string()
}
