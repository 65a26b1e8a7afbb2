//! Plans and runs dubs. Both are tasks of this process: a page that is closed ends neither.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Notify;
use viseme::media::{Framing, MediaKind};
use viseme_batch::{BatchFolder, BatchOptions, ItemState, StopReason, Summary, dollars};
use viseme_dub::{Dub, DubError, DubOptions, DubUpdate};

use crate::api_error::ApiError;
use crate::app::App;
use crate::checks::PageInput;
use crate::describe::media_kind;
use crate::dub_files::{DubFolder, SavedDub};
use crate::dub_plan;
use crate::dubs::{DubEntry, DubPhase, Failure, OpenSegment, RunRequest};
use crate::jobs::SavedOutput;

/// What the page asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DubRequest {
    input: PageInput,
    /// Whether long silence keeps the original picture.
    skip_silence: bool,
    /// Cut off what does not fit the size, instead of adding borders.
    crop: bool,
}

/// Starts to plan a dub, which costs nothing. Returns it as the page shows it.
///
/// # Errors
/// 422 if a file is missing or the model cannot dub, 409 if another dub runs.
pub(crate) async fn create(app: &Arc<App>, request: DubRequest) -> Result<Value, ApiError> {
    let DubRequest { input, skip_silence, crop } = request;
    let resolved = input.resolve(&app.files)?;
    for (field, kind) in [("video", MediaKind::Video), ("audio", MediaKind::Audio)] {
        if media_kind(&input.model, field) != Some(kind) {
            let message = format!("The model `{}` cannot dub a whole clip.", input.model);
            return Err(ApiError::invalid(message));
        }
    }
    let source = |field: &str| {
        let found = resolved.files.iter().find(|(name, _)| name == field);
        let found = found.map(|(_, file)| file.clone());
        found.ok_or_else(|| ApiError::invalid(format!("{field}: choose a file, or record one.")))
    };
    let (video, audio) = (source("video")?, source("audio")?);
    let saved = SavedDub {
        base_url: app.service.base_url.clone(),
        model: input.model,
        video: video.name,
        audio: audio.name,
        skip_silence,
        crop,
        started_at: now_ms(),
        plan: None,
        consent: None,
        spent_micros: 0,
    };
    let root = app.dubs_root.clone();
    let folder = blocking(move || {
        let folder = DubFolder::create(&root)?;
        match folder.add_sources(&video.path, &audio.path) {
            Ok(()) => Ok(folder),
            Err(error) => {
                folder.remove();
                Err(error)
            }
        }
    });
    let folder = folder.await.map_err(|error| ApiError::local("store the files", &error))?;
    let entry = DubEntry::new(Arc::new(folder), saved);
    let (id, stop) = (entry.id.clone(), Arc::clone(&entry.stop));
    let view = app.add_dub(entry)?;
    let app = Arc::clone(app);
    tokio::spawn(async move { plan(&app, &id, &stop).await });
    Ok(view)
}

async fn plan(app: &Arc<App>, id: &str, stop: &Notify) {
    let plan = tokio::select! {
        dub = open(app, id, 0) => dub.map(|dub| dub_plan::view(dub.plan())),
        () = stop.notified() => Err(DubError::Stopped),
    };
    match plan {
        Ok(plan) => drop(app.change_dub(id, |dub| dub.set_plan(plan))),
        Err(DubError::Stopped) => app.remove_dub(id),
        Err(error) => {
            let _ = app.change_dub(id, |dub| {
                let failure = explain(error, &dub.saved, &dub.folder);
                dub.fail(failure);
            });
        }
    }
}

/// Runs a dub whose price the user confirmed, or resumes it. Returns it as the page shows it.
///
/// # Errors
/// 404 if there is no such dub, 409 if it cannot run, or costs something else than the page showed.
pub(crate) fn run(app: &Arc<App>, id: &str, request: &RunRequest) -> Result<Value, ApiError> {
    let (retry_failed, view) = app.begin_dub(id, request)?;
    let (app, id) = (Arc::clone(app), id.to_owned());
    tokio::spawn(async move {
        let Some((folder, saved, stop)) = app.dub(&id) else { return };
        let result = execute(&app, &id, retry_failed, &stop).await;
        finish(&app, &id, &folder, saved, result).await;
    });
    Ok(view)
}

async fn execute(
    app: &Arc<App>,
    id: &str,
    retry_failed: u32,
    stop: &Notify,
) -> Result<Summary, DubError> {
    if let Some((folder, saved, _)) = app.dub(id) {
        // What was confirmed is on the disk before anything is paid.
        let path = folder.output(&saved);
        let written = blocking(move || folder.save(&saved)).await;
        written.map_err(|error| DubError::Io { path, message: error.to_string() })?;
    }
    let dub = tokio::select! {
        dub = open(app, id, retry_failed) => dub?,
        () = stop.notified() => return Err(DubError::Stopped),
    };
    dub.run(&app.client, stop.notified()).await
}

async fn finish(
    app: &Arc<App>,
    id: &str,
    folder: &Arc<DubFolder>,
    saved: SavedDub,
    result: Result<Summary, DubError>,
) {
    let spent = match &result {
        Ok(summary) => Some(summary.spent_micros),
        Err(_) => left(folder, &saved).await.map(|(_, spent)| spent),
    };
    let output = output(folder, &saved);
    if result.is_ok() {
        let saved = SavedDub { spent_micros: spent.unwrap_or_default(), ..saved };
        let folder = Arc::clone(folder);
        // If it fails, a later process does not know what was spent; the result is there all the same.
        let _ = blocking(move || folder.save(&saved)).await;
    }
    let _ = app.change_dub(id, |dub| match (result, output) {
        (Ok(_), Some(output)) => dub.finish(output, spent),
        (Ok(_), None) => dub.fail(explain(DubError::Stopped, &dub.saved, &dub.folder)),
        (Err(DubError::Stopped), _) => dub.finish_stopped(spent),
        (Err(error), _) => {
            let mut failure = explain(error, &dub.saved, &dub.folder);
            failure.spent_micros = failure.spent_micros.or(spent);
            dub.fail(failure);
        }
    });
}

async fn open(app: &Arc<App>, id: &str, retry_failed: u32) -> Result<Dub, DubError> {
    let Some((folder, saved, _)) = app.dub(id) else { return Err(DubError::Stopped) };
    let batch = BatchOptions {
        max_cost: saved.consent.and_then(|consent| consent.limit_micros),
        retry_failed,
        ..Default::default()
    };
    let options = DubOptions {
        model: saved.model.clone(),
        skip_silence: saved.skip_silence,
        framing: if saved.crop { Framing::Crop } else { Framing::Borders },
        batch,
        ..Default::default()
    };
    let listener = {
        let (app, id) = (Arc::clone(app), id.to_owned());
        Arc::new(move |update: &DubUpdate| app.update_dub(&id, update))
    };
    let (video, audio) = (folder.video(&saved), folder.audio(&saved));
    let out = folder.output(&saved);
    Dub::open(&app.client, &video, &audio, &out, options, Some(listener)).await
}

/// Stops a dub: nothing more is submitted. A plan that is stopped is removed.
///
/// # Errors
/// 404 if there is no such dub.
pub(crate) fn stop(app: &App, id: &str) -> Result<Value, ApiError> {
    app.change_dub(id, |dub| {
        if dub.is_running() {
            dub.stop.notify_one();
        }
        if dub.phase == DubPhase::Running {
            dub.phase = DubPhase::Stopping;
        }
    })
}

/// Shows the dubs that earlier processes left. None of them runs until the user resumes it.
pub(crate) async fn load(app: &App) {
    for (folder, saved) in DubFolder::load(&app.dubs_root, &app.service.base_url) {
        let jobs = folder.jobs(&saved);
        let left = left(&folder, &saved).await;
        let output = output(&folder, &saved).filter(|_| !jobs.exists());
        let spent = saved.spent_micros;
        let mut entry = DubEntry::new(Arc::new(folder), saved);
        match output {
            Some(output) => entry.finish(output, Some(spent)),
            None => {
                let (items, spent) = left.unwrap_or_default();
                entry.set_left(items, spent);
            }
        }
        app.restore_dub(entry);
    }
}

/// Returns the segments of a dub that was run, and what they cost.
async fn left(folder: &DubFolder, saved: &SavedDub) -> Option<(Vec<viseme_batch::Item>, u64)> {
    let batch = BatchFolder::open(folder.jobs(saved)).await.ok()?;
    Some((batch.items().await.ok()?, batch.spent_micros().await.ok()?))
}

fn output(folder: &DubFolder, saved: &SavedDub) -> Option<SavedOutput> {
    let path = folder.output(saved);
    let bytes = std::fs::metadata(&path).ok()?.len();
    Some(SavedOutput { path, bytes })
}

/// Says why a dub has no result, in the words of the page.
fn explain(error: DubError, saved: &SavedDub, folder: &DubFolder) -> Failure {
    let failed = |code, message: String| Failure {
        error: ApiError::new(StatusCode::BAD_GATEWAY, code, message),
        open: Vec::new(),
        spent_micros: None,
        needed_micros: None,
    };
    match error {
        DubError::Unfinished { summary, reason, items } => {
            let mut message = match (items.len(), summary.total) {
                (1, total) => format!("1 of {total} segments is not done."),
                (count, total) => format!("{count} of {total} segments are not done."),
            };
            if let Some(reason) = &reason {
                message.push_str(&format!(" {reason}"));
            }
            message.push_str(" What is paid for is kept.");
            if items.iter().any(|item| item.state == ItemState::Unknown) {
                message.push_str(&format!(
                    " The outcome of a submit is unknown. Resume later, or see `viseme batch unknown \
                     {}`.",
                    folder.jobs(saved).display()
                ));
            }
            let has_limit = matches!(reason, Some(StopReason::CostLimit(_)));
            Failure {
                open: items.into_iter().map(OpenSegment::from).collect(),
                spent_micros: Some(summary.spent_micros),
                needed_micros: has_limit.then_some(None),
                ..failed("dub_unfinished", message)
            }
        }
        DubError::CostLimit { left, spent, .. } => {
            let needed = spent.saturating_add(left);
            let message = format!(
                "The price of the dub has changed: it costs ${} now. Nothing more was submitted.",
                dollars(needed)
            );
            Failure { needed_micros: Some(Some(needed)), ..failed("cost_limit", message) }
        }
        error @ DubError::Ffmpeg(_) => failed("ffmpeg", error.to_string()),
        error => {
            let mut message = error.to_string();
            let files = [(folder.video(saved), &saved.video), (folder.audio(saved), &saved.audio)];
            for (path, name) in files {
                message = message.replace(&path.display().to_string(), name);
            }
            failed("dub", message)
        }
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Runs work that waits for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}
