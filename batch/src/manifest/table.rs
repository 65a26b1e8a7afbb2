//! Manifests in CSV and JSON Lines.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::{Map, Value};
use viseme::AudioToVideo;
use viseme::model::describe;

use super::columns::{COLUMNS, Findings};
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
    let folder = parent(path);
    let (header, error) = read_header(path, &header);
    let mut rows: Vec<_> = error.map(Err).into_iter().collect();
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
            rows.push(Err(RowError::new(position, message)));
            continue;
        }
        let values: Map<String, Value> = header
            .iter()
            .zip(record.iter())
            .filter_map(|(name, cell)| Some((name.clone()?, Value::from(cell))))
            .collect();
        rows.push(Row::new(position, values, folder));
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
            Ok(Value::Object(values)) => Row::new(position, values, folder),
            Ok(_) => Err(RowError::new(
                position,
                "The line is no JSON object, such as {\"video\": \"face.mp4\"}.",
            )),
            Err(error) => Err(RowError::new(position, format!("The line is not JSON: {error}."))),
        });
    }
    Ok(rows)
}

/// Returns the delimiter of a header. Spreadsheets write semicolons where the comma is decimal.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    if header.contains(';') && !header.contains(',') { b';' } else { b',' }
}

/// Returns the columns of a header, and everything that is wrong with it. A column that cannot be used is
/// `None`, so that its cells are no further errors.
fn read_header(path: &Path, header: &csv::StringRecord) -> (Vec<Option<String>>, Option<RowError>) {
    // With a column `model`, each row has parameters of its own.
    let model = describe(AudioToVideo::MODEL)
        .filter(|_| !header.is_empty() && !header.iter().any(|name| name == "model"));
    let is_unknown = |name: &str| {
        model.is_some_and(|model| model.field(name).is_none() && !COLUMNS.contains(&name))
    };
    let (mut findings, mut unknown) = (Findings::default(), Vec::new());
    let mut names: Vec<&str> = Vec::new();
    let mut columns = Vec::new();
    for (index, name) in header.iter().enumerate() {
        let is_repeated = names.contains(&name);
        names.push(name);
        columns
            .push((!name.is_empty() && !is_repeated && !is_unknown(name)).then(|| name.to_owned()));
        if name.is_empty() {
            findings.sentences.push(format!("The column {} has no name.", index + 1));
        } else if is_repeated {
            findings.sentences.push(format!("The column `{name}` stands twice."));
        } else if is_unknown(name) {
            unknown.push(name);
        }
    }
    if let Some(model) = model {
        if !unknown.is_empty() {
            findings.add_unknown(model, unknown);
        }
        findings.add_missing(model, &names);
    }
    let error = RowError::of_findings(position(path, 1), findings);
    (columns, (!error.message.is_empty()).then_some(error))
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
