//! The archives with the programs, their licences and SBOMs, and the checksum of each.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::files::{copy_into, empty_folder, write_checksum};
use super::notices;
use super::sbom;
use super::target::Target;
use crate::checks::crates::version;
use crate::process::{root, run, target};
use crate::python::{tool, tools};

/// Builds the programs, packs them as `archives/viseme-0.1.0-TRIPLE.tar.gz`, or `.zip` for
/// Windows, and copies them to `bin/TRIPLE`.
pub(super) fn programs(of: &Target, out: &Path) -> Result<()> {
    of.build_programs()?;
    let name = format!("viseme-{}-{}", version()?, of.triple);
    let work = target().join("release-archive");
    let folder = work.join(&name);
    empty_folder(&folder)?;
    for program in ["viseme", "viseme-mock"] {
        let file = of.folder().join(of.program(program));
        copy_into(&file, &folder)?;
        copy_into(&file, &out.join("bin").join(&of.triple))?;
    }
    let notices = notices::file();
    let texts = ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"].map(|name| root().join(name));
    for file in texts.iter().chain([&notices, &root().join("cli/README.md")]) {
        copy_into(file, &folder)?;
    }
    for package in ["cli", "mock-server"] {
        sbom::write(package, of, &folder)?;
    }
    let archives = out.join("archives");
    fs::create_dir_all(&archives).context("cannot create the folder of the archives")?;
    let format = if of.is_windows() { "zip" } else { "gztar" };
    // Python packs both formats on all systems.
    tools()?;
    let code = "import shutil, sys; shutil.make_archive(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4])";
    let (base, from) = (archives.join(&name).display().to_string(), work.display().to_string());
    run(tool("python", &["-c", code, &base, format, &from, &name]))?;
    write_checksum(&archives.join(format!("{name}{}", ending(of))))
}

/// The ending of the name of an archive.
pub(super) fn ending(of: &Target) -> &'static str {
    if of.is_windows() { ".zip" } else { ".tar.gz" }
}
