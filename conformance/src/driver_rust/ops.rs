//! The operations.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use viseme::webhook::{Delivery, Verifier, WebhookSecret};
use viseme::{Client, HistoryFilter, Job, Prediction, Progress, Status, SubmitRecord};
use viseme_conformance::protocol::{Outcome, Run};

use crate::clients::Clients;
use crate::inputs::{input, medium, text};
use crate::values;

/// What an operation gave, or the client's error.
type Given = viseme::Result<Value>;

/// The progress that is told while an operation runs.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<Value>>>);

impl Events {
    fn push(&self, event: Option<Value>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(event);
    }

    fn listener(&self) -> impl Fn(Progress) + Send + Sync + 'static {
        let events = self.clone();
        move |progress| events.push(values::event(&progress))
    }
}

/// Carries an operation out; what the driver cannot do is a driver error.
pub(crate) async fn carry_out(clients: &Clients, run: Run) -> Outcome {
    let events = Events::default();
    let mut outcome = Outcome::default();
    match operate(clients, &run, &events).await {
        Ok(Ok(value)) => outcome.value = Some(value),
        Ok(Err(error)) => outcome.error = Some(values::error(&error)),
        Err(error) => outcome.driver_error = Some(format!("{error:#}")),
    }
    outcome.events = std::mem::take(&mut *events.0.lock().unwrap_or_else(PoisonError::into_inner));
    outcome
}

async fn operate(clients: &Clients, run: &Run, events: &Events) -> Result<Given> {
    if run.op == "webhook_verify" {
        return webhook_verify(&run.input);
    }
    let wanted = run.client.as_ref().context("the operation has no client")?;
    let client = match clients.get(wanted)? {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    let (message, options) = (&run.input, &run.options);
    match run.op.as_str() {
        "run" => {
            let mut running = client.run(input(message)?).on_progress(events.listener());
            if let Some(deadline) = seconds(options, "deadline") {
                running = running.deadline(deadline);
            }
            if let Some(url) = word(options, "webhook") {
                running = running.webhook(url);
            }
            let running = running
                .check_media(is(options, "check_media", true))
                .strict(is(options, "strict", false))
                .validate(is(options, "validate", false))
                .sync(is(options, "sync", false))
                .base64(is(options, "base64", false));
            let given = running.await;
            Ok(given.map(|prediction| kept(clients, run, prediction)))
        }
        "submit" => {
            let mut submit = client.submit(input(message)?).on_progress(events.listener());
            if let Some(url) = word(options, "webhook") {
                submit = submit.webhook(url);
            }
            let submit = submit
                .check_media(is(options, "check_media", true))
                .strict(is(options, "strict", false))
                .validate(is(options, "validate", false))
                .sync(is(options, "sync", false))
                .base64(is(options, "base64", false));
            Ok(submit.await.map(|job| submitted(&job)))
        }
        "run_many" => run_many(&client, message, options).await,
        "check" => Ok(client.check(input(message)?).await.map(|report| values::report(&report))),
        "validate" => {
            Ok(client.validate(input(message)?).await.map(|report| values::report(&report)))
        }
        "upload" => {
            let medium = medium(message.get("medium").context("the input has no `medium`")?)?;
            Ok(client.upload(medium).await.map(|url| json!({"url": url.as_str()})))
        }
        "job_wait" => {
            let mut wait = client.job(text(message, "job_id")?).wait();
            if let Some(deadline) = seconds(options, "deadline") {
                wait = wait.deadline(deadline);
            }
            let given = wait.on_progress(events.listener()).await;
            Ok(given.map(|prediction| kept(clients, run, prediction)))
        }
        "job_updates" => {
            let mut wait = client.job(text(message, "job_id")?).wait();
            if let Some(deadline) = seconds(options, "deadline") {
                wait = wait.deadline(deadline);
            }
            job_updates(wait, events).await
        }
        "job_refresh" => {
            let given = client.job(text(message, "job_id")?).refresh().await;
            Ok(given.map(|prediction| kept(clients, run, prediction)))
        }
        "download" => download(clients, &client, message, options).await,
        "recover" => {
            let record = message.get("record").cloned().unwrap_or_default();
            let record: SubmitRecord = serde_json::from_value(record).context("no record")?;
            Ok(client.recover(&record).await.map(|job| submitted(&job)))
        }
        "history" => history(&client, message).await,
        "models" => Ok(match message.get("id").and_then(Value::as_str) {
            Some(id) => client.model(id).await.map(|model| json!({"models": [model]})),
            None => client.models().await.map(|models| json!({"models": &models[..]})),
        }),
        "price" => {
            let query = client.price(input(message)?).upload(is(options, "upload", false));
            Ok(query.await.map(|price| serde_json::to_value(price).unwrap_or_default()))
        }
        "balance" => Ok(client.balance().await.map(|balance| json!({"balance": balance}))),
        "delete" => {
            let ids = message.get("ids").and_then(Value::as_array).context("no `ids`")?;
            let ids: Vec<String> =
                ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            Ok(client.delete(ids).await.map(|deleted| json!({"deleted": deleted})))
        }
        "webhook_receive" => {
            let given = client.receive_webhook(headers(message), text(message, "body")?.as_bytes());
            Ok(given.await.map(|delivery| told(&delivery)))
        }
        other => bail!("there is no operation `{other}`"),
    }
}

/// Keeps a prediction for a later download, and tells it.
fn kept(clients: &Clients, run: &Run, prediction: Prediction) -> Value {
    let value = values::prediction(&prediction);
    clients.keep(&run.id, prediction);
    value
}

fn submitted(job: &Job) -> Value {
    let prediction = job.prediction();
    json!({
        "job_id": job.id(),
        "status": prediction.map(|prediction| prediction.status.to_string()),
        "recovered": prediction.and_then(|prediction| prediction.recovered).map(values::recovered),
    })
}

async fn run_many(
    client: &Client,
    message: &Map<String, Value>,
    options: &Map<String, Value>,
) -> Result<Given> {
    let inputs = message.get("inputs").and_then(Value::as_array).context("no `inputs`")?;
    let inputs: Vec<_> =
        inputs.iter().filter_map(Value::as_object).map(input).collect::<Result<_>>()?;
    let limit = options.get("limit").and_then(Value::as_u64).unwrap_or(10);
    let mut many = client.run_many(inputs, usize::try_from(limit)?).check_media(is(
        options,
        "check_media",
        true,
    ));
    if let Some(deadline) = seconds(options, "deadline") {
        many = many.deadline(deadline);
    }
    let mut results = Vec::new();
    while let Some(done) = many.next().await {
        results.push(match &done.result {
            Ok(prediction) => {
                json!({"index": done.index, "prediction": values::prediction(prediction)})
            }
            Err(error) => json!({"index": done.index, "error": values::error(error)}),
        });
    }
    Ok(Ok(json!({"results": results})))
}

async fn job_updates(wait: viseme::Wait, events: &Events) -> Result<Given> {
    let mut updates = wait.updates();
    let mut seen = Vec::new();
    while let Some(update) = updates.next().await {
        match update {
            Ok(prediction) => {
                let prediction = values::prediction(&prediction);
                events.push(Some(json!({"event": "update", "prediction": prediction})));
                seen.push(prediction);
            }
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(json!({"updates": seen})))
}

async fn download(
    clients: &Clients,
    client: &Client,
    message: &Map<String, Value>,
    options: &Map<String, Value>,
) -> Result<Given> {
    let to = text(message, "to")?;
    let mut download = match (word(message, "url"), word(message, "of")) {
        (Some(url), _) => client.download(url, to),
        (None, Some(of)) => {
            let prediction =
                clients.given_by(of).with_context(|| format!("nothing came of {of}"))?;
            client.download_output(&prediction, to)
        }
        (None, None) => bail!("the input has neither `url` nor `of`"),
    };
    if let Some(bytes) = options.get("max_bytes").and_then(Value::as_u64) {
        download = download.max_bytes(bytes);
    }
    Ok(download.await.map(|saved| json!({"path": saved.path, "bytes": saved.bytes})))
}

async fn history(client: &Client, message: &Map<String, Value>) -> Result<Given> {
    let mut filter = HistoryFilter::new().include_inputs(is(message, "include_inputs", false));
    if let Some(model) = word(message, "model") {
        filter = filter.model(model);
    }
    if let Some(status) = word(message, "status") {
        filter = filter.status(Status::from_word(status));
    }
    if let Some(size) = message.get("page_size").and_then(Value::as_u64) {
        filter = filter.page_size(u32::try_from(size)?);
    }
    let limit = message.get("limit").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let mut pages = client.history(filter);
    let mut jobs = Vec::new();
    while (jobs.len() as u64) < limit
        && let Some(job) = pages.next().await
    {
        match job {
            Ok(job) => jobs.push(values::prediction(&job)),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(json!({"jobs": jobs})))
}

fn webhook_verify(message: &Map<String, Value>) -> Result<Given> {
    let now = match word(message, "now") {
        Some(now) => now.parse::<jiff::Timestamp>().context("`now` is no time")?.into(),
        None => SystemTime::now(),
    };
    let secret = match WebhookSecret::new(text(message, "secret")?) {
        Ok(secret) => secret,
        Err(error) => return Ok(Err(error)),
    };
    let mut verifier = Verifier::new(secret);
    if let Some(tolerance) = seconds(message, "tolerance") {
        verifier = verifier.tolerance(tolerance);
    }
    let body = text(message, "body")?.as_bytes();
    Ok(verifier.receive(headers(message), body, now).map(|delivery| told(&delivery)))
}

fn told(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "sent_at": values::time(delivery.sent_at),
        "prediction": values::prediction(&delivery.prediction),
    })
}

fn headers(message: &Map<String, Value>) -> Vec<(String, String)> {
    let pairs = message.get("headers").and_then(Value::as_array).into_iter().flatten();
    let part =
        |pair: &Value, index: usize| pair.get(index).and_then(Value::as_str).map(str::to_owned);
    pairs.filter_map(|pair| Some((part(pair, 0)?, part(pair, 1)?))).collect()
}

fn word<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

fn is(fields: &Map<String, Value>, name: &str, otherwise: bool) -> bool {
    fields.get(name).and_then(Value::as_bool).unwrap_or(otherwise)
}

fn seconds(fields: &Map<String, Value>, name: &str) -> Option<Duration> {
    let seconds = fields.get(name).and_then(Value::as_f64)?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
