//! Runs the operations of the protocol.

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

/// The value of an operation, or the error of the client.
type OperationResult = viseme::Result<Value>;

/// The progress events of an operation.
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

/// Runs an operation. If the driver cannot run it, the outcome is a driver error.
pub(crate) async fn execute(clients: &Clients, run: Run) -> Outcome {
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

async fn operate(clients: &Clients, run: &Run, events: &Events) -> Result<OperationResult> {
    if run.op == "webhook_verify" {
        return webhook_verify(&run.input);
    }
    let wanted = run.client.as_ref().context("the operation has no client")?;
    let client = match clients.get(wanted)? {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    let (message, options) = (&run.input, &run.options);
    let additional = options.get("headers").and_then(Value::as_object);
    let additional = additional.into_iter().flatten();
    let additional = additional.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let client = match client.with_headers(additional) {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    match run.op.as_str() {
        "run" => {
            let mut running = client.run(input(message)?).on_progress(events.listener());
            if let Some(deadline) = seconds(options, "deadline") {
                running = running.deadline(deadline);
            }
            if let Some(url) = text_of(options, "webhook") {
                running = running.webhook(url);
            }
            let running = running
                .check_media(flag(options, "check_media", true))
                .strict(flag(options, "strict", false))
                .validate(flag(options, "validate", false))
                .sync(flag(options, "sync", false))
                .base64(flag(options, "base64", false));
            let running = match text_of(options, "key") {
                Some(key) => running.key(key).retry_failed(flag(options, "retry_failed", false)),
                None => running,
            };
            if flag(options, "submit_error", false) {
                return Ok(prevented(running.before_submit(|_| failing_hook()).await.map(drop)));
            }
            let to = options.get("save_record").cloned();
            let result = running.before_submit(move |record| save_record(record, to.clone())).await;
            Ok(result.map(|prediction| keep(clients, run, prediction)))
        }
        "submit" => {
            let mut submit = client.submit(input(message)?).on_progress(events.listener());
            if let Some(url) = text_of(options, "webhook") {
                submit = submit.webhook(url);
            }
            let submit = submit
                .check_media(flag(options, "check_media", true))
                .strict(flag(options, "strict", false))
                .validate(flag(options, "validate", false))
                .sync(flag(options, "sync", false))
                .base64(flag(options, "base64", false));
            let submit = match text_of(options, "key") {
                Some(key) => submit.key(key).retry_failed(flag(options, "retry_failed", false)),
                None => submit,
            };
            if flag(options, "submit_error", false) {
                return Ok(prevented(submit.before_submit(|_| failing_hook()).await.map(drop)));
            }
            let to = options.get("save_record").cloned();
            let result = submit.before_submit(move |record| save_record(record, to.clone())).await;
            Ok(result.map(|job| submitted(&job)))
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
            let result = wait.on_progress(events.listener()).await;
            Ok(result.map(|prediction| keep(clients, run, prediction)))
        }
        "job_updates" => {
            let mut wait = client.job(text(message, "job_id")?).wait();
            if let Some(deadline) = seconds(options, "deadline") {
                wait = wait.deadline(deadline);
            }
            job_updates(wait, events).await
        }
        "job_refresh" => {
            let result = client.job(text(message, "job_id")?).refresh().await;
            Ok(result.map(|prediction| keep(clients, run, prediction)))
        }
        "download" => download(clients, &client, message, options).await,
        "download_outputs" => download_outputs(clients, &client, message, options).await,
        "recover" => {
            let record = message.get("record").cloned().unwrap_or_default();
            let record: SubmitRecord =
                serde_json::from_value(record).context("invalid `record`")?;
            Ok(client.recover(&record).await.map(|job| submitted(&job)))
        }
        "history" => history(&client, message).await,
        "models" => Ok(match message.get("id").and_then(Value::as_str) {
            Some(id) => client.model(id).await.map(|model| json!({"models": [model]})),
            None => client.models().await.map(|models| json!({"models": &models[..]})),
        }),
        "price" => {
            let query = client.price(input(message)?).upload(flag(options, "upload", false));
            Ok(query.await.map(|price| serde_json::to_value(price).unwrap_or_default()))
        }
        "balance" => Ok(client.balance().await.map(|balance| json!({"balance": balance}))),
        "delete" => {
            let ids =
                message.get("ids").and_then(Value::as_array).context("the input has no `ids`")?;
            let ids: Vec<String> =
                ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            Ok(client.delete(ids).await.map(|deleted| json!({"deleted": deleted})))
        }
        "set_api_key" => Ok(client.set_api_key(text(message, "key")?).map(|()| json!({}))),
        "webhook_receive" => {
            let result =
                client.receive_webhook(headers(message), text(message, "body")?.as_bytes());
            Ok(result.await.map(|received| delivery(&received)))
        }
        other => bail!("there is no operation `{other}`"),
    }
}

/// A hook that prevents the submit.
async fn failing_hook() -> std::result::Result<(), &'static str> {
    Err("prevented")
}

/// Saves a record if the options say so, and then waits until the harness kills this process.
async fn save_record(record: SubmitRecord, how: Option<Value>) -> std::io::Result<()> {
    let Some(how) = how else { return Ok(()) };
    let field = |name: &str| how.get(name).and_then(Value::as_str);
    let hold = field("hold");
    let content = if hold == Some("before") { String::new() } else { json!(record).to_string() };
    tokio::fs::write(field("to").unwrap_or_default(), content).await?;
    if hold.is_some() {
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// Converts the result of an operation whose hook prevents the submit.
fn prevented(result: viseme::Result<()>) -> OperationResult {
    match result {
        Err(error) if error.message().contains("was prevented") => Ok(json!({"prevented": true})),
        result => result.map(|()| json!({})),
    }
}

/// Keeps a prediction for a later download and converts it.
fn keep(clients: &Clients, run: &Run, prediction: Prediction) -> Value {
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
) -> Result<OperationResult> {
    let inputs =
        message.get("inputs").and_then(Value::as_array).context("the input has no `inputs`")?;
    let inputs: Vec<_> =
        inputs.iter().filter_map(Value::as_object).map(input).collect::<Result<_>>()?;
    let limit = options.get("limit").and_then(Value::as_u64).unwrap_or(10);
    let mut many = client.run_many(inputs, usize::try_from(limit)?).check_media(flag(
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

async fn job_updates(wait: viseme::Wait, events: &Events) -> Result<OperationResult> {
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
) -> Result<OperationResult> {
    let to = text(message, "to")?;
    let mut download = match (text_of(message, "url"), text_of(message, "of")) {
        (Some(url), _) => client.download(url, to),
        (None, Some(of)) => {
            let prediction = clients
                .prediction_of(of)
                .with_context(|| format!("the operation {of} has no prediction"))?;
            client.download_output(&prediction, to)
        }
        (None, None) => bail!("the input has neither `url` nor `of`"),
    };
    if let Some(bytes) = options.get("max_bytes").and_then(Value::as_u64) {
        download = download.max_bytes(bytes);
    }
    Ok(download.await.map(|file| json!({"path": file.path, "bytes": file.bytes})))
}

async fn download_outputs(
    clients: &Clients,
    client: &Client,
    message: &Map<String, Value>,
    options: &Map<String, Value>,
) -> Result<OperationResult> {
    let of = text(message, "of")?;
    let prediction = clients
        .prediction_of(of)
        .with_context(|| format!("the operation {of} has no prediction"))?;
    let mut files = Vec::new();
    for mut download in client.download_outputs(&prediction, text(message, "to")?) {
        if let Some(bytes) = options.get("max_bytes").and_then(Value::as_u64) {
            download = download.max_bytes(bytes);
        }
        match download.await {
            Ok(file) => files.push(json!({"path": file.path, "bytes": file.bytes})),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(json!({"files": files})))
}

async fn history(client: &Client, message: &Map<String, Value>) -> Result<OperationResult> {
    let mut filter = HistoryFilter::new().include_inputs(flag(message, "include_inputs", false));
    if let Some(model) = text_of(message, "model") {
        filter = filter.model(model);
    }
    if let Some(status) = text_of(message, "status") {
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

fn webhook_verify(message: &Map<String, Value>) -> Result<OperationResult> {
    let now = match text_of(message, "now") {
        Some(now) => {
            now.parse::<jiff::Timestamp>().context("`now` must be an RFC 3339 time")?.into()
        }
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
    Ok(verifier.receive(headers(message), body, now).map(|received| delivery(&received)))
}

fn delivery(delivery: &Delivery) -> Value {
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

fn text_of<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

fn flag(fields: &Map<String, Value>, name: &str, otherwise: bool) -> bool {
    fields.get(name).and_then(Value::as_bool).unwrap_or(otherwise)
}

fn seconds(fields: &Map<String, Value>, name: &str) -> Option<Duration> {
    let seconds = fields.get(name).and_then(Value::as_f64)?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
