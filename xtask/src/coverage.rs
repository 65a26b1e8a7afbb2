//! `cargo xtask coverage`: which lines of the core its tests reach, by folder.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::process::{program, root, run};
use crate::tools::ensure_tool;

/// Lines that tests reached, of all lines with code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lines {
    covered: u64,
    all: u64,
}

impl Lines {
    fn percent(self) -> f64 {
        self.covered as f64 * 100.0 / self.all.max(1) as f64
    }
}

/// Runs the core's tests with instrumentation and prints a table of folders; `files` lists files too.
pub(crate) fn measure(files: bool) -> Result<()> {
    ensure_tool("cargo-llvm-cov")?;
    let report = root().join("target/coverage.json");
    // The tests' own lines do not count.
    let mut command = program(
        "cargo",
        &[
            "llvm-cov",
            "test",
            "--locked",
            "--package",
            "viseme",
            "--all-features",
            "--ignore-filename-regex",
            r"(^|/)(tests\.rs|fuzzing\.rs|tests/.*|mock-server/.*)$",
            "--json",
            "--summary-only",
            "--output-path",
            "target/coverage.json",
        ],
    );
    // Tools that were built without zlib can read it too.
    command.env("RUSTFLAGS", "-Cllvm-args=--enable-name-compression=false");
    run(command).context(
        "cargo-llvm-cov needs LLVM's tools in the compiler's version: `rustup component add \
         llvm-tools`, or the environment variables LLVM_COV and LLVM_PROFDATA with their paths",
    )?;
    let text = std::fs::read_to_string(&report)
        .with_context(|| format!("{} could not be read", report.display()))?;
    let by_file = parse(&serde_json::from_str(&text)?, &root().join("core/src"))?;
    print_table("folder", &by_folder(&by_file));
    if files {
        print_table("file", &by_file);
    }
    Ok(())
}

fn parse(report: &Value, sources: &Path) -> Result<BTreeMap<String, Lines>> {
    let files = report.pointer("/data/0/files").and_then(Value::as_array);
    let mut lines = BTreeMap::new();
    for file in files.context("the report lists no files")? {
        let name = file.get("filename").and_then(Value::as_str).unwrap_or_default();
        let Ok(name) = Path::new(name).strip_prefix(sources) else { continue };
        let number = |key| file.pointer(&format!("/summary/lines/{key}")).and_then(Value::as_u64);
        let all = number("count").context("a file without a count of lines")?;
        let covered = number("covered").context("a file without covered lines")?;
        lines.insert(name.display().to_string(), Lines { covered, all });
    }
    ensure!(!lines.is_empty(), "the report has no file of core/src");
    Ok(lines)
}

fn by_folder(files: &BTreeMap<String, Lines>) -> BTreeMap<String, Lines> {
    let mut folders: BTreeMap<String, Lines> = BTreeMap::new();
    for (name, lines) in files {
        let folder = name.split_once('/').map_or("(top)", |(folder, _)| folder);
        for folder in [folder, "all"] {
            let sum = folders.entry(folder.to_owned()).or_default();
            sum.covered += lines.covered;
            sum.all += lines.all;
        }
    }
    folders
}

fn print_table(what: &str, lines: &BTreeMap<String, Lines>) {
    println!("\n{what:<44} {:>7} {:>8} {:>8}", "lines", "reached", "percent");
    for (name, lines) in lines {
        println!("{name:<44} {:>7} {:>8} {:>7.1} %", lines.all, lines.covered, lines.percent());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_added_up_by_folder() {
        let file = |name: &str, covered: u64, count: u64| {
            serde_json::json!({"filename": name,
                "summary": {"lines": {"count": count, "covered": covered}}})
        };
        let report = serde_json::json!({"data": [{"files": [
            file("/a/core/src/protocol/a.rs", 9, 10),
            file("/a/core/src/protocol/b.rs", 1, 10),
            file("/a/core/src/lib.rs", 2, 2),
            file("/a/elsewhere.rs", 0, 9),
        ]}]});
        let folders = by_folder(&parse(&report, Path::new("/a/core/src")).expect("a report"));
        assert_eq!(folders["protocol"], Lines { covered: 10, all: 20 });
        assert_eq!(folders["all"], Lines { covered: 12, all: 22 });
        assert_eq!(folders.len(), 3);
        let empty = serde_json::json!({"data": [{"files": []}]});
        parse(&empty, Path::new("/a")).expect_err("nothing was measured");
    }
}
