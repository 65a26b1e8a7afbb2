//! The Swift package: its builds and its tests, all by Swift's own package manager.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::Subcommand;
use serde_json::Value;

use super::swift_tools::Tools;
use super::{Build, documents, generate, mock_server, native, place};
use crate::examples::test_app;
use crate::process::{output, own_program, root, run};

/// Builds and tests of the Swift package.
#[derive(Subcommand)]
pub(crate) enum Swift {
    /// Run the tests of the package
    Test,
    /// Generate the code that calls the native library, which is not in git
    Generate,
    /// Format the code with swift-format
    Format,
    /// Build the driver of the conformance suite
    Driver,
    /// Run the driver of the conformance suite
    RunDriver,
    /// Run the sample program: with VISEME_BASE_URL and VISEME_TOKEN, or else offline
    Sample {
        /// Test the program with both backends in `examples` too
        #[arg(long)]
        backends: bool,
    },
    /// Run the sample program that was built before
    RunSample {
        /// Its arguments
        arguments: Vec<String>,
    },
}

impl Swift {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Test => test(),
            Self::Generate => prepare().map(drop),
            Self::Format => run(format(&Tools::find()?, &["--in-place"])),
            Self::Driver => build("VisemeDriver"),
            Self::RunDriver => Tools::find()?.replace(&[&*built("VisemeDriver")]),
            Self::Sample { backends } => sample(*backends),
            Self::RunSample { arguments } => {
                let program = built("viseme-sample");
                let arguments = arguments.iter().map(String::as_str);
                let words: Vec<&str> = std::iter::once(&*program).chain(arguments).collect();
                Tools::find()?.replace(&words)
            }
        }
    }
}

fn folder() -> PathBuf {
    root().join("bindings-mobile/swift")
}

fn scratch() -> PathBuf {
    root().join("target/bindings-mobile/swift")
}

/// The path of a built program.
fn built(target: &str) -> String {
    scratch().join("debug").join(target).display().to_string()
}

/// Builds the native library for tests, and writes the code that calls it where the package expects
/// it. Returns the folder with the library.
fn prepare() -> Result<PathBuf> {
    let library = native(Build::Testing)?;
    let out = root().join("target/bindings-mobile/generated");
    generate("swift", &library, &out)?;
    let sources = folder().join("Sources");
    place(&out.join("VisemeFFI.h"), &sources.join("VisemeFFI/VisemeFFI.h"))?;
    let code = "VisemeNative.swift";
    place(&out.join(code), &sources.join("VisemeNative").join(code))?;
    Ok(library)
}

/// The package manager. All calls share one set of options, or it would build everything again.
fn swift(tools: &Tools, verb: &str, words: &[&str]) -> Result<Command> {
    let library = prepare()?.display().to_string();
    let (package, scratch) = (folder().display().to_string(), scratch().display().to_string());
    let places = ["--package-path", &package, "--scratch-path", &scratch];
    // The program finds the library where it was linked, without environment variables.
    let search = format!("-L{library}");
    let link = ["-Xlinker", &search, "-Xlinker", "-rpath", "-Xlinker", &library];
    Ok(tools.command(&[&["swift", verb], &places[..], &link[..], words].concat()))
}

/// Runs a command with a folder for its temporary files. The package manager leaves some behind.
fn run_with_temporary_folder(mut command: Command) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    run({
        command.env("TMPDIR", folder.path());
        command
    })
}

fn build(product: &str) -> Result<()> {
    run_with_temporary_folder(swift(&Tools::find()?, "build", &["--quiet", "--product", product])?)
}

/// Has the compiler write the symbols of the package, with their comments; returns the file.
pub(crate) fn symbol_graph() -> Result<PathBuf> {
    let tools = Tools::find()?;
    run_with_temporary_folder(swift(&tools, "build", &["--quiet", "--target", "Viseme"])?)?;
    let out = root().join("target/bindings-mobile/symbols");
    std::fs::create_dir_all(&out).context("cannot create the folder of the symbol graph")?;
    let info = output(tools.command(&["swiftc", "-print-target-info"]))?;
    let info: Value = serde_json::from_str(&info).context("Swift describes no target")?;
    let of = |pointer| info.pointer(pointer).and_then(Value::as_str).context("no target of Swift");
    let target = of("/target/triple")?;
    // Not every installation has it on PATH.
    let extract =
        format!("{}/../../bin/swift-symbolgraph-extract", of("/paths/runtimeResourcePath")?);
    let (modules, header) = module_folders();
    let place = out.display().to_string();
    let module = [&*extract, "-module-name", "Viseme", "-target", target];
    let places = ["-I", &modules, "-I", &header, "-output-dir", &place];
    let level = ["-minimum-access-level", "public", "-skip-synthesized-members"];
    run(tools.command(&[&module[..], &places, &level].concat()))?;
    Ok(out.join("Viseme.symbols.json"))
}

/// The formatter, for all code that is written by hand.
fn format(tools: &Tools, how: &[&str]) -> Command {
    let sources = ["Viseme", "VisemeDriver", "VisemeSample"].map(|name| format!("Sources/{name}"));
    let mut places = vec!["Package.swift".to_owned(), "Tests".to_owned()];
    places.extend(sources);
    let places = places.iter().map(|place| folder().join(place).display().to_string());
    let places: Vec<String> = places.collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    tools.command(&[&["swift", "format"], how, &["--recursive", "--parallel"], &places].concat())
}

fn test() -> Result<()> {
    let tools = Tools::find()?;
    run(format(&tools, &["lint", "--strict"]))?;
    let mut test = swift(&tools, "test", &["--disable-xctest"])?;
    test.env("VISEME_MOCK", mock_server()?).env("VISEME_ROOT", root());
    run_with_temporary_folder(test)?;
    compile_snippets(&tools)?;
    compile_documents(&tools)
}

/// Compiles the code of the documents, with the modules that the tests have built.
fn compile_documents(tools: &Tools) -> Result<()> {
    let mut files = documents::write_swift(&root().join("target/bindings-mobile/documents"))?;
    files.push(folder().join("Tests/Documents/Reader.swift"));
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let (modules, header) = module_folders();
    let words = ["swiftc", "-typecheck", "-swift-version", "6", "-I", &modules, "-I", &header];
    run(tools.command(&[&words[..], &files].concat()))
}

/// The folders of the modules of Swift and of C that the tests have built.
fn module_folders() -> (String, String) {
    let header = folder().join("Sources/VisemeFFI");
    (scratch().join("debug/Modules").display().to_string(), header.display().to_string())
}

/// Compiles the code that the playground shows, with the modules that the tests have built.
fn compile_snippets(tools: &Tools) -> Result<()> {
    let (modules, header) = module_folders();
    let snippets = root().join("playground/snippets");
    let entries = snippets.read_dir().context("cannot read the folder of the snippets")?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "swift"));
    ensure!(!files.is_empty(), "there are no Swift files in {}", snippets.display());
    files.sort();
    for file in files {
        let file = file.display().to_string();
        let words = ["swiftc", "-typecheck", "-swift-version", "6", "-warnings-as-errors"];
        run(tools.command(&[&words[..], &["-I", &modules, "-I", &header, &file]].concat()))?;
    }
    Ok(())
}

fn sample(backends: bool) -> Result<()> {
    build("viseme-sample")?;
    let result = "target/bindings-mobile/sample-swift.mp4";
    let program = built("viseme-sample");
    let words = [&*program, "samples/face.mp4", "samples/voice.mp3", result];
    let mut sample = Tools::find()?.command(&words);
    sample.env("VISEME_MOCK", mock_server()?);
    run(sample)?;
    if !backends {
        return Ok(());
    }
    // Swift can be in another root, which this program enters.
    let own = own_program()?;
    test_app(&[&own.to_string_lossy(), "swift", "run-sample"])
}
