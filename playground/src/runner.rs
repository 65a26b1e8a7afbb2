//! Prepares quotes and runs jobs. Both are tasks of this process: a page that is closed ends neither.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures_util::future::try_join_all;
use http::StatusCode;
use serde_json::{Value, json};
use viseme::{ErrorKind, Job, Media, Prediction, Progress, Status, SubmitRecord};

use crate::api_error::ApiError;
use crate::app::App;
use crate::checks::{PageInput, ResolvedInput};
use crate::files::StoredFile;
use crate::jobs::{JobEntry, Phase, SavedOutput};
use crate::quotes::Offer;
use crate::random;
use crate::record_files::SavedSubmit;

/// Checks an input and starts to prepare a quote: uploads the media and asks for the price, which
/// costs nothing. Returns the quote as the page shows it.
///
/// # Errors
/// 422 with the violations if the input is invalid.
pub(crate) async fn create_quote(app: &Arc<App>, input: PageInput) -> Result<Value, ApiError> {
    let resolved = input.resolve(&app.files)?;
    resolved.check().await?.into_result()?;
    let id = random::token().map_err(|error| ApiError::local("make an id", &error))?;
    app.quotes().add(&id);
    let view = app.quotes().view(&id).unwrap_or_default();
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let result = prepare(&app, &id, resolved, Value::Object(input.values)).await;
        app.change_quote(&id, |quotes| quotes.finish(&id, result, Instant::now()));
    });
    Ok(view)
}

async fn prepare(
    app: &Arc<App>,
    quote: &str,
    resolved: ResolvedInput,
    values: Value,
) -> Result<Offer, ApiError> {
    let ResolvedInput { mut input, files } = resolved;
    let uploads = files.iter().map(|(field, file)| upload(app, quote, field, file));
    for ((field, _), url) in files.iter().zip(try_join_all(uploads).await?) {
        input = input.media(field, Media::from(url));
    }
    let price = match app.client.price(input.clone()).await {
        Ok(price) => Some(price.due()),
        Err(error) if has_no_price(error.kind()) => None,
        Err(error) => return Err(error.into()),
    };
    let files = files.into_iter().map(|(_, file)| file.id).collect();
    Ok(Offer { input, values, files, price })
}

/// Whether an error means that the service gives no price, not that it cannot be reached.
fn has_no_price(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::BadRequest | ErrorKind::UnexpectedResponse)
}

/// Returns the URL of a file at the service. Uploads it unless the service has it.
async fn upload(
    app: &Arc<App>,
    quote: &str,
    field: &str,
    file: &StoredFile,
) -> Result<String, ApiError> {
    if let Some(url) = &file.uploaded {
        return Ok(url.clone());
    }
    let listener = {
        let (app, quote, field) = (Arc::clone(app), quote.to_owned(), field.to_owned());
        let shown = AtomicU64::new(u64::MAX);
        move |sent: u64, total: u64| {
            // One event for each percent is enough.
            let percent = sent.saturating_mul(100) / total.max(1);
            if shown.swap(percent, Ordering::Relaxed) != percent {
                let progress = json!({ "field": field, "sent": sent, "total": total });
                app.change_quote(&quote, |quotes| quotes.set_progress(&quote, progress));
            }
        }
    };
    let url = app.client.upload(Media::path(&file.path)).on_progress(listener).await?;
    app.files.set_uploaded(&file.id, Some(url.to_string()));
    Ok(url.into())
}

/// Uses a quote and starts its job. Returns the job as the page shows it.
///
/// # Errors
/// The quote cannot be used; nothing was submitted.
pub(crate) fn start_job(app: &Arc<App>, quote: &str) -> Result<Value, ApiError> {
    let id = random::token().map_err(|error| ApiError::local("make an id", &error))?;
    let offer = app.quotes().take(quote, &id, Instant::now())?;
    app.change_quote(quote, |_| ());
    app.files.keep(&offer.files);
    let model = offer.input.model().to_owned();
    let view = app.add_job(JobEntry::new(id.clone(), model, offer.values.clone(), offer.price));
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let result = run(&app, &id, offer).await;
        finish(&app, &id, result).await;
    });
    Ok(view)
}

async fn run(app: &Arc<App>, id: &str, offer: Offer) -> Result<Prediction, viseme::Error> {
    let hook = {
        let (app, id) = (Arc::clone(app), id.to_owned());
        move |record| save_record(Arc::clone(&app), id.clone(), None, record)
    };
    // The files were checked before they were uploaded.
    let submit = app.client.submit(offer.input).check_media(false);
    let job = submit.before_submit(hook).on_progress(listener(app, id)).await?;
    on_accepted(app, id, &job).await;
    job.wait().on_progress(listener(app, id)).await
}

/// Writes a record before the POST that costs money; if that fails, nothing is sent.
async fn save_record(
    app: Arc<App>,
    id: String,
    job_id: Option<String>,
    record: SubmitRecord,
) -> std::io::Result<()> {
    let save = move || {
        let Some(records) = &app.records else { return Ok(()) };
        let base_url = app.service.base_url.clone();
        records.save(&id, &SavedSubmit { base_url, job_id, record })
    };
    match tokio::task::spawn_blocking(save).await {
        Ok(result) => result,
        Err(error) => Err(std::io::Error::other(error)),
    }
}

/// Notes the id of a job that the service accepted, in the record too.
async fn on_accepted(app: &Arc<App>, id: &str, job: &Job) {
    app.change_job(id, |entry| {
        entry.job_id = Some(job.id().to_owned());
        entry.enter(Phase::Created);
    });
    let Some(records) = &app.records else { return };
    let saved = records.load_one(id);
    if let Some(submit) = saved {
        let job_id = Some(job.id().to_owned());
        // If it fails, the record without the id is still there, and the job can be recovered.
        let _ = save_record(Arc::clone(app), id.to_owned(), job_id, submit.record).await;
    }
}

fn listener(app: &Arc<App>, id: &str) -> impl Fn(Progress) + Send + Sync + 'static {
    let (app, id) = (Arc::clone(app), id.to_owned());
    move |progress| match progress {
        Progress::Submitting { .. } => app.change_job(&id, |job| job.enter(Phase::Submitting)),
        Progress::Recovering => app.change_job(&id, |job| job.enter(Phase::Recovering)),
        Progress::Update(prediction) => app.change_job(&id, |job| {
            job.job_id = Some(prediction.id.clone());
            match prediction.status {
                Status::Created => job.enter(Phase::Created),
                Status::Processing | Status::Other(_) => job.enter(Phase::Processing),
                _ => {}
            }
        }),
        Progress::Retrying { error, after } => app.change_job(&id, |job| {
            let seconds = after.as_secs().max(1);
            job.note = Some(format!("{} Next try in {seconds} s.", error.message()));
        }),
        _ => {}
    }
}

/// Saves the output of a job, or notes why there is none.
async fn finish(app: &Arc<App>, id: &str, result: Result<Prediction, viseme::Error>) {
    let saved = match result {
        Ok(prediction) => {
            app.change_job(id, |job| job.enter(Phase::Saving));
            save_output(app, id, &prediction).await
        }
        Err(error) => Err(error),
    };
    if is_over(saved.as_ref().err())
        && let Some(records) = &app.records
    {
        records.remove(id);
    }
    app.change_job(id, |job| match saved {
        Ok(output) => {
            job.output = Some(output);
            job.enter(Phase::Done);
        }
        Err(error) => {
            job.job_id = job.job_id.take().or_else(|| error.job_id().map(str::to_owned));
            job.fail(ApiError::from(error));
        }
    });
}

/// Whether a job needs its record no more: it ended, or it certainly does not exist.
fn is_over(error: Option<&viseme::Error>) -> bool {
    let Some(error) = error else { return true };
    match error.kind() {
        ErrorKind::JobFailed | ErrorKind::JobCancelled => true,
        ErrorKind::SubmissionUnknown => false,
        _ => error.job_id().is_none(),
    }
}

async fn save_output(
    app: &Arc<App>,
    id: &str,
    prediction: &Prediction,
) -> Result<SavedOutput, viseme::Error> {
    let folder = app.files.output_folder(id);
    // If it cannot be created, the download fails and says why.
    let _ = tokio::fs::create_dir_all(&folder).await;
    let saved = app.client.download_output(prediction, folder).await?;
    Ok(SavedOutput { path: saved.path, bytes: saved.bytes })
}

/// Continues the jobs that an earlier process left. None of them is submitted again.
pub(crate) fn resume_jobs(app: &Arc<App>) {
    let Some(records) = &app.records else { return };
    let left = records.load(&app.service.base_url);
    let known: Vec<String> = left.iter().filter_map(|(_, submit)| submit.job_id.clone()).collect();
    for (id, submit) in left {
        let model = submit.record.model.clone();
        app.add_job(JobEntry::resumed(id.clone(), model, submit.job_id.clone()));
        let (app, known) = (Arc::clone(app), known.clone());
        tokio::spawn(async move {
            let result = resume(&app, &id, submit, known).await;
            finish(&app, &id, result).await;
        });
    }
}

/// Resumes a job whose wait or download failed. It is not submitted again. Returns the job as the page
/// shows it.
///
/// # Errors
/// 404 if there is no such job, 409 if there is nothing to resume.
pub(crate) fn resume_job(app: &Arc<App>, id: &str) -> Result<Value, ApiError> {
    let mut job_id = None;
    app.change_job(id, |job| job_id = job.resume());
    let view = app.jobs().get(id).map(JobEntry::view);
    let view = view.ok_or_else(|| ApiError::not_found("This job is unknown."))?;
    let job_id = job_id.ok_or_else(|| {
        let message = "There is nothing to resume: the job ended, or it runs.";
        ApiError::new(StatusCode::CONFLICT, "not_resumable", message)
    })?;
    let (app, id) = (Arc::clone(app), id.to_owned());
    tokio::spawn(async move {
        let result = app.client.job(job_id).wait().on_progress(listener(&app, &id)).await;
        finish(&app, &id, result).await;
    });
    Ok(view)
}

async fn resume(
    app: &Arc<App>,
    id: &str,
    submit: SavedSubmit,
    known: Vec<String>,
) -> Result<Prediction, viseme::Error> {
    let job = match &submit.job_id {
        Some(job_id) => app.client.job(job_id),
        None => {
            let job = app.client.recover(&submit.record).exclude(known).await?;
            on_accepted(app, id, &job).await;
            job
        }
    };
    job.wait().on_progress(listener(app, id)).await
}
