//! `cargo xtask setup`: what the tests need beyond Cargo itself.

use anyhow::{Result, bail};

use crate::process::{answers, is_root, line, program, run};

struct Need {
    /// What the need is called in the report.
    name: &'static str,
    /// A command that succeeds when the need is met.
    probe: &'static [&'static str],
    remedy: Remedy,
}

enum Remedy {
    /// A Debian package.
    Apt(&'static str),
    /// A crate with a program, and the version the project is tested with.
    Crate(&'static str, &'static str),
    /// A component of the Rust toolchain.
    Component(&'static str),
    /// Something to be installed by hand, and where it is found.
    ByHand(&'static str),
}

/// Later suites add what they need as a line each.
const NEEDS: &[Need] = &[
    Need {
        name: "rustfmt",
        probe: &["cargo", "fmt", "--version"],
        remedy: Remedy::Component("rustfmt"),
    },
    Need {
        name: "clippy",
        probe: &["cargo", "clippy", "--version"],
        remedy: Remedy::Component("clippy"),
    },
    Need { name: "ffmpeg", probe: &["ffmpeg", "-version"], remedy: Remedy::Apt("ffmpeg") },
    Need { name: "ffprobe", probe: &["ffprobe", "-version"], remedy: Remedy::Apt("ffmpeg") },
    Need {
        name: "python3",
        // Debian leaves out what makes environments unless it is asked for.
        probe: &["python3", "-c", "import ensurepip, venv"],
        remedy: Remedy::Apt("python3-venv"),
    },
    Need {
        name: "cargo-deny",
        probe: &["cargo", "deny", "--version"],
        remedy: Remedy::Crate("cargo-deny", "0.20.2"),
    },
    Need {
        name: "npm",
        probe: &["npm", "--version"],
        remedy: Remedy::ByHand("Node.js 20 or newer with npm, from https://nodejs.org"),
    },
];

const NEEDS_OF_KOTLIN: &[Need] = &[
    Need {
        name: "javac",
        probe: &["javac", "--version"],
        remedy: Remedy::Apt("openjdk-17-jdk-headless"),
    },
    Need { name: "maven", probe: &["mvn", "--version"], remedy: Remedy::Apt("maven") },
];

/// What single commands need, which install it themselves.
const NEEDS_OF_COMMANDS: &[Need] = &[
    Need {
        name: "debootstrap",
        probe: &["debootstrap", "--version"],
        remedy: Remedy::Apt("debootstrap"),
    },
    Need {
        name: "cargo-fuzz",
        probe: &["cargo", "fuzz", "--version"],
        remedy: Remedy::Crate("cargo-fuzz", "0.13.2"),
    },
    Need {
        name: "cargo-llvm-cov",
        probe: &["cargo", "llvm-cov", "--version"],
        remedy: Remedy::Crate("cargo-llvm-cov", "0.9.1"),
    },
    Need {
        name: "cargo-mutants",
        probe: &["cargo", "mutants", "--version"],
        remedy: Remedy::Crate("cargo-mutants", "27.1.0"),
    },
];

/// Installs one of the needs of single commands, where it is missing.
pub(crate) fn install(name: &str) -> Result<()> {
    let need = NEEDS_OF_COMMANDS.iter().find(|need| need.name == name);
    need.map_or_else(|| bail!("there is no need `{name}`"), meet)
}

/// Installs every need that is not met, or those of some languages alone. Changes nothing where all
/// are met.
pub(crate) fn install_missing(languages: &[String]) -> Result<()> {
    if !languages.is_empty() {
        return languages.iter().try_for_each(|language| match language.as_str() {
            "kotlin" => kotlin(),
            "swift" => crate::mobile::swift_tools::install(),
            other => bail!("there are no tools for `{other}` alone; try `kotlin` or `swift`"),
        });
    }
    NEEDS.iter().try_for_each(meet)?;
    kotlin()?;
    crate::mobile::swift_tools::install()?;
    println!("setup: the tools of the Python binding");
    crate::python::tools()
}

fn kotlin() -> Result<()> {
    NEEDS_OF_KOTLIN.iter().try_for_each(meet)?;
    // Maven brings the compiler itself, and all else.
    println!("setup: what the Kotlin module is built with");
    crate::mobile::kotlin::fetch()
}

fn meet(need: &Need) -> Result<()> {
    if is_met(need) {
        println!("setup: {} is there", need.name);
        return Ok(());
    }
    println!("setup: {} is missing", need.name);
    carry_out(need)?;
    if !is_met(need) {
        bail!("{} was installed but still does not run; is it on PATH?", need.name);
    }
    println!("setup: {} was installed", need.name);
    Ok(())
}

fn is_met(need: &Need) -> bool {
    need.probe.split_first().is_some_and(|(name, arguments)| answers(program(name, arguments)))
}

fn carry_out(need: &Need) -> Result<()> {
    match need.remedy {
        Remedy::Apt(package) => apt(package),
        Remedy::Crate(name, version) => {
            told(&["cargo", "install", "--locked", "--version", version, name])
        }
        Remedy::Component(name) => rustup(name),
        Remedy::ByHand(what) => bail!("install {what}, and start again"),
    }
}

fn apt(package: &str) -> Result<()> {
    if !answers(program("apt-get", &["--version"])) || !is_root() {
        bail!(
            "install {package} and start again: `sudo apt-get install {package}` on Debian and \
             Ubuntu, `brew install {package}` on macOS, `winget install {package}` on Windows"
        );
    }
    told(&["apt-get", "update", "--quiet"])?;
    told(&["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", package])
}

fn rustup(component: &str) -> Result<()> {
    if !answers(program("rustup", &["--version"])) {
        bail!("install {component}, which belongs to the Rust toolchain, and start again");
    }
    told(&["rustup", "component", "add", component])
}

/// Says what is run, then runs it.
fn told(words: &[&str]) -> Result<()> {
    let Some((name, arguments)) = words.split_first() else { return Ok(()) };
    let mut command = program(name, arguments);
    // A question would wait for ever where nobody answers.
    command.env("DEBIAN_FRONTEND", "noninteractive");
    println!("setup: {}", line(&command));
    run(command)
}
