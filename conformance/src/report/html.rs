//! One page for people, that needs nothing from elsewhere: the run as data within a fixed page.

use anyhow::Result;
use serde_json::{Value, json};

use super::Run;

const PAGE: &str = include_str!("page.html");
/// Where the data goes.
const PLACE: &str = "@DATA@";
/// How many lines of log are kept of a step.
const LOG_LINES: usize = 200;

/// The page.
///
/// # Errors
/// Where the run cannot be written as JSON.
pub fn page(run: &Run) -> Result<String> {
    let mut data = serde_json::to_value(run)?;
    for (driver, report) in run.drivers.iter().enumerate() {
        for (number, result) in report.results.iter().enumerate() {
            let place = format!("/drivers/{driver}/results/{number}");
            let Some(fields) = data.pointer_mut(&place).and_then(Value::as_object_mut) else {
                continue;
            };
            fields.insert("lines".to_owned(), json!(result.verdict.lines()));
            let steps = fields.get_mut("evidence").and_then(|evidence| evidence.get_mut("steps"));
            for step in steps.and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(Value::Array(lines)) = step.pointer_mut("/outcome/logs") {
                    lines.truncate(LOG_LINES);
                }
            }
        }
    }
    // Within a script element only `<` could end it.
    let data = serde_json::to_string(&data)?.replace('<', "\\u003c");
    Ok(PAGE.replacen(PLACE, &data, 1))
}
