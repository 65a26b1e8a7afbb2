//! What apps use: the JAR, the module for Android, the XCFramework.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::files::{copy_into, create_folder, write_checksum};
use super::target::Target;
use crate::checks::crates::version;
use crate::mobile::kotlin;
use crate::process::{program, root, run, target};
use crate::tools::ensure_all;

/// Builds the library for the JAR, into a folder that is named as JNA expects. There is no JAR for musl.
pub(super) fn library(of: &Target, out: &Path) -> Result<()> {
    let Some(platform) = jna_platform(&of.triple) else { return Ok(()) };
    let small = Target { profile: "mobile".to_owned(), ..of.clone() };
    small.build(&["viseme-mobile"])?;
    let name = match platform.split('-').next() {
        Some("win32") => "viseme_mobile.dll",
        Some("darwin") => "libviseme_mobile.dylib",
        _ => "libviseme_mobile.so",
    };
    copy_into(&small.folder().join(name), &out.join(platform))
}

fn jna_platform(triple: &str) -> Option<&'static str> {
    Some(match triple {
        "x86_64-unknown-linux-gnu" => "linux-x86-64",
        "aarch64-unknown-linux-gnu" => "linux-aarch64",
        "x86_64-apple-darwin" => "darwin-x86-64",
        "aarch64-apple-darwin" => "darwin-aarch64",
        "x86_64-pc-windows-msvc" => "win32-x86-64",
        "aarch64-pc-windows-msvc" => "win32-aarch64",
        _ => return None,
    })
}

/// Builds the JAR with the libraries of these platforms.
pub(super) fn jar(natives: &Path, out: &Path) -> Result<()> {
    ensure_all(&["javac", "maven"])?;
    let mut count = 0;
    for entry in natives.read_dir().context("there is no folder of libraries")? {
        let folder = entry?.path();
        let platform = folder.file_name().unwrap_or_default().to_os_string();
        for file in super::files::files(&folder, "") {
            copy_into(&file, &kotlin::natives().join(&platform))?;
            count += 1;
        }
    }
    ensure!(count > 0, "{} contains no library", natives.display());
    super::notices::write()?;
    kotlin::package()?;
    let name = format!("viseme-{}.jar", version()?);
    let built = root().join("bindings-mobile/kotlin/viseme/target").join(name);
    copy_into(&built, &out.join("mobile"))
}

/// Builds the module for Android.
pub(super) fn aar(out: &Path) -> Result<()> {
    ensure!(
        std::env::var_os("ANDROID_NDK_HOME").is_some(),
        "the Android NDK is missing: set ANDROID_NDK_HOME to its folder"
    );
    ensure_all(&["javac", "maven", "cargo-ndk"])?;
    run(program("bash", &["bindings-mobile/kotlin/scripts/aar.sh"]))?;
    let name = format!("viseme-{}.aar", version()?);
    copy_into(&target().join("bindings-mobile").join(name), &out.join("mobile"))
}

/// Builds the XCFramework, and packs it.
pub(super) fn xcframework(out: &Path) -> Result<()> {
    ensure!(cfg!(target_os = "macos"), "an XCFramework can only be built on macOS, with Xcode");
    for triple in [
        "aarch64-apple-ios",
        "aarch64-apple-ios-sim",
        "x86_64-apple-ios",
        "aarch64-apple-darwin",
        "x86_64-apple-darwin",
    ] {
        run(program("rustup", &["target", "add", triple]))?;
    }
    run(program("bash", &["bindings-mobile/swift/scripts/xcframework.sh"]))?;
    let folder = out.join("mobile");
    create_folder(&folder)?;
    let file = folder.join("VisemeFFI.xcframework.zip");
    let built = target().join("bindings-mobile/xcframework/VisemeFFI.xcframework.zip");
    fs::copy(built, &file).context("cannot copy the XCFramework")?;
    write_checksum(&file)
}
