//! Jobs through one client with one kind of pacing: when was each result in hand?

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};
use clap::Args;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use viseme::{Client, Clock, Pacing};

use super::Server;
use super::measure::measure;
use super::runs::{MAX_ERRORS, input};

/// Jobs, and when to poll them.
#[derive(Args)]
pub(crate) struct PacingOptions {
    /// How many jobs run before the measured ones
    #[arg(long, default_value_t = 50)]
    seen: usize,
    /// How many jobs are measured
    #[arg(long)]
    jobs: usize,
    /// How many jobs run at the same time
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// `learned`, `default` (without learning), `exponential` (1 s, doubling to 30 s), or the seconds between two polls
    #[arg(long, value_parser = kind)]
    pacing: Kind,
    /// How many polls a job may take on average once its duration is learned
    #[arg(long)]
    polls_per_job: Option<f64>,
    /// How many times as fast time passes for the client: that of the server must be scaled by as much
    #[arg(long)]
    time_scale: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Learned,
    Default,
    Fixed(Pacing),
}

/// When the results were in hand, by the index of the job, with its id.
type InHand = Vec<(usize, Result<(String, f64), String>)>;

pub(crate) fn run(server: &Server, options: &PacingOptions) -> Result<Value> {
    let runtime = server.runtime()?;
    let client = client(server, options)?;
    let first = runtime.block_on(all(&client, 0..options.seen, options.limit));
    ensure!(first.iter().all(|(_, result)| result.is_ok()), "a job failed: {first:?}");
    let jobs = options.seen..options.seen + options.jobs;
    let (results, cost) = measure(&runtime, all(&client, jobs, options.limit))?;
    let errors: Vec<_> =
        results.iter().filter_map(|(_, result)| result.as_ref().err().cloned()).collect();
    Ok(json!({
        "cost": cost.json(),
        "errors": errors.len(),
        "first_errors": errors.iter().take(MAX_ERRORS).collect::<Vec<_>>(),
        "ended": results.iter().filter_map(|(_, result)| result.as_ref().ok()).collect::<Vec<_>>(),
    }))
}

fn client(server: &Server, options: &PacingOptions) -> Result<Client> {
    let builder = Client::builder()
        .ignore_env()
        .base_url(&server.url)
        .api_key(&server.key)
        // The inputs' URLs do not exist, and only requests to the server count.
        .check_remote_media(false);
    let mut builder = match options.pacing {
        Kind::Learned => builder,
        Kind::Default => builder.learned_pacing(false),
        Kind::Fixed(pacing) => builder.pacing(pacing),
    };
    if let Some(polls) = options.polls_per_job {
        builder = builder.polls_per_job(polls);
    }
    let config = builder.build()?;
    Ok(match options.time_scale {
        None => Client::new(config)?,
        Some(scale) => {
            Client::with_clock(config, Arc::new(ScaledClock { origin: Instant::now(), scale }))?
        }
    })
}

/// Runs jobs with these numbers.
async fn all(client: &Client, jobs: std::ops::Range<usize>, limit: usize) -> InHand {
    // The date may be set meanwhile; what passes does not depend on it.
    let (date, origin) = (SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(), Instant::now());
    let mut results = client.run_many(jobs.map(input), limit);
    let mut in_hand = InHand::new();
    while let Some(done) = results.next().await {
        let at = (date + origin.elapsed()).as_secs_f64();
        let result = done.result.map(|prediction| (prediction.id, at));
        in_hand.push((done.index, result.map_err(|error| error.to_string())));
    }
    in_hand
}

/// Time that passes faster than real time.
struct ScaledClock {
    origin: Instant,
    scale: f64,
}

impl Clock for ScaledClock {
    fn now(&self) -> Duration {
        self.origin.elapsed().mul_f64(self.scale)
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time.div_f64(self.scale)))
    }

    fn random(&self) -> f64 {
        fastrand::f64()
    }
}

fn kind(word: &str) -> Result<Kind, String> {
    let second = Duration::from_secs(1);
    match word {
        "learned" => Ok(Kind::Learned),
        "default" => Ok(Kind::Default),
        "exponential" => {
            let growing = Pacing { growth: 2.0, max: 30 * second, ..Pacing::every(second) };
            Ok(Kind::Fixed(growing))
        }
        seconds => match seconds.parse().map(Duration::try_from_secs_f64) {
            Ok(Ok(pause)) if !pause.is_zero() => Ok(Kind::Fixed(Pacing::every(pause))),
            _ => Err("must be learned, default, exponential, or a number of seconds".to_owned()),
        },
    }
}
