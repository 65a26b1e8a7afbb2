//! The page of the conformance suite's results, from the results of real runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::nav::PROJECT;
use super::pages::{Entry, Pages, write};
use crate::conformance::run_suite;
use crate::process::target;

/// The page in the site.
const PAGE: &str = "conformance-results.md";

/// Adds the page. The steps of `cargo xtask test` leave their results; without any, the suite runs with
/// the client of Rust.
pub(super) fn stage(pages: &mut Pages, folder: &Path) -> Result<()> {
    if reports()?.is_empty() {
        let out = target().join("conformance/report-rust").display().to_string();
        run_suite(&["--driver", "rust", "--out", &out].map(str::to_owned))?;
    }
    let mut runs = Vec::new();
    for report in reports()? {
        let text = fs::read_to_string(&report)?;
        let run: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", report.display()))?;
        runs.push(run);
    }
    write(&folder.join(PAGE), &page(&runs)?)?;
    pages.add(PROJECT, Entry::page("Conformance results", PAGE))
}

/// The results of all runs of our clients.
fn reports() -> Result<Vec<PathBuf>> {
    let folder = target().join("conformance");
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let results = entry.path().join("results.json");
            if entry.file_name().to_string_lossy().starts_with("report-") && results.is_file() {
                found.push(results);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A client and its results.
struct Client {
    name: String,
    version: String,
    date: String,
    /// By the case's id.
    results: BTreeMap<String, String>,
}

fn page(runs: &[Value]) -> Result<String> {
    let clients =
        clients(runs).context("the results of the conformance suite have another form")?;
    let mut page = "# Conformance results\n\nThe [conformance suite](conformance.md) runs the same cases \
                    against every client. This page is made from the results of its last runs.\n\n\
                    | client | version | date | passed | failed | known failures | not applicable |\n\
                    |---|---|---|---:|---:|---:|---:|\n"
        .to_owned();
    for Client { name, version, date, results } in &clients {
        let count = |wanted: &str| results.values().filter(|result| *result == wanted).count();
        let (passed, known, none) = (count("pass"), count("known-fail"), count("not-applicable"));
        let failed = results.len() - passed - known - none;
        writeln!(page, "| {name} | {version} | {date} | {passed} | {failed} | {known} | {none} |")?;
    }
    page += "\n✓ passed, ✗ failed, K known failure, – not applicable: the client lacks a feature that the \
             case needs. An empty cell: the case did not run with this client.\n";
    let cases: BTreeSet<&String> = clients.iter().flat_map(|it| it.results.keys()).collect();
    let mut group = "";
    for case in cases {
        let (of, _) = case.split_once('/').unwrap_or(("other", case));
        if of != group {
            group = of;
            let names: Vec<&str> = clients.iter().map(|it| it.name.as_str()).collect();
            let line = ":---:|".repeat(clients.len());
            write!(page, "\n## {group}\n\n| case | {} |\n|---|{line}\n", names.join(" | "))?;
        }
        let cells: Vec<&str> = clients
            .iter()
            .map(|it| it.results.get(case).map_or("", |result| mark(result)))
            .collect();
        writeln!(page, "| `{case}` | {} |", cells.join(" | "))?;
    }
    Ok(page)
}

fn clients(runs: &[Value]) -> Option<Vec<Client>> {
    let mut clients = Vec::new();
    for run in runs {
        let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
        for driver in run.get("drivers")?.as_array()? {
            let mut results = BTreeMap::new();
            for case in driver.get("results")?.as_array()? {
                results.insert(text(case, "id")?, text(case, "result")?);
            }
            let (name, version) = (text(driver, "name")?, text(driver, "version")?);
            clients.push(Client { name, version, date: text(run, "date")?, results });
        }
    }
    Some(clients)
}

fn mark(result: &str) -> &'static str {
    match result {
        "pass" => "✓",
        "known-fail" => "K",
        "not-applicable" => "–",
        _ => "✗",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cases_are_rows_and_clients_columns() {
        let run = |client: &str, result: &str| {
            json!({"date": "2026-11-29", "drivers": [{"name": client, "version": "0.1.0", "results": [
                {"id": "submit/once", "result": result, "wall_ms": 1},
            ]}]})
        };
        let page = page(&[run("node", "pass"), run("rust", "timeout")]).expect("results");
        for line in [
            "| node | 0.1.0 | 2026-11-29 | 1 | 0 | 0 | 0 |",
            "| rust | 0.1.0 | 2026-11-29 | 0 | 1 | 0 | 0 |",
            "## submit\n\n| case | node | rust |\n|---|:---:|:---:|\n| `submit/once` | ✓ | ✗ |",
        ] {
            assert!(page.contains(line), "{page}");
        }
        super::page(&[json!({"drivers": [{}]})]).expect_err("another form");
    }
}
