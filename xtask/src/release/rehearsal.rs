//! `cargo xtask release --dry-run`: builds and tries all that this machine can, and names the rest.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::container::{Container, builder};
use super::files::{create_folder, empty_folder, files};
use super::smoke::{self, new_place};
use super::target::Target;
use super::{crates, mobile};
use crate::mobile::kotlin::Kotlin;
use crate::mobile::swift::Swift;
use crate::mobile::swift_tools;
use crate::process::{program, run as run_program, succeeds, target};

/// What the workflow builds, and its job.
const ELSEWHERE: [(&str, &str); 4] = [
    ("wheels, npm packages and programs of the other platforms", "platforms"),
    ("JAR with the libraries of all platforms", "jar"),
    ("AAR (Android NDK)", "aar"),
    ("XCFramework (macOS)", "xcframework"),
];

/// One line of the table.
struct Row {
    name: String,
    size: String,
    tried: String,
}

pub(super) fn run(profile: &str) -> Result<()> {
    let out = target().join("release");
    empty_folder(&out.join("artefacts"))?;
    let (artefacts, places) = (out.join("artefacts"), out.join("places"));
    create_folder(&places)?;
    let host = Target::new(None, profile)?;
    super::sources(&artefacts)?;
    super::platform(&host, &artefacts)?;
    let tried = smoke::run_all(&artefacts, &places)?;
    let mut rows = Vec::new();
    let how = |folder: &str| {
        let of = if folder == "npm-native" { "npm" } else { folder };
        tried.iter().find(|it| it.name == of).map_or("-", |it| it.how).to_owned()
    };
    let installed = cargo_install(&artefacts, &places).context("the crates")?;
    crate::python::package().context("the source distribution")?;
    for folder in ["crates", "python", "npm", "npm-native", "archives"] {
        for file in files(&artefacts.join(folder), "") {
            let tried = match (folder, file.to_string_lossy().ends_with(".tar.gz")) {
                ("crates", _) => installed.clone(),
                ("python", true) => "compiled by pip in a new environment; an example".to_owned(),
                _ => how(folder),
            };
            rows.push(Row::new(&file, tried));
        }
    }
    rows.extend(jar(&artefacts)?);
    rows.push(swift()?);
    rows.push(image(&artefacts)?);
    print(&rows);
    Ok(())
}

impl Row {
    fn new(file: &Path, tried: String) -> Self {
        let bytes = fs::metadata(file).map(|it| it.len()).unwrap_or_default();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, size: size(bytes), tried }
    }

    fn without_file(name: &str, tried: &str) -> Self {
        Self { name: name.to_owned(), size: "-".to_owned(), tried: tried.to_owned() }
    }
}

/// Installs the program from the packages of the crates.
fn cargo_install(artefacts: &Path, places: &Path) -> Result<String> {
    let place = new_place(places, "crates")?;
    for file in files(&artefacts.join("crates"), ".crate") {
        let words = ["-xzf", &file.display().to_string(), "-C", &place.display().to_string()];
        run_program(program("tar", &words))?;
        for needed in ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "Cargo.toml"] {
            let has = crates::contents(&file)?.iter().any(|name| name == needed);
            anyhow::ensure!(has, "{} does not contain {needed}", file.display());
        }
    }
    let package = place.join(format!("viseme-cli-{}", crate::checks::crates::version()?));
    let installed = places.join("cargo-install");
    let words = ["install", "--debug", "--path", &package.display().to_string(), "--root"];
    let mut command = program("cargo", &words);
    command.arg(&installed).env("CARGO_TARGET_DIR", target().join("cargo-install"));
    for patch in crates::patches(&place)? {
        command.args(["--config", &patch]);
    }
    run_program(command)?;
    let name = format!("viseme{}", std::env::consts::EXE_SUFFIX);
    smoke::cli(&installed.join("bin").join(name), &place)?;
    Ok("compiled from the package; cargo install viseme-cli; viseme demo".to_owned())
}

/// The JAR with the library of this machine, and the sample program with it.
fn jar(artefacts: &Path) -> Result<Vec<Row>> {
    if !succeeds(program("mvn", &["--version"])) {
        return Ok(vec![Row::without_file(
            "JAR",
            "not on this machine: no Maven; workflow job jar",
        )]);
    }
    mobile::jar(&artefacts.join("jna"), artefacts)?;
    Kotlin::Sample { backends: false }.run()?;
    let file = files(&artefacts.join("mobile"), ".jar").into_iter().next().context("no JAR")?;
    Ok(vec![Row::new(&file, "resolved by Maven; the sample program".to_owned())])
}

fn swift() -> Result<Row> {
    if swift_tools::Tools::find().is_err() {
        let why = "not on this machine: no Swift (`cargo xtask setup swift`); CI job apple";
        return Ok(Row::without_file("Swift package", why));
    }
    Swift::Sample { backends: false }.run()?;
    Ok(Row::without_file("Swift package", "built by SwiftPM; the sample program"))
}

fn image(artefacts: &Path) -> Result<Row> {
    let name = "container image viseme-mock";
    let binaries = artefacts.join("bin");
    let has_musl = !files(&binaries.join("x86_64-unknown-linux-musl"), "").is_empty();
    if !has_musl {
        let why = "not on this machine: no program for musl; workflow job container";
        return Ok(Row::without_file(name, why));
    }
    if builder().is_none() {
        let why = "not on this machine: no docker, podman or buildah; workflow job container";
        return Ok(Row::without_file(name, why));
    }
    Container { binaries, push: None, digest_to: None }.run()?;
    Ok(Row::without_file(name, "built"))
}

fn print(rows: &[Row]) {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    println!("\n==> artefacts");
    for row in rows {
        println!("  {:width$}  {:>9}  {}", row.name, row.size, row.tried);
    }
    for (what, job) in ELSEWHERE {
        println!("  {what}: not on this machine; workflow job `{job}`");
    }
}

/// `1.2 MB`
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!([999, 1_000, 12_345_678].map(size), ["999 B", "1.0 kB", "12.3 MB"]);
    }
}
