//! Creates the clients and keeps them between operations.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result as AnyResult};
use serde::Deserialize;
use serde_json::Value;
use viseme::{Backoff, Client, Config, ConfigBuilder, Pacing, Prediction, SubmitLimits};
use viseme_conformance::protocol;
use viseme_ledger::SqliteLedger;

/// The clients by id, and the predictions of earlier operations.
#[derive(Default)]
pub(crate) struct Clients {
    clients: Mutex<HashMap<String, Client>>,
    predictions: Mutex<HashMap<String, Prediction>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    request_timeout: Option<f64>,
    connect_timeout: Option<f64>,
    stall_timeout: Option<f64>,
    deadline: Option<f64>,
    max_retry_after: Option<f64>,
    recovery_window: Option<f64>,
    remote_check_timeout: Option<f64>,
    max_retries: Option<u32>,
    max_connections: Option<usize>,
    max_polls_per_second: Option<f64>,
    learned_pacing: Option<bool>,
    polls_per_job: Option<f64>,
    pacing_file: Option<String>,
    backoff: Option<BackoffSettings>,
    pacing: Option<PacingSettings>,
    submit_limits: Option<LimitSettings>,
    check_remote_media: bool,
    allow_private_addresses: Option<bool>,
    allow_http: Option<bool>,
    ledger: Option<String>,
    client_name: Option<String>,
    user_agent: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackoffSettings {
    base: f64,
    max: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PacingSettings {
    first: f64,
    interval: f64,
    growth: f64,
    max: f64,
    jitter: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitSettings {
    per_minute: u32,
    concurrent: usize,
}

/// A client, or the error of creating it.
pub(crate) type ClientResult = viseme::Result<Client>;

impl Clients {
    /// Returns the client with that id. Creates it if it does not exist.
    pub(crate) fn get(&self, wanted: &protocol::Client) -> AnyResult<ClientResult> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&wanted.id) {
            return Ok(Ok(client.clone()));
        }
        let result = create(wanted)?;
        if let Ok(client) = &result {
            clients.insert(wanted.id.clone(), client.clone());
        }
        Ok(result)
    }

    pub(crate) fn close(&self, id: &str) {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Keeps the prediction of an operation.
    pub(crate) fn keep(&self, run: &str, prediction: Prediction) {
        let mut predictions = self.predictions.lock().unwrap_or_else(PoisonError::into_inner);
        predictions.insert(run.to_owned(), prediction);
    }

    /// Returns the prediction of an operation.
    pub(crate) fn prediction_of(&self, run: &str) -> Option<Prediction> {
        self.predictions.lock().unwrap_or_else(PoisonError::into_inner).get(run).cloned()
    }
}

fn create(wanted: &protocol::Client) -> AnyResult<ClientResult> {
    let mut settings: Settings = serde_json::from_value(Value::Object(wanted.settings.clone()))
        .context("invalid `settings`")?;
    let builder = Config::builder()
        .ignore_env()
        .base_url(&wanted.base_url)
        .api_key(&wanted.key)
        .virtual_clock(wanted.virtual_clock);
    let builder = match settings.ledger.take() {
        Some(path) => builder.ledger(SqliteLedger::open(path)?),
        None => builder,
    };
    Ok(configure(builder, settings).build().and_then(Client::new))
}

/// A method of the builder that takes a duration.
type SetDuration = fn(ConfigBuilder, Duration) -> ConfigBuilder;

fn configure(mut to: ConfigBuilder, from: Settings) -> ConfigBuilder {
    let secs = |secs: f64| Duration::try_from_secs_f64(secs).unwrap_or_default();
    to = to
        .check_remote_media(from.check_remote_media)
        .allow_private_addresses(from.allow_private_addresses.unwrap_or(true));
    let durations: [(Option<f64>, SetDuration); 7] = [
        (from.request_timeout, ConfigBuilder::request_timeout),
        (from.connect_timeout, ConfigBuilder::connect_timeout),
        (from.stall_timeout, ConfigBuilder::stall_timeout),
        (from.deadline, ConfigBuilder::deadline),
        (from.max_retry_after, ConfigBuilder::max_retry_after),
        (from.recovery_window, ConfigBuilder::recovery_window),
        (from.remote_check_timeout, ConfigBuilder::remote_check_timeout),
    ];
    for (value, set) in durations {
        if let Some(value) = value {
            to = set(to, secs(value));
        }
    }
    if let Some(retries) = from.max_retries {
        to = to.max_retries(retries);
    }
    if let Some(connections) = from.max_connections {
        to = to.max_connections(connections);
    }
    if let Some(polls) = from.max_polls_per_second {
        to = to.max_polls_per_second(polls);
    }
    if let Some(learned) = from.learned_pacing {
        to = to.learned_pacing(learned);
    }
    if let Some(polls) = from.polls_per_job {
        to = to.polls_per_job(polls);
    }
    if let Some(path) = from.pacing_file {
        to = to.pacing_file(path);
    }
    if let Some(BackoffSettings { base, max }) = from.backoff {
        to = to.backoff(Backoff { base: secs(base), max: secs(max) });
    }
    if let Some(PacingSettings { first, interval, growth, max, jitter }) = from.pacing {
        let (first, interval, max) = (secs(first), secs(interval), secs(max));
        to = to.pacing(Pacing { first, interval, growth, max, jitter });
    }
    if let Some(LimitSettings { per_minute, concurrent }) = from.submit_limits {
        to = to.submit_limits(SubmitLimits { per_minute, concurrent });
    }
    if let Some(allow) = from.allow_http {
        to = to.allow_http(allow);
    }
    if let Some(name) = from.client_name {
        to = to.client_name(name);
    }
    if let Some(product) = from.user_agent {
        to = to.user_agent(product);
    }
    to
}
