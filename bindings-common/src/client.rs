//! The client and the jobs, as a host holds them.

use std::future::IntoFuture as _;
use std::time::SystemTime;

use futures_util::stream::{Stream, StreamExt as _};
use serde::Serialize;
use viseme::webhook::{Delivery, Verifier, WebhookSecret};
use viseme::{Client, Download, Job, Output, Prediction, Status, Wait};

use crate::dto::{
    BillingData, ClientConfig, Contents, DeliveryData, DownloadProgress, DownloadedFile, ErrorData,
    InputData, JobRequest, Model, OutputData, PredictionData, Price, Report, Request,
    UploadProgress, Usage, WebhookVerification, duration, moment, pairs,
};
use crate::ledger::{self, LedgerHandle};
use crate::message::{self, error, event, item, outcome};
use crate::run_many::run_many;
use crate::task::{EventSender, JobSlot, JobTracker, RunEvents, Task};

/// A client of the service. Clones are the same client.
#[derive(Clone)]
pub struct ClientHandle {
    client: Client,
    ledger: LedgerHandle,
}

impl ClientHandle {
    /// Makes a client with the settings of a [`ClientConfig`] in JSON.
    ///
    /// # Errors
    /// Returns the error as a message in JSON.
    pub fn open(config: &str) -> Result<Self, String> {
        message::parse::<ClientConfig>(config)
            .map_err(|cause| Box::new(ErrorData { code: "config".to_owned(), ..*cause }))
            .and_then(|config| {
                let (config, ledger) = ledger::configure(config.into_builder()?)?;
                Ok(Self { client: Client::new(config)?, ledger })
            })
            .map_err(error)
    }

    /// Starts the operation of a [`Request`] in JSON.
    #[must_use]
    pub fn start(&self, request: &str, contents: Vec<Vec<u8>>) -> Task {
        message::parse(request)
            .and_then(|request| match request {
                Request::LedgerSubmits { .. }
                | Request::LedgerGiveUp { .. }
                | Request::LedgerAdopt { .. }
                | Request::LedgerReplaceApiKey => self.ledger.start(&self.client, request),
                #[cfg(feature = "batch")]
                Request::Batch { .. }
                | Request::BatchItems { .. }
                | Request::BatchSummary { .. } => crate::batch::start(&self.client, request),
                #[cfg(feature = "batch")]
                Request::Dub { .. } | Request::DubPlan { .. } => {
                    crate::dub::start(&self.client, request)
                }
                #[cfg(feature = "batch")]
                Request::Fit { input, out, options, fallback_ffmpeg } => {
                    let input = input.build(&mut Contents(contents))?;
                    crate::fit::start(input, out, options, fallback_ffmpeg)
                }
                request => start(&self.client, request, Contents(contents)),
            })
            .unwrap_or_else(|cause| Task::ready(error(cause)))
    }

    /// Replaces the API key for all further requests.
    ///
    /// # Errors
    /// Returns the error as a message in JSON.
    pub fn set_api_key(&self, key: &str) -> Result<(), String> {
        self.client.set_api_key(key).map_err(|cause| error(cause.into()))
    }

    /// Returns a handle on a job that was submitted before.
    #[must_use]
    pub fn job(&self, id: impl AsRef<str>) -> JobHandle {
        self.client.job(id).into()
    }

    /// Ends the waits for the job of a webhook delivery that was verified elsewhere; returns whether
    /// there were any, as a message in JSON.
    #[must_use]
    pub fn deliver(&self, body: &[u8]) -> String {
        let delivered =
            viseme::webhook::parse(body).map(|prediction| self.client.deliver(prediction));
        outcome::<bool>(delivered)
    }
}

/// A handle on a job.
#[derive(Clone)]
pub struct JobHandle {
    job: Job,
}

impl From<Job> for JobHandle {
    fn from(job: Job) -> Self {
        Self { job }
    }
}

impl JobHandle {
    /// Returns the job's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.job.id()
    }

    /// Starts the operation of a [`JobRequest`] in JSON.
    #[must_use]
    pub fn start(&self, request: &str) -> Task {
        message::parse(request)
            .and_then(|request| start_of_job(&self.job, request))
            .map(|task| {
                let jobs = JobTracker::default();
                jobs.accepted(0, self.id().to_owned());
                task.with_jobs(jobs)
            })
            .unwrap_or_else(|cause| Task::ready(error(cause)))
    }
}

/// Checks an [`InputData`] in JSON without a client.
#[must_use]
pub fn check_input(input: &str, contents: Vec<Vec<u8>>) -> Task {
    let mut contents = Contents(contents);
    match message::parse::<InputData>(input).and_then(|input| input.build(&mut contents)) {
        Ok(input) => {
            Task::from_future(async move { outcome::<Report>(viseme::check(input).await) })
        }
        Err(cause) => Task::ready(error(cause)),
    }
}

/// Verifies a webhook delivery by a [`WebhookVerification`] in JSON; returns the outcome as a message
/// in JSON.
#[must_use]
pub fn verify_webhook(request: &str, body: &[u8]) -> String {
    match message::parse(request).and_then(|request| verify(request, body)) {
        Ok(delivery) => outcome::<DeliveryData>(Ok(delivery)),
        Err(cause) => error(cause),
    }
}

fn verify(request: WebhookVerification, body: &[u8]) -> Result<Delivery, Box<ErrorData>> {
    let WebhookVerification { secrets, headers, tolerance_ms, now } = request;
    let mut secrets = secrets.into_iter();
    let mut verifier = Verifier::new(WebhookSecret::new(secrets.next().unwrap_or_default())?);
    for secret in secrets {
        verifier = verifier.or(WebhookSecret::new(secret)?);
    }
    if let Some(tolerance) = tolerance_ms {
        verifier = verifier.tolerance(duration("toleranceMs", tolerance)?);
    }
    let now = now.map_or_else(|| Ok(SystemTime::now()), |now| moment("now", now))?;
    Ok(verifier.receive(headers, body, now)?)
}

fn start(
    client: &Client,
    request: Request,
    mut contents: Contents,
) -> Result<Task, Box<ErrorData>> {
    Ok(match request {
        Request::Run { input, options, progress } => {
            let client = client.with_headers(pairs(&options.headers))?;
            let run = options.apply_to_run(client.run(input.build(&mut contents)?))?;
            let jobs = JobTracker::default();
            let tracked = jobs.clone();
            Task::with_progress(progress, move |sender| async move {
                let (listener, hook) = RunEvents { sender, jobs, index: 0 }.hooks(event);
                outcome::<PredictionData>(run.on_progress(listener).before_submit(hook).await)
            })
            .with_jobs(tracked)
        }
        Request::RunMany { limit, options, progress } => {
            options.require_no_key()?;
            let client = client.with_headers(pairs(&options.headers))?;
            run_many(client, limit, options, progress)
        }
        Request::Submit { input, options, progress } => {
            let client = client.with_headers(pairs(&options.headers))?;
            let submit = options.apply_to_submit(client.submit(input.build(&mut contents)?))?;
            let slot = JobSlot::default();
            let submitted = slot.clone();
            let jobs = JobTracker::default();
            let tracked = jobs.clone();
            Task::with_progress(progress, move |sender| async move {
                let (listener, hook) = RunEvents { sender, jobs, index: 0 }.hooks(event);
                let submit = submit.on_progress(listener).before_submit(hook);
                submit_outcome(submit.await, &submitted)
            })
            .with_job(slot)
            .with_jobs(tracked)
        }
        Request::Recover { record, exclude, sent_within_ms, match_by_time } => {
            let record = viseme::SubmitRecord::try_from(record)?;
            let mut recover = client.recover(&record).exclude(exclude).match_by_time(match_by_time);
            if let Some(delay) = sent_within_ms {
                recover = recover.sent_within(duration("sentWithinMs", delay)?);
            }
            let slot = JobSlot::default();
            let recovered = slot.clone();
            Task::from_future(async move { submit_outcome(recover.await, &recovered) })
                .with_job(slot)
        }
        Request::Check { input } => {
            let (client, input) = (client.clone(), input.build(&mut contents)?);
            Task::from_future(async move { outcome::<Report>(client.check(input).await) })
        }
        Request::Validate { input } => {
            let (client, input) = (client.clone(), input.build(&mut contents)?);
            Task::from_future(async move { outcome::<Report>(client.validate(input).await) })
        }
        Request::Price { input, upload } => {
            let query = client.price(input.build(&mut contents)?).upload(upload).into_future();
            Task::from_future(async move { outcome::<Price>(query.await) })
        }
        Request::Upload { medium, progress } => {
            let upload = client.upload(medium.build(&mut contents)?);
            Task::with_progress(progress, move |sender| async move {
                let upload = match sender {
                    Some(sender) => upload.on_progress(move |sent, total| {
                        let _ = sender.send(event(UploadProgress { sent, total }).into());
                    }),
                    None => upload,
                };
                outcome::<String>(upload.await)
            })
        }
        Request::Download { output, job_id, to, max_bytes, progress } => {
            download(client, output, job_id, to, max_bytes, progress)
        }
        Request::DownloadOutputs { outputs, job_id, to, max_bytes, progress } => {
            let downloads = downloads(client, outputs, job_id, &to, max_bytes);
            Task::with_progress(progress, |sender| save_all(downloads, sender))
        }
        Request::ReceiveWebhook { headers } => {
            let client = client.clone();
            let body = contents.0.pop().unwrap_or_default();
            Task::from_future(async move {
                outcome::<DeliveryData>(client.receive_webhook(headers, &body).await)
            })
        }
        request => ask(client.clone(), request)?,
    })
}

fn start_of_job(job: &Job, request: JobRequest) -> Result<Task, Box<ErrorData>> {
    Ok(match request {
        JobRequest::Wait { timeout_ms, headers, progress } => {
            let wait = wait(&job.with_headers(pairs(&headers))?, timeout_ms)?;
            Task::with_progress(progress, move |sender| async move {
                let wait = match sender {
                    Some(sender) => {
                        let jobs = JobTracker::default();
                        let events = RunEvents { sender: Some(sender), jobs, index: 0 };
                        wait.on_progress(events.hooks(event).0)
                    }
                    None => wait,
                };
                outcome::<PredictionData>(wait.await)
            })
        }
        JobRequest::Updates { timeout_ms, headers } => {
            let job = job.with_headers(pairs(&headers))?;
            let updates = wait(&job, timeout_ms)?.updates();
            Task::from_messages(updates.map(|update| match update {
                Ok(prediction) => item(PredictionData::from(prediction)),
                Err(cause) => error(cause.into()),
            }))
        }
        JobRequest::Refresh { headers } => {
            let job = job.with_headers(pairs(&headers))?;
            Task::from_future(async move { outcome::<PredictionData>(job.refresh().await) })
        }
    })
}

fn wait(job: &Job, timeout_ms: Option<f64>) -> Result<Wait, Box<ErrorData>> {
    Ok(match timeout_ms {
        Some(timeout) => job.wait().deadline(duration("timeoutMs", timeout)?),
        None => job.wait(),
    })
}

/// Starts one of the questions about the account or the catalogue.
fn ask(client: Client, request: Request) -> Result<Task, Box<ErrorData>> {
    Ok(match request {
        Request::History { filter } => list::<PredictionData, _>(client.history(filter.build()?)),
        Request::Billings { filter } => list::<BillingData, _>(client.billings(filter.build()?)),
        Request::BillingsOfMonth { month } => {
            list::<BillingData, _>(client.billings_of_month(month))
        }
        Request::Models => Task::from_future(async move {
            let models = client.models().await;
            let models = models.map(|all| all.iter().cloned().map(Model::from).collect::<Vec<_>>());
            outcome::<Vec<Model>>(models)
        }),
        Request::Model { id } => {
            Task::from_future(async move { outcome::<Model>(client.model(&id).await) })
        }
        Request::Balance => {
            Task::from_future(async move { outcome::<f64>(client.balance().await) })
        }
        Request::Usage { from, to, model } => {
            let (from, to) = (moment("from", from)?, moment("to", to)?);
            Task::from_future(async move {
                outcome::<Usage>(client.usage(from, to, model.as_deref()).await)
            })
        }
        Request::Delete { ids } => {
            Task::from_future(async move { outcome::<u64>(client.delete(ids).await) })
        }
        _ => return Err(ErrorData::new("invalid_input", "The client has no such operation.")),
    })
}

/// Returns a task with a message for each element.
fn list<T, E>(all: impl Stream<Item = viseme::Result<E>> + Send + 'static) -> Task
where
    T: Serialize + From<E>,
{
    Task::from_messages(all.map(|element| match element {
        Ok(element) => item(T::from(element)),
        Err(cause) => error(cause.into()),
    }))
}

/// Returns the last message of a submit, and stores the job itself in the slot.
fn submit_outcome(job: viseme::Result<Job>, slot: &JobSlot) -> String {
    outcome::<Option<PredictionData>>(job.map(|job| {
        let prediction = job.prediction().cloned().map(PredictionData::from);
        // The headers of the submit are not those of what is done with its job later.
        slot.set(job.with_headers([]).unwrap_or(job));
        prediction
    }))
}

fn download(
    client: &Client,
    output: Option<OutputData>,
    job_id: Option<String>,
    to: String,
    max_bytes: Option<u64>,
    progress: bool,
) -> Task {
    // An output is downloaded as the only one of a prediction: so base64 is saved as well, and
    // errors name the job.
    let mut download = match (output, job_id) {
        (Some(OutputData::Url(url)), None) => client.download(url, to),
        (output, job_id) => {
            let mut of = Prediction::new(job_id.unwrap_or_default(), Status::Completed);
            of.outputs = output.into_iter().map(Output::from).collect();
            client.download_output(&of, to)
        }
    };
    if let Some(max_bytes) = max_bytes {
        download = download.max_bytes(max_bytes);
    }
    Task::with_progress(progress, move |sender| async move {
        outcome::<DownloadedFile>(with_events(download, sender).await)
    })
}

/// Returns the download with its events sent to the host.
fn with_events(download: Download, sender: Option<EventSender>) -> Download {
    match sender {
        Some(sender) => download.on_progress(move |received, total| {
            let _ = sender.send(event(DownloadProgress { received, total }).into());
        }),
        None => download,
    }
}

/// Returns the downloads of all outputs of a job.
fn downloads(
    client: &Client,
    outputs: Vec<OutputData>,
    job_id: String,
    to: &str,
    max_bytes: Option<u64>,
) -> Vec<Download> {
    let mut prediction = Prediction::new(job_id, Status::Completed);
    prediction.outputs = outputs.into_iter().map(Output::from).collect();
    let mut downloads = client.download_outputs(&prediction, to);
    if downloads.is_empty() {
        // It fails, and says that the job has no output.
        downloads.push(client.download_output(&prediction, to));
    }
    match max_bytes {
        Some(limit) => downloads.into_iter().map(|download| download.max_bytes(limit)).collect(),
        None => downloads,
    }
}

/// Downloads one after the other, and returns the last message. An error names the files that were
/// saved before.
async fn save_all(downloads: Vec<Download>, sender: Option<EventSender>) -> String {
    let mut saved: Vec<DownloadedFile> = Vec::new();
    for download in downloads {
        match with_events(download, sender.clone()).await {
            Ok(file) => saved.push(file.into()),
            Err(cause) => {
                let mut data = Box::<ErrorData>::from(cause);
                if !saved.is_empty() {
                    let paths: Vec<&str> = saved.iter().map(|file| file.path.as_str()).collect();
                    let paths = paths.join(", ");
                    data.message.push_str(&format!(" Outputs that were saved before: {paths}."));
                }
                return error(data);
            }
        }
    }
    message::value(saved)
}
