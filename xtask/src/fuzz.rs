//! `cargo xtask fuzz`: runs each target of `fuzz/` within bounds of time and memory.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::process::{line, program, root, run};
use crate::tools::ensure_tool;

/// The most memory a target may use: the fuzzer's own coverage tables are a good part of it.
const MEMORY_MB: u32 = 1024;
/// The most memory of one allocation: no response and no file of `MAX_LENGTH` needs more.
const ALLOCATION_MB: u32 = 64;
/// The longest input: long enough for real responses and for the parts of files that are read.
const MAX_LENGTH: u32 = 16 * 1024;
/// The longest time for one input.
const INPUT_SECONDS: u32 = 20;

#[derive(Args)]
pub(crate) struct Fuzz {
    /// Only these targets; all of `fuzz/fuzz_targets/` by default
    targets: Vec<String>,
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

/// Runs the targets one after the other; an error at the first that fails.
pub(crate) fn fuzz(fuzz: &Fuzz) -> Result<()> {
    let known = targets()?;
    for name in &fuzz.targets {
        ensure!(
            known.contains(name),
            "there is no target `{name}`; there are {}",
            known.join(", ")
        );
    }
    ensure_tool("cargo-fuzz")?;
    let chosen = if fuzz.targets.is_empty() { &known } else { &fuzz.targets };
    for target in chosen {
        let time = Duration::from_secs(fuzz.seconds);
        println!("\n==> {target}: {} s", time.as_secs());
        run_target(target, time)?;
    }
    Ok(())
}

fn targets() -> Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in folder.read_dir().with_context(|| format!("{} is missing", folder.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
    }
    ensure!(!names.is_empty(), "{} is empty", folder.display());
    names.sort();
    Ok(names)
}

fn run_target(target: &str, time: Duration) -> Result<()> {
    // New inputs go there; those worth keeping are copied to `fuzz/corpus` by hand.
    let (found, artifacts) = (build_folder("corpus", target)?, build_folder("artifacts", target)?);
    let seeds = root().join("fuzz/corpus").join(target);
    let mut command = cargo_fuzz(&["run", target]);
    command.arg(found).arg(seeds).arg("--");
    command.args([
        format!("-max_total_time={}", time.as_secs()),
        format!("-timeout={INPUT_SECONDS}"),
        format!("-rss_limit_mb={MEMORY_MB}"),
        format!("-malloc_limit_mb={ALLOCATION_MB}"),
        format!("-max_len={MAX_LENGTH}"),
        format!("-artifact_prefix={}/", artifacts.display()),
        "-print_final_stats=1".to_owned(),
        // Without a line for each smaller input of the same coverage.
        "-verbosity=1".to_owned(),
    ]);
    let shown = line(&command);
    if run(command).is_err() {
        bail!(
            "`{shown}` failed. If an input made it fail, that input is in {}: copy it to \
             fuzz/corpus/{target}/, check that `cargo test -p viseme --all-features --test client fuzz_corpus` \
             fails, and fix the code",
            artifacts.display()
        );
    }
    Ok(())
}

fn build_folder(kind: &str, target: &str) -> Result<PathBuf> {
    let folder = root().join("target/fuzz").join(kind).join(target);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

fn cargo_fuzz(arguments: &[&str]) -> Command {
    let mut command = program("cargo", &["fuzz"]);
    // The stable compiler accepts the flags of the fuzzer's instrumentation only with this.
    command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", root().join("target/fuzz"));
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_and_unknown_ones_named() {
        let known = targets().expect("the folder is there");
        assert!(known.contains(&"media".to_owned()), "{known:?}");
        let wrong = Fuzz { targets: vec!["medium".to_owned()], seconds: 1 };
        let error = fuzz(&wrong).expect_err("there is no such target");
        assert!(error.to_string().contains("media"), "{error}");
    }
}
