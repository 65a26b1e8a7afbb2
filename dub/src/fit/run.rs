//! Makes the files of a plan, and checks them again.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use viseme::Input;
use viseme::media::{Container, Fix, Media, MediaInfo, Rule, Violation, plan_fit, validate};

use super::cache::{CACHE_TURN, cache_key, find_cached};
use super::examine::{blocking, probe_file};
use super::files::{FilePlan, PlannedFile, target};
use super::recipe::Recipe;
use super::streams::demuxer;
use super::work_folder::{WorkFolder, publish};
use super::{FitError, FitJob, bytes, create_work_folder, mp3_tag, run_limits};
use crate::ffmpeg::{Ffmpeg, Limits};

/// How often a file is made anew if it came out too long or too large.
const MAX_ATTEMPTS: u32 = 4;
/// A copied part may miss its length by this much; beyond that it is encoded.
const COPY_TOLERANCE: Duration = Duration::from_millis(250);

/// The result of a fit.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fitted {
    /// The input with the new files.
    pub input: Input,
    /// What was done with each file.
    pub files: Vec<FittedFile>,
    /// Removes the temporary files.
    _temporary: Option<WorkFolder>,
}

/// A file after a fit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FittedFile {
    /// What was done.
    pub plan: FilePlan,
    /// The new file; `None` if the source is acceptable as it is.
    pub path: Option<PathBuf>,
    /// The facts of the new file, or of the source.
    pub after: MediaInfo,
}

impl FitJob {
    /// Makes the new files. Sources are never changed. Each new file was checked again before it gets its
    /// name; an older file of that name is replaced. If this is dropped, ffmpeg is stopped and no unfinished
    /// file is left.
    ///
    /// # Errors
    /// [`FitError`]. [`FitError::Unmendable`] comes before anything is written.
    pub async fn run(self) -> Result<Fitted, FitError> {
        let plans = self.files.iter();
        let remaining: Vec<Violation> =
            plans.flat_map(|file| file.plan.remaining.iter().cloned()).collect();
        if !remaining.is_empty() {
            return Err(FitError::Unmendable(remaining));
        }
        let is_changed = !self.is_unchanged();
        let Self { mut input, files, plans, settings, ffmpeg, _temporary: _sources } = self;
        let folder = settings.folder.clone().unwrap_or_else(std::env::temp_dir);
        let mut work = None;
        if is_changed {
            let write = |error| FitError::Write { path: folder.clone(), error };
            std::fs::create_dir_all(&folder).map_err(write)?;
            work = Some(create_work_folder(&folder)?);
        }
        let mut taken: HashSet<PathBuf> = files.iter().filter_map(source_path).collect();
        let mut results = Vec::new();
        for (file, mut plan) in files.iter().zip(plans) {
            let Some(work) = work.as_ref().filter(|_| !plan.steps.is_empty()) else {
                results.push(FittedFile { plan, path: None, after: file.before.clone() });
                continue;
            };
            let cached = match &settings.folder {
                Some(folder) if settings.cache => Some(folder.join(cache_key(file).await?)),
                _ => None,
            };
            // One file at a time: ffmpeg uses all cores, and another task may need the same file.
            let _turn = match cached {
                Some(_) => Some(CACHE_TURN.lock().await),
                None => None,
            };
            if let Some((path, info)) = find_cached(cached.as_deref(), file).await {
                input = input.media(file.field.clone(), Media::path(&path));
                results.push(FittedFile { plan, path: Some(path), after: info });
                continue;
            }
            let limits = run_limits(&settings);
            let made = make(file, &mut plan, ffmpeg.as_ref(), work, limits).await?;
            let final_folder = match (cached, &settings.folder) {
                (Some(folder), _) => folder,
                (None, Some(folder)) => folder.clone(),
                (None, None) => work.path(&file.field),
            };
            let write = |error| FitError::Write { path: final_folder.clone(), error };
            std::fs::create_dir_all(&final_folder).map_err(write)?;
            let is_taken = |path: &Path| {
                taken.contains(path) || path.canonicalize().is_ok_and(|path| taken.contains(&path))
            };
            let to = target(&final_folder, file, made.info.container, is_taken);
            let (from, into) = (made.path, to.clone());
            blocking(move || publish(&from, &into))
                .await
                .map_err(|error| FitError::Write { path: to.clone(), error })?;
            taken.insert(to.clone());
            input = input.media(file.field.clone(), Media::path(&to));
            results.push(FittedFile { plan, path: Some(to), after: made.info });
        }
        let temporary = work.filter(|_| settings.folder.is_none());
        Ok(Fitted { input, files: results, _temporary: temporary })
    }
}

/// The source on disk, as nothing else may be named.
fn source_path(file: &PlannedFile) -> Option<PathBuf> {
    match &file.source {
        Media::Path(path) => path.canonicalize().ok(),
        _ => None,
    }
}

/// A file that was made.
struct Made {
    path: PathBuf,
    info: MediaInfo,
}

async fn make(
    file: &PlannedFile,
    plan: &mut FilePlan,
    ffmpeg: Option<&Ffmpeg>,
    work: &WorkFolder,
    limits: Limits,
) -> Result<Made, FitError> {
    let read = |error| FitError::Read {
        field: file.field.clone(),
        name: file.source.display_name(),
        error,
    };
    let Some(from) = file.path.clone() else {
        return Err(read(std::io::ErrorKind::NotFound.into()));
    };
    let ffmpeg = match ffmpeg.filter(|_| !file.plan.fixes.iter().all(bytes::is_for_bytes)) {
        Some(ffmpeg) => ffmpeg,
        None => {
            // It was made without ffmpeg, perhaps on another disk.
            let to = work.path(&format!("{}-copy", file.field));
            let target = to.clone();
            blocking(move || std::fs::copy(from, target)).await.map_err(read)?;
            let info = probe_file(&to).await.map_err(read)?;
            check(file, &info)?;
            return Ok(Made { path: to, info });
        }
    };
    let demuxer = demuxer(file.info.container).unwrap_or("mov");
    let mut fixes = file.plan.fixes.clone();
    let mut recipe = file.recipe(false);
    let mut is_exact = false;
    for attempt in 1..=MAX_ATTEMPTS {
        let to = work.path(&format!("{}-{attempt}", file.field));
        let failed = |error| FitError::Ffmpeg { field: Some(file.field.clone()), error };
        let mut input_options = recipe.input_options();
        input_options.extend(["-f".to_owned(), demuxer.to_owned()]);
        let command = ffmpeg.command().limits(limits).input(&from, &input_options);
        let command = command.and_then(|it| it.output(&to, &recipe.output_options()));
        command.map_err(|error| failed(error.into()))?.run().await.map_err(failed)?;
        if recipe.copies_mp3() {
            let (path, source) = (to.clone(), file.info.container);
            let corrected = blocking(move || mp3_tag::remove_unknown_delay(&path, source)).await;
            corrected.map_err(|error| FitError::Write { path: to.clone(), error })?;
        }
        let info = probe_file(&to).await.map_err(read)?;
        let is_last = attempt == MAX_ATTEMPTS;
        match next_attempt(file, &info, &recipe, &fixes) {
            Next::Exact if !is_last && !is_exact => is_exact = true,
            Next::Shorter(by) if !is_last => {
                recipe.shorten(by);
                continue;
            }
            Next::Encode(fix) if !is_last => fixes.push(fix),
            _ => {
                check(file, &info)?;
                for step in &mut plan.steps {
                    step.lossy |= recipe.is_lossy(&step.fix);
                }
                return Ok(Made { path: to, info });
            }
        }
        let container: Container = file.info.container;
        recipe = Recipe::new(file.limits.kind, container, &file.streams, &fixes, is_exact);
    }
    Err(FitError::StillInvalid { field: file.field.clone(), violations: Vec::new() })
}

/// What must be different in the next attempt.
enum Next {
    Done,
    /// Encode the part, as what can be copied is too long or too short.
    Exact,
    /// Cut it shorter by this.
    Shorter(Duration),
    /// Encode it at a lower bit rate.
    Encode(Fix),
}

fn next_attempt(file: &PlannedFile, info: &MediaInfo, recipe: &Recipe, fixes: &[Fix]) -> Next {
    let violations = validate(&file.field, &file.name(), info, &file.limits);
    let wanted = fixes.iter().find_map(|fix| match fix {
        Fix::Cut { start, duration } => {
            let total = file.info.duration.unwrap_or(Duration::MAX);
            Some(total.saturating_sub(*start).min(*duration))
        }
        _ => None,
    });
    if let (Some(wanted), Some(found)) = (wanted, info.duration) {
        let is_off = found.abs_diff(wanted) > COPY_TOLERANCE;
        let is_wrong = violations.iter().any(|it| it.rule == Rule::Duration);
        if recipe.is_inexact() && (is_off || (is_wrong && found > wanted)) {
            return Next::Exact;
        }
        // The last frame may reach beyond the end.
        if is_wrong && found > wanted {
            return Next::Shorter(found - wanted + Duration::from_millis(1));
        }
    }
    let is_too_large = violations.iter().any(|it| it.rule == Rule::Size && it.is_error());
    if is_too_large {
        let options = viseme::media::FitOptions::default();
        let again = plan_fit(&file.field, &file.name(), info, &file.limits, &options);
        if let Some(fix) = again.fixes.into_iter().find(|fix| !fixes.contains(fix)) {
            return Next::Encode(fix);
        }
    }
    Next::Done
}

/// Checks a file that was made.
fn check(file: &PlannedFile, info: &MediaInfo) -> Result<(), FitError> {
    let found = validate(&file.field, "the new file", info, &file.limits);
    let violations: Vec<_> = found.into_iter().filter(Violation::is_error).collect();
    if violations.is_empty() {
        return Ok(());
    }
    Err(FitError::StillInvalid { field: file.field.clone(), violations })
}
