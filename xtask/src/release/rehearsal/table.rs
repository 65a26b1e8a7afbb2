//! What the parts of a rehearsal found: kept in files, and printed as a table.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Error, Result};

use crate::release::files::{create_folder, files};

/// One line of the table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    artefact: String,
    size: String,
    result: String,
}

impl Row {
    /// A file that passed its smoke test.
    fn passed(file: &Path, how: &str) -> Result<Self> {
        let bytes = fs::metadata(file).with_context(|| format!("no {}", file.display()))?.len();
        let artefact = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { artefact, size: size(bytes), result: format!("passed: {how}") })
    }

    /// Something that is no file of its own, and passed its smoke test.
    pub(super) fn passed_without_file(artefact: &str, how: &str) -> Self {
        Self::new(artefact, &format!("passed: {how}"))
    }

    /// Something that this machine cannot build, and the job of the workflow that does.
    pub(super) fn not_built(artefact: &str, reason: &str, job: &str) -> Self {
        Self::new(artefact, &format!("not built here: {reason}; workflow job `{job}`"))
    }

    /// A part that failed.
    pub(super) fn failed(artefact: &str, error: &Error) -> Self {
        // A table has one line for it.
        let error = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
        Self::new(artefact, &format!("**failed**: {error}"))
    }

    fn new(artefact: &str, result: &str) -> Self {
        let (artefact, result) = (artefact.to_owned(), result.replace('|', "\\|"));
        Self { artefact, size: "-".to_owned(), result }
    }
}

/// The rows of the files of a folder with this ending; an error if there is none.
pub(super) fn rows_of(folder: &Path, ending: &str, how: &str) -> Result<Vec<Row>> {
    let files = files(folder, ending);
    anyhow::ensure!(!files.is_empty(), "{} contains no {ending}", folder.display());
    files.iter().map(|file| Row::passed(file, how)).collect()
}

/// The results of all parts, each in a file.
pub(super) struct Results {
    folder: PathBuf,
}

impl Results {
    pub(super) fn new(folder: PathBuf) -> Result<Self> {
        create_folder(&folder)?;
        Ok(Self { folder })
    }

    pub(super) fn save(&self, part: &str, rows: &[Row]) -> Result<()> {
        let rows: Vec<_> = rows.iter().map(|it| [&it.artefact, &it.size, &it.result]).collect();
        fs::write(self.file(part), serde_json::to_string(&rows)?).context("cannot write a result")
    }

    /// The table of all parts, in Markdown; the parts are pairs of a name and what it builds.
    pub(super) fn table<'a>(
        &self,
        parts: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<String> {
        let mut table = "| artefact | size | smoke test |\n|---|---|---|\n".to_owned();
        for (name, purpose) in parts {
            let rows = match fs::read_to_string(self.file(name)) {
                Ok(text) => serde_json::from_str(&text).context("a result cannot be read")?,
                Err(_) => vec![[purpose, "-", "not run"].map(str::to_owned)],
            };
            for [artefact, size, result] in rows {
                let _ = writeln!(table, "| {artefact} | {size} | {result} |");
            }
        }
        Ok(table)
    }

    fn file(&self, part: &str) -> PathBuf {
        self.folder.join(format!("{part}.json"))
    }
}

/// `1.2 MB`
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!([999, 1_000, 12_345_678].map(size), ["999 B", "1.0 kB", "12.3 MB"]);
    }

    #[test]
    fn the_table_has_a_line_for_each_part_whether_it_ran_now_before_or_never() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.whl");
        fs::write(&file, "abc").expect("written");
        let results = Results::new(folder.path().join("results")).expect("a folder");
        let passed = rows_of(folder.path(), ".whl", "installed").expect("a file");
        results.save("wheels", &passed).expect("written");
        let broken = Row::failed("the crates", &anyhow::anyhow!("a | b\nfailed").context("cargo"));
        results.save("crates", &[broken]).expect("written");
        let away = Row::not_built("the AAR", "no NDK", "aar");
        results.save("aar", &[away]).expect("written");
        let parts = [
            ("wheels", "the wheels"),
            ("crates", "the crates"),
            ("aar", "the AAR"),
            ("jar", "the JAR"),
        ];
        let table = results.table(parts.into_iter()).expect("readable");
        let lines: Vec<_> = table.lines().skip(2).collect();
        let expected = [
            "| a.whl | 3 B | passed: installed |",
            "| the crates | - | **failed**: cargo: a \\| b failed |",
            "| the AAR | - | not built here: no NDK; workflow job `aar` |",
            "| the JAR | - | not run |",
        ];
        assert_eq!(lines, expected);
        rows_of(folder.path(), ".zip", "").expect_err("there is none");
    }
}
