//! The reports of a batch: a table for spreadsheets, and a line of JSON for each item.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;
use viseme_ledger::dollars;

use crate::error::BatchError;
use crate::item::{Item, ItemState};
use crate::temporary;

pub(crate) const CSV_FILE: &str = "report.csv";
pub(crate) const JSON_LINES_FILE: &str = "report.jsonl";

/// The columns of the table.
const HEADER: [&str; 11] = [
    "id",
    "row",
    "state",
    "job_id",
    "output",
    "price_usd",
    "sent_at",
    "failures",
    "same_as",
    "error_code",
    "error",
];

/// How many items of a batch are in each state, and what they cost.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The number of items.
    pub total: usize,
    /// The states that occur and how many items have each, in the order of a life.
    pub states: Vec<(ItemState, usize)>,
    /// What the jobs cost, in millionths of a US dollar.
    pub spent_micros: u64,
}

impl Summary {
    /// Counts items.
    #[must_use]
    pub fn new(items: &[Item], spent_micros: u64) -> Self {
        let of = |state| items.iter().filter(|item| item.state == state).count();
        let states = ItemState::ALL.into_iter().map(|state| (state, of(state)));
        let states = states.filter(|(_, count)| *count > 0).collect();
        Self { total: items.len(), states, spent_micros }
    }

    /// Returns how many items are in a state.
    #[must_use]
    pub fn count(&self, state: ItemState) -> usize {
        self.states.iter().find(|(other, _)| *other == state).map_or(0, |(_, count)| *count)
    }
}

/// Writes both reports, each under a temporary name first.
pub(crate) fn write(folder: &Path, items: &[Item]) -> Result<[PathBuf; 2], BatchError> {
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        let written = temporary::create(&path).and_then(|mut file| {
            file.write_all(content)?;
            temporary::finish(file, &path)
        });
        match written {
            Ok(()) => Ok(path),
            Err(error) => Err(BatchError::Folder { path, error }),
        }
    };
    let mut lines = Vec::new();
    for item in items {
        lines.extend_from_slice(json!(item).to_string().as_bytes());
        lines.push(b'\n');
    }
    Ok([write(CSV_FILE, &table(items))?, write(JSON_LINES_FILE, &lines)?])
}

fn table(items: &[Item]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(HEADER);
    for item in items {
        let _ = writer.write_record(cells(item).map(|cell| escaped(&cell)));
    }
    writer.into_inner().unwrap_or_default()
}

fn cells(item: &Item) -> [String; 11] {
    let outputs: Vec<_> = item.outputs.iter().map(|path| path.to_string_lossy()).collect();
    let sent_at = item.sent_at.and_then(|second| Timestamp::from_second(second).ok());
    [
        item.id.clone(),
        item.row.clone(),
        item.state.to_string(),
        item.job_id.clone().unwrap_or_default(),
        outputs.join("; "),
        item.price_micros.map(dollars).unwrap_or_default(),
        sent_at.map(|time| time.to_string()).unwrap_or_default(),
        item.failures.to_string(),
        item.same_as.clone().unwrap_or_default(),
        item.error_code.clone().unwrap_or_default(),
        item.error.clone().unwrap_or_default(),
    ]
}

/// Returns a cell that a spreadsheet shows as text and never runs as a formula.
fn escaped(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_never_runs_a_cell() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(escaped(cell), format!("'{cell}"));
        }
        for cell in ["row-17", "", "a=b", " =1"] {
            assert_eq!(escaped(cell), cell);
        }
    }
}
