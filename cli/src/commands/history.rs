//! `viseme history`.

use std::time::{Duration, SystemTime};

use serde_json::json;
use viseme::{HistoryFilter, Prediction, Status};

use crate::args::parse_time;
use crate::connect;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::terminal::print;

#[derive(Debug, clap::Args)]
pub(crate) struct History {
    /// Only jobs of this model.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,

    /// Only jobs in this state: created, processing, completed, failed, cancelled or timeout.
    #[arg(long)]
    status: Option<String>,

    /// Only jobs of the last while, such as `2h` or `3days`. The service keeps seven days.
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    since: Option<Duration>,

    /// At most this many jobs, the newest first.
    #[arg(long, short = 'n', default_value_t = 20, value_name = "NUMBER")]
    limit: usize,

    /// With each job's input (in --json).
    #[arg(long)]
    inputs: bool,
}

pub(crate) async fn history(options: &Options, history: History) -> Result<Ending> {
    let limit = history.limit;
    let mut jobs = connect::online(options)?.history(filter(history));
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(job) = jobs.next().await else { break };
        let job = job.map_err(Failure::question)?;
        if !options.json {
            print(line(&job))?;
        }
        found.push(job);
    }
    if options.json {
        print(json!({"jobs": found}))?;
    }
    Ok(Ending::Done)
}

fn filter(history: History) -> HistoryFilter {
    let size = u32::try_from(history.limit).unwrap_or(u32::MAX);
    let mut filter = HistoryFilter::new().include_inputs(history.inputs).page_size(size);
    if let Some(model) = history.model {
        filter = filter.model(model);
    }
    if let Some(word) = history.status {
        filter = filter.status(Status::from_word(&word));
    }
    if let Some(since) = history.since {
        filter = filter
            .created_after(SystemTime::now().checked_sub(since).unwrap_or(SystemTime::UNIX_EPOCH));
    }
    filter
}

fn line(job: &Prediction) -> String {
    let at = job.created_at.map(|at| humantime::format_rfc3339_seconds(at).to_string());
    let at = at.unwrap_or_else(|| "unknown time".to_owned());
    format!("{at:20}  {:10}  {}  {}", job.status.as_str(), job.id, job.model)
}
