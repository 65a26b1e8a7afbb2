//! Makes media that a model accepts from media that it does not.

mod bytes;
mod cache;
mod error;
mod examine;
mod files;
mod mp3_tag;
mod recipe;
mod run;
mod streams;
mod work_folder;

use std::path::PathBuf;
use std::time::Duration;

use viseme::Input;
use viseme::media::{FitOptions, Fix, Media, MediaKind, Rule};
use viseme::model::{InputValue, describe};

use crate::ffmpeg::{Ffmpeg, Limits};
pub use error::FitError;
use examine::{blocking, list_streams, probe_file, probe_media};
pub use files::{FilePlan, Step};
use files::{PlannedFile, options_of_audio};
pub use run::{Fitted, FittedFile};
pub(crate) use streams::demuxer;
use work_folder::WorkFolder;

/// More steps without ffmpeg than any file needs.
const MAX_BYTE_STEPS: usize = 4;

/// How [`fit`] works.
#[derive(Clone, Debug, Default)]
pub struct FitSettings {
    /// What is kept and how.
    pub options: FitOptions,
    /// The folder for the new files, which is created if it does not exist. Without it they are in a
    /// temporary folder that is removed with the result.
    pub folder: Option<PathBuf>,
    /// Names new files by a digest of their source and their steps, and uses those that are there already.
    /// Then a later fit of the same sources has the same files. Needs `folder`.
    pub cache: bool,
    /// How long ffmpeg may work on one file. Zero stands for 30 minutes.
    pub time_limit: Duration,
    /// The ffmpeg that is used if VISEME_FFMPEG is not set and the PATH has none that is new enough.
    pub fallback_ffmpeg: Option<PathBuf>,
}

/// Makes the media of an input acceptable for its model: see [`FitJob::run`]. To know before what will be
/// done, and what of that is lossy, start with [`plan_input`].
///
/// ```no_run
/// # async fn example() -> Result<(), viseme_dub::FitError> {
/// use viseme::AudioToVideo;
/// use viseme_dub::{FitSettings, fit};
///
/// let input = AudioToVideo::new().video("talk.mkv").audio("voice.ogg");
/// let fitted = fit(input, FitSettings::default()).await?;
/// for file in &fitted.files {
///     println!("{}: {:?}", file.plan.field, file.plan.steps);
/// }
/// // `fitted.input` has the new files. Keep `fitted` until they were uploaded.
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`FitError`].
pub async fn fit(input: impl Into<Input>, settings: FitSettings) -> Result<Fitted, FitError> {
    plan_input(input, settings).await?.run().await
}

/// Decides what makes the media of an input acceptable. Writes nothing but temporary files, and runs ffmpeg
/// only to list the streams of files that need a step.
///
/// If a video is cut, audio that plays until the end of its part is cut to the same part. Media behind a
/// URL, images, and models without a description are left as they are.
///
/// # Errors
/// [`FitError::Read`], and [`FitError::Ffmpeg`] if a file needs ffmpeg and it cannot be used. That no step
/// mends a file is in [`FilePlan::remaining`].
pub async fn plan_input(
    input: impl Into<Input>,
    settings: FitSettings,
) -> Result<FitJob, FitError> {
    let input = input.into();
    let mut planner = Planner { settings, temporary: None, ffmpeg: None };
    let mut files = Vec::new();
    // Also one behind a URL: the part that is kept is that of the video.
    let mut has_video = false;
    let description = describe(input.model());
    for (field, value) in input.fields() {
        let limits = description.and_then(|description| description.media_limits(field));
        has_video |= limits.is_some_and(|limits| limits.kind == MediaKind::Video);
        if let (InputValue::Media(media), Some(limits)) = (value, limits)
            && limits.kind != MediaKind::Image
            && let Some(file) = planner.open(field, media, *limits).await?
        {
            files.push(file);
        }
    }
    let is_video = |file: &PlannedFile| file.limits.kind == MediaKind::Video;
    let options = planner.settings.options.clone();
    for file in files.iter_mut().filter(|file| is_video(file)) {
        planner.plan(file, &options).await?;
    }
    let part = files.iter().find_map(PlannedFile::part);
    for file in files.iter_mut().filter(|file| !is_video(file)) {
        if has_video && part.is_some() && file.info.duration.is_none() {
            planner.complete(file).await?;
        }
        let own = match has_video {
            true => options_of_audio(&options, part, &file.info),
            false => options.clone(),
        };
        planner.plan(file, &own).await?;
    }
    let Planner { settings, temporary, ffmpeg } = planner;
    let plans = files.iter().map(PlannedFile::to_plan).collect();
    Ok(FitJob { input, files, plans, settings, ffmpeg, _temporary: temporary })
}

/// What is done with the media of an input. [`run`](FitJob::run) does it.
#[derive(Debug)]
pub struct FitJob {
    input: Input,
    files: Vec<PlannedFile>,
    plans: Vec<FilePlan>,
    settings: FitSettings,
    ffmpeg: Option<Ffmpeg>,
    _temporary: Option<WorkFolder>,
}

impl FitJob {
    /// Returns what is done with each file.
    #[must_use]
    pub fn files(&self) -> &[FilePlan] {
        &self.plans
    }

    /// Returns whether all files stay as they are.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.plans.iter().all(|plan| plan.steps.is_empty() && plan.remaining.is_empty())
    }
}

/// Reads files and decides about them.
struct Planner {
    settings: FitSettings,
    temporary: Option<WorkFolder>,
    ffmpeg: Option<Ffmpeg>,
}

impl Planner {
    fn limits(&self) -> Limits {
        run_limits(&self.settings)
    }

    /// Reads the facts of a file, after the steps that need no ffmpeg; `None` for a URL.
    async fn open(
        &mut self,
        field: &str,
        media: &Media,
        limits: viseme::model::MediaLimits,
    ) -> Result<Option<PlannedFile>, FitError> {
        let unreadable =
            |error| FitError::Read { field: field.to_owned(), name: media.display_name(), error };
        let Some(info) = probe_media(media).await.map_err(unreadable)? else { return Ok(None) };
        let mut file = PlannedFile {
            field: field.to_owned(),
            source: media.clone(),
            limits,
            before: info.clone(),
            path: match media {
                Media::Path(path) => Some(path.clone()),
                _ => None,
            },
            info,
            streams: streams::Streams::default(),
            made: Vec::new(),
            plan: viseme::media::FitPlan::default(),
        };
        let mut whole = self.settings.options.clone();
        (whole.from, whole.to) = (None, None);
        for _ in 0..MAX_BYTE_STEPS {
            file.decide(&whole);
            let step = file.plan.fixes.first().filter(|fix| bytes::is_for_bytes(fix)).cloned();
            let Some(step) = step else { break };
            let from = self.path(&mut file).await?;
            let to = self.temporary()?.path(&format!("{field}-{}", file.made.len()));
            let (task, target) = (step.clone(), to.clone());
            blocking(move || bytes::apply(&task, &from, &target)).await.map_err(unreadable)?;
            file.info = probe_file(&to).await.map_err(unreadable)?;
            file.path = Some(to);
            let is_rename = matches!(step, Fix::Rename { .. });
            file.made.push(step);
            if is_rename {
                break;
            }
        }
        Ok(Some(file))
    }

    /// Decides about a file, with all facts if it needs a step.
    async fn plan(&mut self, file: &mut PlannedFile, options: &FitOptions) -> Result<(), FitError> {
        file.decide(options);
        let is_hopeless = file
            .plan
            .remaining
            .iter()
            .any(|it| matches!(it.rule, Rule::Container | Rule::Corrupt | Rule::Empty));
        // A new name was given to the copy already.
        file.plan.fixes.retain(|fix| !file.made.contains(fix));
        if !file.plan.is_unchanged() && !is_hopeless {
            self.complete(file).await?;
            file.decide(options);
            file.plan.fixes.retain(|fix| !file.made.contains(fix));
        }
        Ok(())
    }

    /// Adds the facts that only ffmpeg reads.
    async fn complete(&mut self, file: &mut PlannedFile) -> Result<(), FitError> {
        if demuxer(file.info.container).is_none() {
            return Ok(());
        }
        let path = self.path(file).await?;
        let limits = self.limits();
        let needs_all = file.info.duration.is_none();
        let found =
            list_streams(self.ffmpeg().await?, path, file.info.container, needs_all, limits).await;
        let field = || Some(file.field.clone());
        file.streams = found.map_err(|error| FitError::Ffmpeg { field: field(), error })?;
        file.info = file.streams.complete(&file.info);
        Ok(())
    }

    /// Returns the path of a file. Bytes are written to a temporary one.
    async fn path(&mut self, file: &mut PlannedFile) -> Result<PathBuf, FitError> {
        if let Some(path) = &file.path {
            return Ok(path.clone());
        }
        let path = self.temporary()?.path(&format!("{}-source", file.field));
        if let Media::Bytes { content, .. } = &file.source {
            let (content, to) = (content.clone(), path.clone());
            let written = blocking(move || std::fs::write(to, content)).await;
            written.map_err(|error| FitError::Write { path: path.clone(), error })?;
        }
        file.path = Some(path.clone());
        Ok(path)
    }

    fn temporary(&mut self) -> Result<&WorkFolder, FitError> {
        if self.temporary.is_none() {
            self.temporary = Some(create_work_folder(&std::env::temp_dir())?);
        }
        self.temporary.as_ref().ok_or_else(|| FitError::Write {
            path: std::env::temp_dir(),
            error: std::io::ErrorKind::NotFound.into(),
        })
    }

    async fn ffmpeg(&mut self) -> Result<&Ffmpeg, FitError> {
        let found = match self.ffmpeg.take() {
            Some(found) => found,
            None => {
                let fallback = self.settings.fallback_ffmpeg.as_deref();
                let found = Ffmpeg::find_or(fallback).await;
                found.map_err(|error| FitError::Ffmpeg { field: None, error })?
            }
        };
        Ok(self.ffmpeg.insert(found))
    }
}

fn run_limits(settings: &FitSettings) -> Limits {
    let default = Limits::default();
    let time = settings.time_limit;
    Limits { time: if time.is_zero() { default.time } else { time }, ..default }
}

fn create_work_folder(parent: &std::path::Path) -> Result<WorkFolder, FitError> {
    WorkFolder::create(parent).map_err(|error| FitError::Write { path: parent.to_owned(), error })
}
