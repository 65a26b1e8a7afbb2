//! The parts of a rehearsal. Each builds into a folder of its own and tries what it built.

use std::env::consts::ARCH;

use anyhow::{Context as _, Result};

use super::Rehearsal;
use super::table::{Row, rows_of};
use crate::checks::crates::version;
use crate::mobile::kotlin;
use crate::mobile::swift::Swift;
use crate::mobile::swift_tools;
use crate::process::{program, root, run, succeeds, target};
use crate::release::container::{Container, builder};
use crate::release::files::files;
use crate::release::target::{Target, is_installed};
use crate::release::{archive, crates, mobile, notices, npm, python, smoke};

/// A part.
pub(super) struct Part {
    /// Its name for `--only`.
    pub(super) name: &'static str,
    /// What it builds.
    pub(super) purpose: &'static str,
    pub(super) run: fn(&Rehearsal) -> Result<Vec<Row>>,
}

/// Those that use what others built come after them.
pub(super) const PARTS: [Part; 13] = [
    part("crates", "the crates", crates),
    part("sdists", "the source distributions for PyPI", sdists),
    part("wheels", "the wheels", wheels),
    part("npm", "the npm packages", npm),
    part("programs", "the archive of the programs", programs),
    part("temporal", "the packages for Temporal", temporal),
    part("jar", "the JAR", jar),
    part("swift", "the Swift package", swift),
    part("musl", "the packages for Linux with musl", musl),
    part("container", "the container image of the mock server", container),
    part("platforms", "the packages for other platforms", platforms),
    part("aar", "the module for Android (AAR)", aar),
    part("xcframework", "the native library for Swift (XCFramework)", xcframework),
];

const fn part(
    name: &'static str,
    purpose: &'static str,
    run: fn(&Rehearsal) -> Result<Vec<Row>>,
) -> Part {
    Part { name, purpose, run }
}

fn crates(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    let out = rehearsal.new_artefacts("crates")?;
    crates::package(&out)?;
    python::check_packages(&out)?;
    let place = rehearsal.new_place("crates")?;
    for file in files(&out, ".crate") {
        let words = ["-xzf", &file.display().to_string(), "-C", &place.display().to_string()];
        run(program("tar", &words))?;
    }
    // The programs depend on all other crates, so that their installation compiles each from its package.
    let installed = place.join("installed");
    for name in ["viseme-cli", "viseme-mock"] {
        let package = place.join(format!("{name}-{}", version()?)).display().to_string();
        let mut command = program("cargo", &["install", "--debug", "--path", &package, "--root"]);
        command.arg(&installed).env("CARGO_TARGET_DIR", target().join("cargo-install"));
        for setting in crates::patches(&place)?.iter().map(String::as_str).chain(DEBUG) {
            command.args(["--config", setting]);
        }
        run(command)?;
    }
    smoke::installed_programs(&installed.join("bin"), &place)?;
    rows_of(&out, ".crate", "compiled from the package; cargo install; viseme demo")
}

/// The settings of the workspace for debug builds, which its packages do not have.
const DEBUG: [&str; 2] =
    ["profile.dev.debug=\"line-tables-only\"", "profile.dev.package.\"*\".debug=false"];

fn sdists(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    let out = rehearsal.new_artefacts("sdists")?.join("python");
    python::sdists(&out)?;
    python::check_packages(&out)?;
    let profile = &rehearsal.target.profile;
    let how = smoke::sdists(&out, &rehearsal.new_place("sdists")?, profile)?;
    rows_of(&out, ".tar.gz", how)
}

fn wheels(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    let out = rehearsal.new_artefacts("wheels")?;
    notices::write()?;
    rehearsal.target.prepare()?;
    python::wheels(&rehearsal.target, &out.join("python"))?;
    python::check_packages(&out)?;
    let how = smoke::wheels(&out, &rehearsal.new_place("wheels")?)?;
    rows_of(&out.join("python"), ".whl", how)
}

fn npm(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    let out = rehearsal.new_artefacts("npm")?;
    notices::write()?;
    rehearsal.target.prepare()?;
    npm::portable(&out.join("npm"))?;
    npm::native(&rehearsal.target, &out.join("npm-native"))?;
    python::check_packages(&out)?;
    let how = smoke::npm(&out, &rehearsal.new_place("npm")?)?;
    let mut rows = rows_of(&out.join("npm"), ".tgz", how)?;
    rows.extend(rows_of(&out.join("npm-native"), ".tgz", how)?);
    Ok(rows)
}

fn programs(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    let out = rehearsal.new_artefacts("programs")?;
    notices::write()?;
    rehearsal.target.prepare()?;
    archive::programs(&rehearsal.target, &out)?;
    let how = smoke::programs(&out, &rehearsal.new_place("programs")?)?;
    rows_of(&out.join("archives"), archive::ending(&rehearsal.target), how)
}

fn temporal(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    let out = rehearsal.new_artefacts("temporal")?;
    let (to_pypi, to_npm) = (out.join("python"), out.join("npm"));
    python::temporal(&to_pypi)?;
    npm::temporal(&to_npm)?;
    python::check_packages(&out)?;
    let wheels = rehearsal.artefacts("wheels").join("python");
    let how = smoke::temporal_python(&to_pypi, &wheels, &rehearsal.new_place("temporal-python")?)?;
    let mut rows = rows_of(&to_pypi, ".tar.gz", how)?;
    rows.extend(rows_of(&to_pypi, ".whl", how)?);
    let packages = rehearsal.artefacts("npm");
    let how = smoke::temporal_node(&to_npm, &packages, &rehearsal.new_place("temporal-node")?)?;
    rows.extend(rows_of(&to_npm, ".tgz", how)?);
    Ok(rows)
}

fn jar(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    if !succeeds(program("mvn", &["--version"])) {
        return Ok(vec![Row::not_built("JAR", "no Maven", "jar")]);
    }
    let out = rehearsal.new_artefacts("jar")?;
    mobile::library(&rehearsal.target, &out.join("jna"))?;
    mobile::jar(&out.join("jna"), &out)?;
    python::check_packages(&out)?;
    kotlin::run_sample()?;
    let how = "resolved by Maven; the sample program; the library of this platform alone";
    rows_of(&out.join("mobile"), ".jar", how)
}

fn swift(_: &Rehearsal) -> Result<Vec<Row>> {
    let name = "Swift package (source)";
    if swift_tools::Tools::find().is_err() {
        let why = "no Swift (`cargo xtask setup swift`)";
        return Ok(vec![Row::not_built(name, why, "apple")]);
    }
    Swift::Sample { backends: false }.run()?;
    Ok(vec![Row::passed_without_file(name, "built by SwiftPM; the sample program")])
}

fn musl(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    let triple = format!("{ARCH}-unknown-linux-musl");
    let name = format!("archive, wheels and npm packages for {triple}");
    if !cfg!(target_os = "linux") {
        return Ok(vec![Row::not_built(&name, "they run on Linux alone", "platforms")]);
    }
    if !is_installed(&triple)? {
        let why = format!("no Rust for it (`rustup target add {triple}`)");
        return Ok(vec![Row::not_built(&name, &why, "platforms")]);
    }
    let out = rehearsal.new_artefacts("musl")?;
    let target = Target::new(Some(&triple), &rehearsal.target.profile)?;
    crate::release::platform(&target, &out)?;
    python::check_packages(&out)?;
    let how = smoke::programs(&out, &rehearsal.new_place("musl")?)?;
    let mut rows = rows_of(&out.join("archives"), archive::ending(&target), how)?;
    let how = "its contents; it needs a system with musl to run";
    rows.extend(rows_of(&out.join("python"), ".whl", how)?);
    rows.extend(rows_of(&out.join("npm-native"), ".tgz", how)?);
    Ok(rows)
}

fn container(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    let name = "container image viseme-mock";
    let binaries = rehearsal.artefacts("musl").join("bin");
    if !binaries.is_dir() {
        return Ok(vec![Row::not_built(name, "no program for musl", "container")]);
    }
    if builder().is_none() {
        let why = "neither docker nor podman nor buildah works";
        return Ok(vec![Row::not_built(name, why, "container")]);
    }
    Container { binaries, push: None, digest_to: None }.run()?;
    let how = crate::release::container::try_image()?;
    Ok(vec![Row::passed_without_file(name, how)])
}

/// The platforms of the workflow that are neither this machine nor in a part of their own.
fn platforms(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    let workflow = std::fs::read_to_string(root().join(".github/workflows/release.yml"))
        .context("cannot read the workflow")?;
    let here = [rehearsal.target.triple.clone(), format!("{ARCH}-unknown-linux-musl")];
    let others = platforms_of(&workflow).into_iter().filter(|it| !here.contains(it));
    let row = |triple: String| {
        let name = format!("archive, wheels, npm packages and library for {triple}");
        Row::not_built(&name, reason(&triple), "platforms")
    };
    Ok(others.map(row).collect())
}

/// The platforms in the matrix of the workflow.
fn platforms_of(workflow: &str) -> Vec<String> {
    let rest = workflow.lines().filter_map(|line| line.split_once("{ target: "));
    rest.filter_map(|(_, rest)| Some(rest.split_once(',')?.0.trim().to_owned())).collect()
}

/// Why this machine cannot build and try the packages of another platform.
fn reason(triple: &str) -> &'static str {
    if triple.contains("-apple-") {
        "they need macOS with Xcode"
    } else if triple.contains("-windows-") {
        "they need Windows with MSVC"
    } else {
        "they need a machine of this kind to be tried"
    }
}

fn aar(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    if std::env::var_os("ANDROID_NDK_HOME").is_none() {
        return Ok(vec![Row::not_built("AAR", "no Android NDK (`ANDROID_NDK_HOME`)", "aar")]);
    }
    let out = rehearsal.new_artefacts("aar")?;
    mobile::aar(&out)?;
    rows_of(&out.join("mobile"), ".aar", "built; an app needs a phone or an emulator")
}

fn xcframework(rehearsal: &Rehearsal) -> Result<Vec<Row>> {
    if !cfg!(target_os = "macos") {
        let why = "it needs macOS with Xcode";
        return Ok(vec![Row::not_built("XCFramework", why, "xcframework")]);
    }
    let out = rehearsal.new_artefacts("xcframework")?;
    mobile::xcframework(&out)?;
    rows_of(&out.join("mobile"), ".zip", "built; checksum")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_platform_of_the_workflow_is_left_out() {
        let path = root().join(".github/workflows/release.yml");
        let workflow = std::fs::read_to_string(path).expect("readable");
        let all = platforms_of(&workflow);
        assert_eq!(all.len(), workflow.matches("{ target: ").count());
        assert!(all.contains(&"aarch64-pc-windows-msvc".to_owned()), "{all:?}");
        assert!(all.contains(&format!("{ARCH}-unknown-linux-musl")), "{all:?}");
    }
}
