//! Manifests: the rows of a batch, from CSV, JSON Lines or a folder.

mod columns;
mod folder;
mod row;
mod table;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use viseme::media::Violation;

use columns::Findings;
pub use row::Row;

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file or folder cannot be read, or has no rows.
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// Rows are not valid. No row is used then.
    Rows(Vec<RowError>),
}

/// Why a row is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowError {
    /// Where the row stands, such as `jobs.csv:17`.
    pub position: String,
    /// What is wrong and what to do.
    pub message: String,
    /// The columns that are unknown or missing, and those with values that are not valid. Empty if something
    /// else is wrong, such as an id that stands twice.
    pub violations: Vec<Violation>,
}

impl RowError {
    /// Creates the error of a row.
    #[must_use]
    pub fn new(position: impl Into<String>, message: impl Into<String>) -> Self {
        Self { position: position.into(), message: message.into(), violations: Vec::new() }
    }

    /// Creates the error of a row from what is wrong with its columns.
    fn of_findings(position: impl Into<String>, findings: Findings) -> Self {
        let Findings { violations, sentences, .. } = findings;
        Self { position: position.into(), message: sentences.join(" "), violations }
    }
}

impl std::fmt::Display for ManifestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable { path, message } => write!(f, "{}: {message}", path.display()),
            Self::Rows(rows) => {
                for (number, row) in rows.iter().enumerate() {
                    let separator = if number == 0 { "" } else { "\n" };
                    write!(f, "{separator}{}: {}", row.position, row.message)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ManifestError {}

impl ManifestError {
    pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::NotFound => "There is no such file or folder.".to_owned(),
            io::ErrorKind::PermissionDenied => "Permission denied.".to_owned(),
            io::ErrorKind::InvalidData => {
                "The file is not UTF-8. Save it as \"CSV UTF-8\".".to_owned()
            }
            _ => format!("It cannot be read: {error}."),
        };
        Self::Unreadable { path: path.to_owned(), message }
    }
}

/// The rows of a batch, in their order. Their ids are unique.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    rows: Arc<[Row]>,
}

impl Manifest {
    /// Reads a manifest: a CSV file with a header, a JSON Lines file with an object a line, or a folder in
    /// which each video has an audio file of the same name.
    ///
    /// Relative paths of media are relative to the folder of the manifest.
    ///
    /// # Errors
    /// Returns [`ManifestError::Rows`] with every row that is not valid, and
    /// [`ManifestError::Unreadable`] also for a manifest without rows.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let unusable = |message: &str| ManifestError::Unreadable {
            path: path.to_owned(),
            message: message.to_owned(),
        };
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let (rows, advice) = match extension.to_str() {
            _ if path.is_dir() => {
                (folder::read(path)?, "Put each video beside an audio file of the same name.")
            }
            Some("csv" | "tsv") => (
                table::read_csv(path, extension == "tsv")?,
                "Add a row for each video below the header.",
            ),
            Some("jsonl" | "ndjson") => {
                (table::read_json_lines(path)?, "Add a line with a JSON object for each video.")
            }
            _ => return Err(unusable("A manifest is a .csv or .jsonl file, or a folder.")),
        };
        // In a file, an empty batch is most often the mistake of the program that wrote it.
        if rows.is_empty() {
            return Err(unusable(&format!("The manifest has no rows. {advice}")));
        }
        Self::new(rows)
    }

    /// Creates a manifest from rows. Rows without an id that are equal get a number, so that each has
    /// an id of its own.
    ///
    /// # Errors
    /// Returns [`ManifestError::Rows`] for rows that are errors, and for ids that stand twice.
    pub fn new(
        rows: impl IntoIterator<Item = Result<Row, RowError>>,
    ) -> Result<Self, ManifestError> {
        let (mut valid, mut errors) = (Vec::new(), Vec::new());
        let mut positions: HashMap<String, String> = HashMap::new();
        let mut repeats: HashMap<String, usize> = HashMap::new();
        for row in rows {
            let mut row = match row {
                Ok(row) => row,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            if row.id == row.digest() {
                let repeat = repeats.entry(row.id.clone()).or_default();
                *repeat += 1;
                if *repeat > 1 {
                    row.id = format!("{}-{repeat}", row.id);
                }
            }
            match positions.get(&row.id) {
                Some(first) => {
                    let message = format!("The id `{}` already stands at {first}.", row.id);
                    errors.push(RowError::new(row.position, message));
                }
                None => {
                    positions.insert(row.id.clone(), row.position.clone());
                    valid.push(row);
                }
            }
        }
        if errors.is_empty() {
            Ok(Self { rows: valid.into() })
        } else {
            Err(ManifestError::Rows(errors))
        }
    }

    /// Returns the rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns a manifest of the rows for which `keep` returns true.
    #[must_use]
    pub fn filter(&self, keep: impl FnMut(&&Row) -> bool) -> Self {
        Self { rows: self.rows.iter().filter(keep).cloned().collect() }
    }

    /// Returns the rows, shared.
    pub(crate) fn shared_rows(&self) -> Arc<[Row]> {
        Arc::clone(&self.rows)
    }
}
