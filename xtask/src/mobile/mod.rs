//! The Swift and Kotlin bindings: their native library, and the generated code that calls it.

mod documents;
pub(crate) mod kotlin;
pub(crate) mod swift;
pub(crate) mod swift_tools;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::process::{output, program, root, run, target};

/// How the native library is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// For tests and the conformance drivers: quick to build, with the virtual clock.
    Testing,
    /// With the features of what is published, but without its optimisations, which take minutes.
    Debug,
    /// As published: small.
    Mobile,
}

impl Build {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Testing => &["--features", "testing"],
            Self::Debug => &[],
            Self::Mobile => &["--profile", "mobile"],
        }
    }

    /// The name of Cargo's folder for it.
    fn cargo_folder(self) -> &'static str {
        match self {
            Self::Testing | Self::Debug => "debug",
            Self::Mobile => "mobile",
        }
    }

    /// The name of our folder for it.
    fn folder(self) -> &'static str {
        match self {
            Self::Testing => "testing",
            Self::Debug => "debug",
            Self::Mobile => "mobile",
        }
    }
}

/// Builds the native library and returns the folder that holds it alone.
pub(crate) fn native(build: Build) -> Result<PathBuf> {
    let folders = root().join("target/bindings-mobile");
    fs::create_dir_all(&folders).context("cannot create the folder of the native libraries")?;
    // Another step must not build the same file with other features before it is copied.
    let lock = fs::File::create(folders.join("native.lock"))?;
    lock.lock().context("cannot lock the native libraries")?;
    let mut words = vec!["build", "--locked", "--quiet", "-p", "viseme-mobile"];
    words.extend(build.arguments());
    run(program("cargo", &words))?;
    let name = library_name();
    let built = root().join("target").join(build.cargo_folder()).join(&name);
    let folder = folders.join(build.folder());
    place(&built, &folder.join(name))?;
    Ok(folder)
}

/// The file name of the library on this machine.
pub(crate) fn library_name() -> String {
    format!("{DLL_PREFIX}viseme_mobile{DLL_SUFFIX}")
}

/// Generates the code of a language that calls the library in this folder.
pub(crate) fn generate(language: &str, library: &Path, out: &Path) -> Result<()> {
    let library = library.join(library_name());
    let (library, out) = (library.to_string_lossy(), out.to_string_lossy());
    // With the features of the other steps, so that Cargo builds nothing twice.
    let build = ["build", "--locked", "--quiet", "--workspace", "--all-features"];
    run(program("cargo", &[&build[..], &["--bin", "viseme-bindgen"]].concat()))?;
    let generator = target().join("debug").join(format!("viseme-bindgen{EXE_SUFFIX}"));
    let words = ["generate", &*library, "--language", language, "--out-dir", &*out, "--no-format"];
    // Its output is shown only if it fails.
    output(program(&generator.to_string_lossy(), &words)).map(drop)
}

/// Builds the mock server with the same features as the step `test`, so that Cargo builds nothing
/// twice, and returns its path.
pub(crate) fn mock_server() -> Result<PathBuf> {
    run(program(
        "cargo",
        &["build", "--locked", "--quiet", "--all-features", "--bin", "viseme-mock"],
    ))?;
    let program = target().join("debug").join(format!("viseme-mock{EXE_SUFFIX}"));
    ensure!(program.is_file(), "the mock server was built, but {} is missing", program.display());
    Ok(program)
}

/// Copies a file and creates its folder. A file that is the same already is left alone, so that
/// build tools see no change; another one is replaced as a whole, since a process may have it open.
pub(crate) fn place(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let write = || {
        let folder = to.parent().unwrap_or(to);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&content)?;
        fs::set_permissions(file.path(), fs::metadata(from)?.permissions())?;
        file.persist(to)?;
        std::io::Result::Ok(())
    };
    write().with_context(|| format!("cannot write {}", to.display()))
}
