//! Manifests in CSV and JSON Lines.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use super::{ManifestError, Row, RowError};

/// Reads a CSV file with a header. `tabs` separates columns by tabs instead of commas or semicolons.
pub(super) fn read_csv(
    path: &Path,
    tabs: bool,
) -> Result<Vec<Result<Row, RowError>>, ManifestError> {
    let content = read(path)?;
    let text = content.strip_prefix('\u{feff}').unwrap_or(&content);
    let delimiter = if tabs { b'\t' } else { delimiter(text) };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::Headers)
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| unreadable(path, &error.to_string()))?.clone();
    validate_header(path, &header)?;
    let folder = parent(path);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(path, &error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let position = position(path, line);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() > header.len() {
            let message = format!(
                "The row has {} columns and the header {}. Quote cells that contain a comma.",
                record.len(),
                header.len()
            );
            rows.push(Err(RowError { position, message }));
            continue;
        }
        let values: Map<String, Value> = header
            .iter()
            .zip(record.iter())
            .map(|(name, cell)| (name.to_owned(), Value::from(cell)))
            .collect();
        rows.push(row(position, values, folder));
    }
    Ok(rows)
}

/// Reads a file with a JSON object a line.
pub(super) fn read_json_lines(path: &Path) -> Result<Vec<Result<Row, RowError>>, ManifestError> {
    let file = File::open(path).map_err(|error| ManifestError::unreadable(path, &error))?;
    let folder = parent(path);
    let mut rows = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| ManifestError::unreadable(path, &error))?;
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        if line.trim().is_empty() {
            continue;
        }
        let position = position(path, index as u64 + 1);
        rows.push(match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(values)) => row(position, values, folder),
            Ok(_) => Err(RowError {
                position,
                message: "The line is no JSON object, such as {\"video\": \"face.mp4\"}."
                    .to_owned(),
            }),
            Err(error) => {
                Err(RowError { position, message: format!("The line is not JSON: {error}.") })
            }
        });
    }
    Ok(rows)
}

fn row(position: String, values: Map<String, Value>, folder: &Path) -> Result<Row, RowError> {
    Row::new(position.clone(), values, folder).map_err(|message| RowError { position, message })
}

/// Returns the delimiter of a header. Spreadsheets write semicolons where the comma is decimal.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    if header.contains(';') && !header.contains(',') { b';' } else { b',' }
}

fn validate_header(path: &Path, header: &csv::StringRecord) -> Result<(), ManifestError> {
    let mut names = std::collections::HashSet::new();
    for name in header {
        if name.is_empty() {
            return Err(unreadable(path, "A column of the header has no name."));
        }
        if !names.insert(name) {
            return Err(unreadable(path, &format!("The column `{name}` stands twice.")));
        }
    }
    Ok(())
}

/// Returns the text of a file, with `\n` at the end of each line: `csv` counts the line of a row that follows
/// `\r\n` one too low.
fn read(path: &Path) -> Result<String, ManifestError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| ManifestError::unreadable(path, &error))?;
    Ok(if text.contains('\r') { text.replace("\r\n", "\n") } else { text })
}

fn unreadable(path: &Path, message: &str) -> ManifestError {
    ManifestError::Unreadable { path: path.to_owned(), message: message.to_owned() }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn position(path: &Path, line: u64) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}:{line}")
}
