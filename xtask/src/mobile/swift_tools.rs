//! Where Swift is: on PATH, or in a Debian system in a folder.
//!
//! Swift is a package of Debian 13 and newer. On an older Debian, such a release is installed to a folder of
//! the user's cache. Programs run in it with the checkout and the folder for temporary files at their usual
//! paths. All mounts belong to the started program alone and end with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::output::print_line;
use crate::process::{is_root, line, output, program, root, run, succeeds};
use crate::tools::ensure_tool;

const RELEASE: &str = "trixie";
/// The compiler, what it links with, and what its package manager calls.
const PACKAGES: &str =
    "swiftlang,ca-certificates,libc6-dev,libstdc++-14-dev,gcc,libsqlite3-dev,git";
/// Written last: a folder without it is incomplete.
const STAMP: &str = "viseme-packages";
/// The oldest version that is tested.
const OLDEST: u32 = 6;

/// The options of `unshare` for a program whose mounts end with it.
const PRIVATE_MOUNTS: [&str; 3] = ["--mount", "--propagation", "private"];
/// Replaces itself by a program in another root.
const ENTER: &str = "bindings-mobile/swift/scripts/inside.sh";

/// How to start programs of Swift.
pub(crate) enum Tools {
    /// Those on PATH.
    OnPath,
    /// Those of a Debian in this folder.
    Inside(PathBuf),
}

impl Tools {
    /// Finds the tools; an error that says how to install them if there are none.
    pub(crate) fn find() -> Result<Self> {
        if on_path() {
            return Ok(Self::OnPath);
        }
        let inside = cache()?;
        ensure!(
            is_complete(&inside),
            "there is no Swift {OLDEST} on PATH; `cargo xtask setup swift` gets one on Debian, and \
             https://www.swift.org/install elsewhere"
        );
        ensure!(is_root(), "the Swift in {} can only be used by root", inside.display());
        Ok(Self::Inside(inside))
    }

    /// A program with its arguments, to be started in the root of the checkout.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        match self {
            Self::OnPath => {
                let (name, arguments) = words.split_first().unwrap_or((&"swift", &[]));
                program(name, arguments)
            }
            Self::Inside(inside) => {
                let (inside, folder) = (inside.to_string_lossy(), root());
                let folder = folder.to_string_lossy();
                let words = [&PRIVATE_MOUNTS[..], &["sh", ENTER, &inside, &folder], words].concat();
                let mut command = program("unshare", &words);
                command
                    .env("VISEME_CHECKOUT", root())
                    .env("VISEME_TEMPORARY", std::env::temp_dir())
                    // That of the user is not in there.
                    .env("HOME", "/root");
                command
            }
        }
    }

    /// Replaces this process by the program, so that ending one ends the other. Returns only errors.
    pub(crate) fn replace(&self, words: &[&str]) -> Result<()> {
        become_program(self.command(words))
    }
}

#[cfg(unix)]
fn become_program(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let line = line(&command);
    Err(command.exec()).with_context(|| format!("`{line}` could not be started"))
}

#[cfg(not(unix))]
fn become_program(command: Command) -> Result<()> {
    run(command)
}

/// Installs Swift in a Debian system of its own, unless there is one or Swift is on PATH; returns a
/// note of where it is.
pub(crate) fn install() -> Result<String> {
    if on_path() {
        return Ok("Swift is on PATH".to_owned());
    }
    let inside = cache()?;
    if is_complete(&inside) {
        return Ok(format!("Swift is in {}", inside.display()));
    }
    if !succeeds(program("apt-get", &["--version"])) || !is_root() {
        bail!(
            "install Swift {OLDEST} or newer and start again: https://www.swift.org/install; on \
             Debian, root can have it made by this command"
        );
    }
    ensure_tool("debootstrap")?;
    print_line(format_args!(
        "setup: Swift is missing; installing it with Debian {RELEASE} in {}: 3.3 GB, some minutes",
        inside.display()
    ));
    remove(&inside)?;
    fs::create_dir_all(&inside)
        .with_context(|| format!("{} cannot be created", inside.display()))?;
    let place = inside.to_string_lossy();
    let (include, mirror) = (format!("--include={PACKAGES}"), mirror()?);
    let making = ["debootstrap", "--variant=minbase", &include, RELEASE, &place, &mirror];
    // It mounts folders too, which would remain if it were killed. Its thousand lines of output are shown
    // only if it fails.
    output(program("unshare", &[&PRIVATE_MOUNTS[..], &making].concat()))?;
    // The archives of the packages are of no more use.
    remove(&inside.join("var/cache/apt/archives"))?;
    let tools = Tools::Inside(inside.clone());
    ensure!(
        is_new_enough(tools.command(&["swift", "--version"])),
        "Swift was installed but does not run"
    );
    fs::write(inside.join(STAMP), PACKAGES).context("cannot write the stamp")?;
    Ok(format!("Swift is in {}", inside.display()))
}

fn on_path() -> bool {
    is_new_enough(program("swift", &["--version"]))
}

fn is_new_enough(version: Command) -> bool {
    output(version).is_ok_and(|text| major(&text).is_some_and(|major| major >= OLDEST))
}

/// The first number of `Swift version 6.0.3 (…)`.
fn major(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("Swift version ")?;
    rest.split('.').next()?.parse().ok()
}

fn cache() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let cache = cache.context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(cache.join("viseme").join(format!("swift-{RELEASE}")))
}

fn is_complete(inside: &Path) -> bool {
    fs::read_to_string(inside.join(STAMP)).is_ok_and(|packages| packages == PACKAGES)
}

/// Removes a folder, but never what something is mounted on: that is not ours.
fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    run(program("rm", &["-rf", "--one-file-system", "--", &folder.to_string_lossy()]))
}

/// The mirror that apt downloads packages from.
fn mirror() -> Result<String> {
    let sites = output(program(
        "apt-get",
        &["indextargets", "--format", "$(SITE)", "Created-By: Packages"],
    ))?;
    let mut sites = sites.lines().filter(|site| !site.contains("security"));
    sites.next().map(str::to_owned).context("apt knows no mirror of Debian")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_swift() {
        assert_eq!(major("Swift version 6.0.3 (swift-6.0.3-RELEASE)\nTarget: x"), Some(6));
        let apple = "swift-driver version: 1.115 Apple Swift version 6.1 (swiftlang-6.1.0)";
        assert_eq!(major(apple), Some(6));
        assert_eq!(major("swift: command not found"), None);
    }
}
