//! Many runs at once through one client.

use std::future::IntoFuture as _;
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use viseme::{AudioToVideo, Client, Config, Pacing, Prediction};

use super::Server;
use super::measure::measure;

/// The time between two polls of a job.
const PAUSE: Duration = Duration::from_secs(1);
/// How many errors the report contains.
pub(crate) const MAX_ERRORS: usize = 5;

/// A job's id, and when its end was known to the client, since 1970.
type CompletedJob = (String, Duration);

pub(crate) fn run(server: &Server, jobs: usize) -> Result<Value> {
    let runtime = server.runtime()?;
    let client = Client::new(config(server)?)?;
    let (outcomes, cost) = measure(&runtime, all(&client, jobs))?;
    ensure!(outcomes.len() == jobs, "{} results for {jobs} jobs", outcomes.len());
    let errors: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    let ended = outcomes.iter().flatten();
    Ok(json!({
        "cost": cost.json(),
        "future_bytes": future_bytes(&client),
        "errors": errors.len(),
        "first_errors": errors.iter().take(MAX_ERRORS).collect::<Vec<_>>(),
        "ended": ended.map(|(id, seen)| (id, seen.as_secs_f64())).collect::<Vec<_>>(),
    }))
}

pub(crate) fn config(server: &Server) -> viseme::Result<Config> {
    Client::builder()
        .ignore_env()
        .base_url(&server.url)
        .api_key(&server.key)
        .pacing(Pacing::every(PAUSE))
        // The inputs' URLs do not exist, and only requests to the server count.
        .check_remote_media(false)
        // The limit must not be what is measured.
        .max_polls_per_second(1e6)
        .build()
}

async fn all(client: &Client, jobs: usize) -> Vec<Result<CompletedJob, String>> {
    let mut running = JoinSet::new();
    for number in 0..jobs {
        let run = client.run(input(number));
        running.spawn(async move {
            let prediction = run.await.map_err(|error| error.to_string())?;
            ended(prediction, SystemTime::now())
        });
    }
    let mut outcomes = Vec::with_capacity(jobs);
    while let Some(outcome) = running.join_next().await {
        outcomes.push(outcome.unwrap_or_else(|error| Err(error.to_string())));
    }
    outcomes
}

/// An input that differs for each job, since the ledger counts equal inputs as paid twice.
pub(crate) fn input(number: usize) -> AudioToVideo {
    AudioToVideo::new()
        .audio(format!("https://example.com/{number}/voice.mp3"))
        .video(format!("https://example.com/{number}/face.mp4"))
}

fn ended(prediction: Prediction, seen: SystemTime) -> Result<CompletedJob, String> {
    let since = seen.duration_since(SystemTime::UNIX_EPOCH);
    Ok((prediction.id, since.map_err(|error| error.to_string())?))
}

/// The size of the future of one run, without what it points to.
fn future_bytes(client: &Client) -> usize {
    size_of_val(&*client.run(input(0)).into_future())
}
