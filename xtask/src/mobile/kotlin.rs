//! The Kotlin module: its builds and its tests, all by Maven.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;

use super::{Build, documents, generate, library_name, mock_server, native, place};
use crate::examples::test_app;
use crate::process::{output, program, root, run};

/// Builds and tests of the Kotlin module.
#[derive(Subcommand)]
pub(crate) enum Kotlin {
    /// Build the JAR with this machine's native library and install it for Maven on this machine
    Jar,
    /// Run the tests of the module
    Test,
    /// Build the driver of the conformance suite
    Driver,
    /// Build the JAR and run the sample program with it: with VISEME_BASE_URL and VISEME_TOKEN, or else offline
    Sample {
        /// Test the program with both backends in `examples` too
        #[arg(long)]
        backends: bool,
        /// Build the native library without optimisations, which takes minutes less
        #[arg(long)]
        debug: bool,
    },
}

impl Kotlin {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Jar => jar(Build::Mobile),
            Self::Test => test(),
            Self::Driver => driver(),
            Self::Sample { backends, debug } => {
                sample(if *debug { Build::Debug } else { Build::Mobile }, *backends)
            }
        }
    }
}

fn folder() -> PathBuf {
    root().join("bindings-mobile/kotlin")
}

/// Downloads everything that Maven needs.
pub(crate) fn fetch() -> Result<()> {
    run(maven(&["dependency:go-offline", "--quiet"]))
}

/// Maven in the module's folder, without output that depends on a terminal.
fn maven(words: &[&str]) -> Command {
    let mut command = program("mvn", &["--batch-mode", "--no-transfer-progress"]);
    command.args(words).current_dir(folder());
    command
}

/// Builds the native library for tests, and writes the code that calls it where the module's build
/// expects it. Returns the folder with the library.
fn prepare() -> Result<PathBuf> {
    let library = native(Build::Testing)?;
    let out = root().join("target/bindings-mobile/generated");
    generate("kotlin", &library, &out)?;
    let name = "dev/viseme/ffi/viseme_mobile.kt";
    let code = fs::read_to_string(out.join(name)).context("cannot read the generated code")?;
    let hidden = out.join("hidden.kt");
    fs::write(&hidden, hide(&code)).context("cannot write the generated code")?;
    place(&hidden, &folder().join("viseme/target/generated").join(name))?;
    // Maven compiles the tests even where it does not run them.
    documents::write_kotlin(&folder().join("viseme/target/documents"))?;
    Ok(library)
}

/// The generated code with all declarations made internal, for which uniffi has no setting.
fn hide(code: &str) -> String {
    const OPEN: [&str; 9] = [
        "class ",
        "data class ",
        "open class ",
        "sealed class ",
        "interface ",
        "object ",
        "fun ",
        "inline fun ",
        "enum class ",
    ];
    let mut hidden = String::with_capacity(code.len());
    for line in code.lines() {
        let declaration = line.strip_prefix("public ").unwrap_or(line);
        if OPEN.iter().any(|open| declaration.starts_with(open)) {
            hidden.push_str("internal ");
        }
        hidden.push_str(declaration);
        hidden.push('\n');
    }
    hidden
}

/// Generates the reference; returns its folder.
pub(crate) fn reference() -> Result<PathBuf> {
    let folder = folder().join("viseme/target/dokka");
    // What is no longer documented must not stay.
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot remove the old reference")?;
    }
    output(maven(&["--quiet", "--projects", "viseme", "dokka:dokka"]))?;
    Ok(folder)
}

fn jar(build: Build) -> Result<()> {
    let library = native(build)?;
    let at = natives().join(jna_platform()?).join(library_name());
    place(&library.join(library_name()), &at)?;
    package()
}

/// The folder of the libraries that the JAR contains, with a folder for each platform.
pub(crate) fn natives() -> PathBuf {
    folder().join("viseme/target/native")
}

/// Builds the JAR with the libraries that are there, and installs it for Maven on this machine.
pub(crate) fn package() -> Result<()> {
    // A library without symbols cannot be read, so the code is generated from the one for tests. Both
    // have the same interface: the generated code verifies checksums when it loads a library.
    prepare()?;
    run(maven(&["--quiet", "--projects", ".,viseme", "-DskipTests", "install"]))
}

fn test() -> Result<()> {
    run(maven(&["--quiet", "spotless:check"]))?;
    let library = prepare()?;
    let library = format!("-Dviseme.library={}", library.display());
    let mock = format!("-Dviseme.mock={}", mock_server()?.display());
    run(maven(&["--projects", "viseme", &library, &mock, "test"]))
}

fn driver() -> Result<()> {
    prepare()?;
    run(maven(&["--quiet", "--projects", "viseme,conformance", "-DskipTests", "package"]))
}

fn sample(build: Build, backends: bool) -> Result<()> {
    jar(build)?;
    run_sample()?;
    if backends { test_app(&["java", "-jar", SAMPLE]) } else { Ok(()) }
}

/// Where the sample program is after its build.
const SAMPLE: &str = "bindings-mobile/kotlin/sample/target/sample.jar";

/// Builds the sample program with the JAR that is installed for Maven on this machine, and runs it.
pub(crate) fn run_sample() -> Result<()> {
    run(maven(&["--quiet", "--projects", "sample", "package"]))?;
    let result = "target/bindings-mobile/sample-kotlin.mp4";
    let media = ["samples/face.mp4", "samples/voice.mp3"];
    let mut java = program("java", &["-jar", SAMPLE, media[0], media[1], result]);
    java.env("VISEME_MOCK", mock_server()?);
    run(java)
}

/// The name under which JNA looks for this machine's library in a JAR.
fn jna_platform() -> Result<String> {
    let system = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        "windows" => "win32",
        other => bail!("there are no JARs for {other} yet"),
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x86-64",
        machine @ ("aarch64" | "arm") => machine,
        other => bail!("there are no JARs for {other} yet"),
    };
    Ok(format!("{system}-{machine}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_top_level_declarations_become_internal() {
        let code = "public object A {\n    fun a() {}\n}\ndata class B(\nprivate class C\n";
        let hidden =
            "internal object A {\n    fun a() {}\n}\ninternal data class B(\nprivate class C\n";
        assert_eq!(hide(code), hidden);
    }
}
