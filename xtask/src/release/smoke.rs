//! Installs the packages of a release in clean places, and runs the examples of their READMEs offline.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::files::{files, verify_checksum};
use super::python;
use crate::process::{program, root};

/// What was installed and tried.
pub(super) struct Tried {
    pub(super) name: &'static str,
    pub(super) how: &'static str,
}

/// Tries the packages of a folder that `sources` or `platform` filled. What is not there is not tried.
pub(super) fn run_all(out: &Path, place: &Path) -> Result<Vec<Tried>> {
    let mut tried = Vec::new();
    python::check_packages(out).context("the contents of the packages")?;
    let has_native = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("viseme-"))
    };
    if files(&out.join("python"), ".whl").iter().any(has_native) {
        wheels(out, &new_place(place, "python")?).context("the wheels")?;
        tried.push(Tried {
            name: "python",
            how: "pip install in a new environment; the README's example",
        });
    }
    if !files(&out.join("npm-native"), ".tgz").is_empty() {
        npm(out, &new_place(place, "npm")?).context("the npm packages")?;
        tried
            .push(Tried { name: "npm", how: "npm install in a new project; the README's example" });
    }
    if !files(&out.join("archives"), "").is_empty() {
        programs(out, &new_place(place, "programs")?).context("the programs")?;
        tried.push(Tried {
            name: "archives",
            how: "checksum; unpacked; viseme demo; viseme-mock exec",
        });
    }
    Ok(tried)
}

/// `cargo xtask release smoke`
pub(super) fn run(out: &Path) -> Result<()> {
    let place = tempfile::tempdir().context("cannot create a folder")?;
    let tried = run_all(out, place.path())?;
    ensure!(!tried.is_empty(), "{} has no package for this platform", out.display());
    for it in tried {
        println!("release: {}: {}", it.name, it.how);
    }
    Ok(())
}

/// An empty folder with the media that the examples name.
pub(super) fn new_place(place: &Path, name: &str) -> Result<PathBuf> {
    let folder = place.join(name);
    super::files::empty_folder(&folder)?;
    for name in ["voice.mp3", "face.mp4"] {
        super::files::copy_into(&root().join("samples").join(name), &folder)?;
    }
    Ok(folder)
}

/// The first example of a document in a language.
fn example(document: &str, language: &str) -> Result<String> {
    let text = fs::read_to_string(root().join(document))?;
    let (_, rest) = text
        .split_once(&format!("```{language}\n"))
        .with_context(|| format!("{document} has no example in {language}"))?;
    Ok(rest.split("```").next().unwrap_or_default().to_owned())
}

/// Runs a command in a folder without the settings of this process's user.
fn in_place(mut command: Command, folder: &Path) -> Result<()> {
    command.current_dir(folder).env_remove("WAVESPEED_API_KEY").env_remove("WAVESPEED_BASE_URL");
    crate::process::run(command)
}

fn has_result(folder: &Path) -> Result<()> {
    let size = fs::metadata(folder.join("result.mp4")).context("there is no result.mp4")?.len();
    ensure!(size > 1000, "result.mp4 has {size} bytes");
    Ok(())
}

fn wheels(out: &Path, folder: &Path) -> Result<()> {
    let programs = python::install(&out.join("python"), &folder.join("environment"))?;
    fs::write(folder.join("example.py"), example("bindings-python/README.md", "python")?)?;
    let mock = programs.join("viseme-mock").display().to_string();
    let python = programs.join("python").display().to_string();
    // Isolated: Python finds only what is installed.
    in_place(program(&mock, &["exec", "--", &python, "-I", "example.py"]), folder)?;
    has_result(folder)
}

fn npm(out: &Path, folder: &Path) -> Result<()> {
    fs::write(folder.join("package.json"), r#"{ "private": true }"#)?;
    let mut packages = files(&out.join("npm-native"), ".tgz");
    let own = |path: &PathBuf| !path.to_string_lossy().contains("temporal");
    packages.extend(files(&out.join("npm"), ".tgz").into_iter().filter(own));
    // Offline: the optional packages of other platforms are not available.
    let words = ["install", "--offline", "--no-audit", "--no-fund", "--silent"];
    let packages: Vec<_> = packages.iter().map(|path| path.display().to_string()).collect();
    let words: Vec<&str> =
        words.iter().copied().chain(packages.iter().map(String::as_str)).collect();
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    in_place(program(npm, &words), folder)?;
    fs::write(folder.join("example.mjs"), example("bindings-node/README.md", "js")?)?;
    let npx = if cfg!(windows) { "npx.cmd" } else { "npx" };
    let words = ["--no-install", "viseme-mock", "exec", "--", "node", "example.mjs"];
    in_place(program(npx, &words), folder)?;
    has_result(folder)
}

fn programs(out: &Path, folder: &Path) -> Result<()> {
    for archive in files(&out.join("archives"), "").into_iter().filter(|it| !is_checksum(it)) {
        verify_checksum(&archive)?;
        let code = "import shutil, sys; shutil.unpack_archive(sys.argv[1], sys.argv[2])";
        let words = [&archive, folder].map(|path| path.display().to_string());
        run_python(&["-c", code, &words[0], &words[1]])?;
    }
    let name = |it: &str| format!("{it}{}", std::env::consts::EXE_SUFFIX);
    let unpacked = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let unpacked = unpacked.into_iter().find(|path| path.join(name("viseme")).is_file());
    let unpacked = unpacked.context("the archive contains no program")?;
    cli(&unpacked.join(name("viseme")), folder)?;
    let mock = unpacked.join(name("viseme-mock")).display().to_string();
    let viseme = unpacked.join(name("viseme")).display().to_string();
    fs::remove_file(folder.join("result.mp4"))?;
    let run = ["run", "--video", "face.mp4", "--audio", "voice.mp3", "--out", "result.mp4"];
    in_place(program(&mock, &[&["exec", "--", &*viseme], &run[..]].concat()), folder)?;
    has_result(folder)
}

/// Runs the commands of the README with an installed program.
pub(super) fn cli(viseme: &Path, folder: &Path) -> Result<()> {
    let viseme = viseme.display().to_string();
    in_place(program(&viseme, &["demo", "--out", "result.mp4"]), folder)?;
    has_result(folder)
}

fn is_checksum(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "sha256")
}

fn run_python(words: &[&str]) -> Result<()> {
    crate::python::tools()?;
    crate::process::run(crate::python::tool("python", words))
}
