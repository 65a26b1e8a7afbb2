//! Checks a manifest, and estimates what it costs and how long it takes, before anything is submitted.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _};
use serde_json::Value;
use viseme::model::describe;
use viseme::{Client, Media, Report, SubmitLimits};

use crate::manifest::{Manifest, Row, RowError};
use crate::output_file;
use crate::price::{Prices, micros};

/// How many rows are checked at the same time.
const PARALLEL_CHECKS: usize = 8;

/// The check of one row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RowCheck {
    /// The id of the row.
    pub id: String,
    /// Where the row stands, such as `jobs.csv:17`.
    pub row: String,
    /// What is wrong with the input.
    pub report: Report,
}

/// What a batch costs at least, before any discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Estimate {
    /// In millionths of a US dollar.
    pub price_micros: u64,
    /// Whether the service measures media that are not uploaded yet, so that the price may be higher.
    pub is_minimum: bool,
}

impl Manifest {
    /// Checks each row against the rules of its model, in the order of the rows. Uploads nothing and costs
    /// nothing.
    ///
    /// # Errors
    /// Broken rules are in the reports. An item is an error if the check cannot be made.
    pub fn check(
        &self,
        client: &Client,
    ) -> impl Stream<Item = viseme::Result<RowCheck>> + Send + use<> {
        let client = client.clone();
        let rows = self.shared_rows();
        stream::iter(0..rows.len())
            .map(move |index| {
                let (client, row) = (client.clone(), rows.get(index).cloned());
                async move {
                    let row = row?;
                    let checked = client.check(row.input()).await;
                    Some(checked.map(|report| RowCheck { id: row.id, row: row.position, report }))
                }
            })
            .buffered(PARALLEL_CHECKS)
            .filter_map(std::future::ready)
    }

    /// Returns an error for each row whose result would replace that of another row, or an input.
    #[must_use]
    pub fn conflicts(&self, folder: &Path) -> Vec<RowError> {
        output_file::conflicts(folder, self.rows())
    }

    /// Returns how many jobs the batch needs: equal rows share one unless each is to be paid for.
    #[must_use]
    pub fn jobs(&self, repeat: bool) -> usize {
        self.distinct(repeat).len()
    }

    /// Returns what the jobs cost together. Needs the API key; costs nothing and uploads nothing.
    ///
    /// # Errors
    /// The errors of [`Client::price`].
    pub async fn estimate(&self, client: &Client, repeat: bool) -> viseme::Result<Estimate> {
        let prices = Prices::default();
        let mut measured: HashMap<String, (u64, bool)> = HashMap::new();
        let mut total = Estimate { price_micros: 0, is_minimum: false };
        for row in self.distinct(repeat) {
            let price = match prices.fixed(client, &row.model).await? {
                Some(price) => price,
                None => {
                    // The price does not depend on the names of files that the service cannot see.
                    let query = without_files(row);
                    let (price, is_minimum) = match measured.get(&query) {
                        Some(known) => *known,
                        None => {
                            let price = client.price(row.input()).await?;
                            let known = (micros(price.due()), !price.left_out.is_empty());
                            *measured.entry(query).or_insert(known)
                        }
                    };
                    total.is_minimum |= is_minimum;
                    price
                }
            };
            total.price_micros = total.price_micros.saturating_add(price);
        }
        Ok(total)
    }

    /// Returns how long the jobs take at least with these limits: a job cannot end before its first poll.
    #[must_use]
    pub fn shortest_time(&self, limits: SubmitLimits, repeat: bool) -> Duration {
        let rows = self.distinct(repeat);
        let jobs = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let job = rows.iter().filter_map(|row| describe(&row.model)).map(|model| model.first_poll);
        let job = job.max().unwrap_or_default();
        let waves = rows.len().div_ceil(limits.concurrent.max(1));
        let of_submits = Duration::from_secs(60).saturating_mul(jobs) / limits.per_minute.max(1);
        of_submits.max(job.saturating_mul(u32::try_from(waves).unwrap_or(u32::MAX)))
    }

    fn distinct(&self, repeat: bool) -> Vec<&Row> {
        let mut seen = HashSet::new();
        self.rows().iter().filter(|row| repeat || seen.insert(row.digest())).collect()
    }
}

/// Returns the model and the parameters without the names of files.
fn without_files(row: &Row) -> String {
    let is_file = |value: &Value| {
        value.as_str().is_some_and(|text| matches!(Media::from(text), Media::Path(_)))
    };
    let files: HashSet<&str> = row.files().map(|(name, _)| name).collect();
    let parameters: serde_json::Map<_, _> = row
        .parameters
        .iter()
        .filter(|(name, value)| !(files.contains(name.as_str()) && is_file(value)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    serde_json::json!([row.model, parameters]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Row;

    fn manifest(rows: usize) -> Manifest {
        let row = |number: usize| {
            let values = serde_json::json!({
                "id": number.to_string(), "video": "v.mp4", "audio": format!("{}.mp3", number / 2),
            });
            let Value::Object(values) = values else { unreachable!() };
            Row::new(number.to_string(), values, Path::new(""))
        };
        Manifest::new((0..rows).map(row)).unwrap()
    }

    #[test]
    fn equal_rows_need_one_job() {
        assert_eq!((manifest(10).jobs(false), manifest(10).jobs(true)), (5, 10));
    }

    #[test]
    fn rows_that_are_filtered_out_need_no_job() {
        let good = manifest(10).filter(|row| row.id != "4" && row.id != "5" && row.id != "6");
        assert_eq!((good.rows().len(), good.jobs(false), good.jobs(true)), (7, 4, 7));
    }

    #[test]
    fn the_shortest_time_is_bounded_by_submits_and_by_jobs_at_once() {
        let first_poll = describe(viseme::AudioToVideo::MODEL).unwrap().first_poll;
        let limits = SubmitLimits { per_minute: 60, concurrent: 1_000 };
        let time = manifest(240).shortest_time(limits, true);
        assert_eq!(time, Duration::from_secs(240).max(first_poll));
        let limits = SubmitLimits { per_minute: 60_000, concurrent: 1 };
        assert_eq!(manifest(10).shortest_time(limits, true), first_poll * 10);
    }
}
