//! Installs the packages of a release in clean places, and runs the examples of their READMEs offline.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::files::{files, verify_checksum};
use super::python;
use crate::process::{program, root, target};

/// `cargo xtask release smoke`: tries the packages of a folder that `sources` or `platform` filled. What is not
/// there is not tried.
pub(super) fn run(out: &Path) -> Result<()> {
    let place = tempfile::tempdir().context("cannot create a folder")?;
    let place = place.path();
    let mut tried = Vec::new();
    python::check_packages(out).context("the contents of the packages")?;
    let has_native = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("viseme-"))
    };
    if files(&out.join("python"), ".whl").iter().any(has_native) {
        let how = wheels(out, &new_place(place, "python")?).context("the wheels")?;
        tried.push(("wheels", how));
    }
    if !files(&out.join("npm-native"), ".tgz").is_empty() {
        let how = npm(out, &new_place(place, "npm")?).context("the npm packages")?;
        tried.push(("npm packages", how));
    }
    if !files(&out.join("archives"), "").is_empty() {
        let how = programs(out, &new_place(place, "programs")?).context("the programs")?;
        tried.push(("programs", how));
    }
    ensure!(!tried.is_empty(), "{} has no package for this platform", out.display());
    for (name, how) in tried {
        println!("release: {name}: {how}");
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

/// Installs the wheels of the folder `python`, with nothing from a registry.
pub(super) fn wheels(out: &Path, folder: &Path) -> Result<&'static str> {
    let from = out.join("python").display().to_string();
    let words = ["--no-index", "--only-binary", ":all:", "--find-links", &from];
    let words = [&words[..], &["viseme", "viseme-mock"]].concat();
    python_example(&python::install(&folder.join("environment"), &words, &[])?, folder)?;
    Ok("pip install in a new environment; the README's example")
}

/// Installs the source distributions of a folder, which compiles them with a profile of Cargo.
pub(super) fn sdists(out: &Path, folder: &Path, profile: &str) -> Result<&'static str> {
    let packages = texts(&files(out, ".tar.gz"));
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    // Cargo has compiled most of it for the wheels, if there are any.
    let (arguments, built) = (format!("--profile {profile}"), target().display().to_string());
    let variables = [("MATURIN_PEP517_ARGS", &*arguments), ("CARGO_TARGET_DIR", &*built)];
    let programs = python::install(&folder.join("environment"), &packages, &variables)?;
    python_example(&programs, folder)?;
    Ok("compiled by pip in a new environment; the README's example")
}

/// Runs the first example of the README with the packages of an environment.
fn python_example(programs: &Path, folder: &Path) -> Result<()> {
    fs::write(folder.join("example.py"), example("bindings-python/README.md", "python")?)?;
    let mock = programs.join("viseme-mock").display().to_string();
    let python = programs.join("python").display().to_string();
    // Isolated: Python finds only what is installed.
    in_place(program(&mock, &["exec", "--", &python, "-I", "example.py"]), folder)?;
    has_result(folder)
}

/// Installs the packages of the folders `npm` and `npm-native`, with nothing from a registry.
pub(super) fn npm(out: &Path, folder: &Path) -> Result<&'static str> {
    // Offline: the optional packages of other platforms are not available.
    npm_install(&["--offline"], &npm_packages(out), folder)?;
    fs::write(folder.join("example.mjs"), example("bindings-node/README.md", "js")?)?;
    let npx = if cfg!(windows) { "npx.cmd" } else { "npx" };
    let words = ["--no-install", "viseme-mock", "exec", "--", "node", "example.mjs"];
    in_place(program(npx, &words), folder)?;
    has_result(folder)?;
    Ok("npm install in a new project; the README's example")
}

/// The packages of the client and of the mock server.
fn npm_packages(out: &Path) -> Vec<PathBuf> {
    let mut packages = files(&out.join("npm-native"), ".tgz");
    let own = |path: &PathBuf| !path.to_string_lossy().contains("temporal");
    packages.extend(files(&out.join("npm"), ".tgz").into_iter().filter(own));
    packages
}

/// Installs packages in a new project.
fn npm_install(options: &[&str], packages: &[PathBuf], folder: &Path) -> Result<()> {
    fs::write(folder.join("package.json"), r#"{ "private": true }"#)?;
    let packages = texts(packages);
    let words = ["install", "--no-audit", "--no-fund", "--silent"].into_iter();
    let words = words.chain(options.iter().copied()).chain(packages.iter().map(String::as_str));
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    in_place(program(npm, &words.collect::<Vec<_>>()), folder)
}

/// Installs the Python package for Temporal, once from its wheel and once from its source, with the wheels of the
/// client.
pub(super) fn temporal_python(out: &Path, wheels: &Path, folder: &Path) -> Result<&'static str> {
    let from = wheels.display().to_string();
    for ending in [".whl", ".tar.gz"] {
        let packages = texts(&files(out, ending));
        let package = packages.first().with_context(|| format!("there is no {ending}"))?;
        let environment = folder.join("environment");
        let programs = python::install(&environment, &["--find-links", &from, package], &[])?;
        let python = programs.join("python").display().to_string();
        let code = "from viseme_temporal import Job, JobWorkflow, VisemePlugin";
        in_place(program(&python, &["-I", "-c", code]), folder)?;
    }
    Ok(
        "pip install in a new environment; imported. Its README needs a Temporal server: `cargo xtask integrations`",
    )
}

/// Installs the npm package for Temporal with the packages of the client.
pub(super) fn temporal_node(out: &Path, client: &Path, folder: &Path) -> Result<&'static str> {
    let mut packages = npm_packages(client);
    packages.extend(files(out, ".tgz"));
    // Those of Temporal come from the registry. The optional ones of the client are not there, and not needed.
    npm_install(&["--omit=optional"], &packages, folder)?;
    let code = "import { createActivities } from '@viseme/temporal'; import { Client } from 'viseme'; \
                createActivities(new Client({ apiKey: 'key' }));";
    fs::write(folder.join("example.mjs"), code)?;
    in_place(program("node", &["example.mjs"]), folder)?;
    Ok(
        "npm install in a new project; imported. Its README needs a Temporal server: `cargo xtask integrations`",
    )
}

/// Unpacks the archives of the folder `archives`, and runs their programs.
pub(super) fn programs(out: &Path, folder: &Path) -> Result<&'static str> {
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
    installed_programs(&unpacked, folder)?;
    Ok("checksum; unpacked; viseme demo; viseme-mock exec")
}

/// Runs the commands of the README with the programs of a folder.
pub(super) fn installed_programs(installed: &Path, folder: &Path) -> Result<()> {
    let path = |name: &str| {
        installed.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)).display().to_string()
    };
    let (viseme, mock) = (path("viseme"), path("viseme-mock"));
    in_place(program(&viseme, &["demo", "--out", "result.mp4"]), folder)?;
    has_result(folder)?;
    fs::remove_file(folder.join("result.mp4"))?;
    let run = ["run", "--video", "face.mp4", "--audio", "voice.mp3", "--out", "result.mp4"];
    in_place(program(&mock, &[&["exec", "--", &*viseme], &run[..]].concat()), folder)?;
    has_result(folder)
}

fn texts(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

fn is_checksum(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "sha256")
}

fn run_python(words: &[&str]) -> Result<()> {
    crate::python::tools()?;
    crate::process::run(crate::python::tool("python", words))
}
