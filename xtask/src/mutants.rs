//! `cargo xtask mutants`: mutates code and checks that a test fails for each mutant.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::process::{program, root, run};
use crate::tools::ensure_tool;

/// Code whose mistakes cost money or accept a forged webhook, and the tests that must notice them.
struct Mutated {
    /// The name of its folder in `target/mutants/`.
    name: &'static str,
    package: &'static str,
    /// Its files, or the starts of their paths.
    files: &'static [&'static str],
    /// The packages of the tests, with commas.
    tested_by: &'static str,
    /// The arguments of `cargo test`.
    tests: &'static [&'static str],
}

/// The tests of the ledger without a PostgreSQL server, which none of the mutated code needs.
const ON_SQLITE: &[&str] = &["--lib", "--test", "backends", "--", "--skip", "postgres::"];

const MUTATED: [Mutated; 4] = [
    Mutated {
        name: "pure",
        package: "viseme",
        files: &["core/src/protocol/", "core/src/webhook/"],
        tested_by: "viseme",
        tests: &["--lib"],
    },
    Mutated {
        name: "keys",
        package: "viseme",
        files: &["core/src/client/idempotency.rs", "core/src/client/ledger_key.rs"],
        tested_by: "viseme,viseme-ledger",
        tests: ON_SQLITE,
    },
    Mutated {
        name: "connections",
        package: "viseme",
        files: &["core/src/http/reqwest_transport.rs", "core/src/http/direct_client.rs"],
        tested_by: "viseme",
        tests: &[
            "--lib",
            "--test",
            "client",
            "--",
            "reqwest_transport::",
            "direct_client::",
            "http2::",
            "network::",
            "submit_safety::",
        ],
    },
    Mutated {
        name: "ledger",
        package: "viseme-ledger",
        files: &["ledger/src/sqlite/", "ledger/src/rules.rs"],
        tested_by: "viseme-ledger",
        tests: ON_SQLITE,
    },
];
/// Code for tests alone.
const LEFT_OUT: &[&str] = &["**/fuzzing.rs", "**/tests.rs", "**/tests/*.rs"];

/// Runs every mutant of the code, or of these files; an error if one survives.
pub(crate) fn run_all(files: &[String]) -> Result<()> {
    ensure_tool("cargo-mutants")?;
    let is_of = |file: &str, one: &Mutated| one.files.iter().any(|start| file.starts_with(start));
    for file in files {
        ensure!(
            MUTATED.iter().any(|one| is_of(file, one)),
            "no tests are known for {file}: add it to xtask/src/mutants.rs"
        );
    }
    let survivors: Vec<_> = MUTATED
        .iter()
        .map(|one| {
            let chosen = files.iter().filter(|file| is_of(file, one)).cloned();
            let all = one.files.iter().map(|start| match start.strip_suffix('/') {
                Some(folder) => format!("{folder}/**"),
                None => (*start).to_owned(),
            });
            (one, if files.is_empty() { all.collect() } else { chosen.collect() })
        })
        .filter(|(_, chosen): &(_, Vec<String>)| !chosen.is_empty())
        .filter_map(|(one, chosen)| run_one(one, &chosen).err())
        .collect();
    survivors.into_iter().next().map_or(Ok(()), Err)
}

fn run_one(one: &Mutated, files: &[String]) -> Result<()> {
    let output = format!("target/mutants/{}", one.name);
    fs::create_dir_all(root().join(&output))?;
    let mut arguments = vec!["mutants", "--package", one.package, "--all-features"];
    arguments.extend(["--test-package", one.tested_by]);
    for file in files {
        arguments.extend(["--file", file]);
    }
    for file in LEFT_OUT {
        arguments.extend(["--exclude", file]);
    }
    arguments.extend(["--output", &output, "--timeout", "120", "--"]);
    arguments.extend(one.tests);
    run(program("cargo", &arguments)).with_context(|| {
        format!(
            "the mutants for which no test fails are in {output}/mutants.out/missed.txt: add tests, or \
             explain in docs/mutation-testing.md why they change nothing"
        )
    })
}
