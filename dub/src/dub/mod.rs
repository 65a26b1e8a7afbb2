//! Dubs a clip of any length: cuts it, runs the segments as a batch, and joins the results.

mod check;
mod container;
mod cut;
mod folder;
mod frame_map;
mod join;
mod options;
mod padding;
mod sound;
mod source_frames;
mod update;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use viseme::Client;
use viseme::media::{Container, FitOptions, Fix, Framing, MediaInfo, plan_fit};
use viseme::model::{ModelDescription, describe};
use viseme_batch::{Batch, ItemState, Manifest, ManifestError, Row, Summary};

use crate::analysis::{Pcm, read_picture, read_size, read_voice};
use crate::error::DubError;
use crate::ffmpeg::Ffmpeg;
use crate::frames::PictureFormat;
use crate::plan::{Picture, Plan, PlanOptions, Prices, SegmentKind, SegmentLimits, Voice, plan};

pub use check::check_output;
use check::{require_input, require_output, unreadable};
use container::OutputContainer;
use folder::{Record, Sources, WorkFolder};
pub use options::{DubOptions, Preset};
use padding::without_padding;
use update::Updates;
pub use update::{DubStage, DubUpdate, OnUpdate};

/// How often submits in flight are looked at after a stop, and how long they may take.
const STOP_INTERVAL: Duration = Duration::from_millis(50);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// What both files contain.
#[derive(Clone, Debug)]
struct Analysis {
    picture: Picture,
    voice: Voice,
    pcm: Pcm,
    format: PictureFormat,
}

/// Plans a dub. Reads both files, and writes and submits nothing.
///
/// # Errors
/// [`DubError`] if a file cannot be read, or cannot be cut into segments that the model takes.
pub async fn plan_dub(
    video: &Path,
    audio: &Path,
    options: &DubOptions,
    prices: Option<Prices>,
) -> Result<Plan, DubError> {
    let model = model(&options.model)?;
    let ffmpeg = Ffmpeg::find_or(options.fallback_ffmpeg.as_deref()).await?;
    let updates = Updates::new(None);
    let analysis = analyse(&ffmpeg, video, audio, None, options, model, &updates).await?;
    Ok(make_plan(&analysis, options, model, prices)?)
}

/// Returns what the jobs of a model cost, or `None` if the service does not say it in a way that can be
/// calculated here. Needs an API key.
pub async fn read_prices(client: &Client, model: &str) -> Option<Prices> {
    let model = client.model(model).await.ok()?;
    Prices::of_model(model.formula.as_deref(), model.base_price).ok().flatten()
}

/// A dub of one clip. The same files, options and output resume it, in this process or the next.
pub struct Dub {
    video: PathBuf,
    audio: PathBuf,
    out: PathBuf,
    container: OutputContainer,
    options: DubOptions,
    ffmpeg: Ffmpeg,
    folder: WorkFolder,
    format: PictureFormat,
    pcm: Pcm,
    plan: Plan,
    prices: Option<Prices>,
    updates: Updates,
}

impl Dub {
    /// Opens a dub. Analyses the files and plans the segments, unless an earlier run did. Submits nothing.
    ///
    /// The state is kept in a folder next to the output, `OUT.dub`.
    ///
    /// # Errors
    /// [`DubError`], also if the output exists, or if the folder belongs to another dub.
    pub async fn open(
        client: &Client,
        video: &Path,
        audio: &Path,
        out: &Path,
        options: DubOptions,
        on_update: Option<OnUpdate>,
    ) -> Result<Self, DubError> {
        let model = model(&options.model)?;
        let container = require_output(out)?;
        require_input(video)?;
        require_input(audio)?;
        let ffmpeg = Ffmpeg::find_or(options.fallback_ffmpeg.as_deref()).await?;
        let sources = Sources::read(video, audio, &options).await?;
        let folder = WorkFolder::open(out, options.offline)?;
        let updates = Updates::new(on_update);
        let prices = read_prices(client, &options.model).await;
        let files = Files { video, audio, out };
        let record =
            prepare(client, &ffmpeg, &files, &options, model, sources, &folder, &updates, &prices);
        let (record, plan) = match record.await {
            Ok(prepared) => prepared,
            Err(error) => {
                folder.remove_without_plan();
                return Err(error);
            }
        };
        Ok(Self {
            video: video.to_owned(),
            audio: audio.to_owned(),
            out: out.to_owned(),
            container,
            options,
            ffmpeg,
            folder,
            format: record.format,
            pcm: record.pcm,
            plan,
            prices,
            updates,
        })
    }

    /// Returns the plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the work folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Cuts the segments, runs them, and joins the results. When `stop` is ready, nothing more is submitted,
    /// and it returns as soon as no submit is in flight.
    ///
    /// # Errors
    /// [`DubError::Unfinished`] if segments are not done, [`DubError::Stopped`], and the errors of ffmpeg
    /// and of files. Everything that is paid for is kept for the next run.
    pub async fn run(
        &self,
        client: &Client,
        stop: impl Future<Output = ()>,
    ) -> Result<Summary, DubError> {
        let mut stop = pin!(stop);
        if self.out.exists() {
            // An earlier run ended right after it wrote the output.
            let batch = self.batch().await?;
            let summary = self.summary(&batch).await?;
            drop(batch);
            self.clean_up();
            return Ok(summary);
        }
        let batch = self.batch().await?;
        self.require_affordable(&batch).await?;
        let done = self.done(&batch).await?;
        tokio::select! {
            result = self.cut(&done) => result?,
            () = &mut stop => return Err(DubError::Stopped),
        }
        self.folder.write_service(client)?;
        self.run_batch(client, &batch, stop.as_mut()).await?;
        let summary = self.summary(&batch).await?;
        tokio::select! {
            result = self.join() => result?,
            () = &mut stop => return Err(DubError::Stopped),
        }
        drop(batch);
        self.clean_up();
        Ok(summary)
    }

    fn clean_up(&self) {
        if self.options.keep_segments {
            self.folder.remove_temporaries();
        } else {
            self.folder.remove();
        }
    }

    /// Returns the ids of the segments whose results are there.
    async fn done(&self, batch: &Batch) -> Result<Vec<String>, DubError> {
        let items = batch.items().await?;
        let done = items.into_iter().filter(|item| item.state == ItemState::Done);
        Ok(done.map(|item| item.id).collect())
    }

    async fn summary(&self, batch: &Batch) -> Result<Summary, DubError> {
        let items = batch.items().await?;
        Ok(Summary::new(&items, batch.folder().spent_micros().await?))
    }

    /// Opens the batch of the segments.
    async fn batch(&self) -> Result<Batch, DubError> {
        let rows = self.dubbed_segments().map(|(number, _)| {
            let id = WorkFolder::segment_id(number);
            let mut values = Map::new();
            let path = |path: PathBuf| Value::from(path.to_string_lossy());
            values.insert("id".to_owned(), json!(id));
            values.insert("model".to_owned(), json!(self.options.model));
            values.insert("video".to_owned(), path(self.folder.segment_video(number)));
            values.insert("audio".to_owned(), path(self.folder.segment_audio(number)));
            values.insert("out".to_owned(), json!(format!("{id}.mp4")));
            Row::new(format!("segment {id}"), values, self.folder.path())
        });
        let manifest = Manifest::new(rows)
            .map_err(|error: ManifestError| viseme_batch::BatchError::from(error))?;
        Ok(Batch::open(&manifest, self.folder.jobs(), self.options.batch.clone()).await?)
    }

    /// Returns the numbers of the segments that are dubbed, from 0, and the segments.
    fn dubbed_segments(&self) -> impl Iterator<Item = (usize, &crate::plan::Segment)> {
        let segments = self.plan.segments.iter().enumerate();
        segments.filter(|(_, segment)| segment.kind == SegmentKind::Dub)
    }

    async fn run_batch(
        &self,
        client: &Client,
        batch: &Batch,
        mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), DubError> {
        let updates = self.updates.clone();
        let total = self.dubbed_segments().count();
        let already_done = self.done(batch).await?.len();
        updates.dubbing(already_done, total);
        let listener = updates.clone();
        let on_state = Arc::new(move |id: &str, state: ItemState| listener.segment(id, state));
        let mut run = batch.run(client, Some(on_state)).await?;
        let mut ended = already_done;
        let was_stopped = loop {
            tokio::select! {
                item = run.next() => match item {
                    Some(item) => {
                        ended += usize::from(item.state == ItemState::Done);
                        updates.dubbing(ended, total);
                    }
                    None => break false,
                },
                () = &mut stop => break true,
            }
        };
        if was_stopped {
            run.stop();
            let mut timeout = pin!(tokio::time::sleep(STOP_TIMEOUT));
            while run.submitting() > 0 {
                tokio::select! {
                    item = run.next() => if item.is_none() { break },
                    () = tokio::time::sleep(STOP_INTERVAL) => {}
                    () = &mut timeout => break,
                }
            }
            return Err(DubError::Stopped);
        }
        let reason = run.stop_reason();
        drop(run);
        let mut items = batch.items().await?;
        let summary = self.summary(batch).await?;
        items.retain(|item| item.state != ItemState::Done);
        if items.is_empty() {
            return Ok(());
        }
        Err(DubError::Unfinished { summary, reason, items })
    }
}

/// The files of a dub.
struct Files<'a> {
    video: &'a Path,
    audio: &'a Path,
    out: &'a Path,
}

/// Reads the plan of an earlier run, or makes and records one.
#[allow(clippy::too_many_arguments, reason = "a step of `Dub::open`, with what that has read")]
async fn prepare(
    client: &Client,
    ffmpeg: &Ffmpeg,
    files: &Files<'_>,
    options: &DubOptions,
    model: &ModelDescription,
    sources: Sources,
    folder: &WorkFolder,
    updates: &Updates,
    prices: &Option<Prices>,
) -> Result<(Record, Plan), DubError> {
    if files.out.exists() && !folder.is_result(files.out, &sources)? {
        return Err(DubError::OutputExists(files.out.to_owned()));
    }
    let record = match folder.record()? {
        Some(record) => {
            record.require(&sources, folder.path())?;
            folder.require_service(client)?;
            record
        }
        None => {
            let pcm_file = folder.pcm();
            let Files { video, audio, .. } = files;
            let analysis =
                analyse(ffmpeg, video, audio, Some(&pcm_file), options, model, updates).await?;
            let plan = make_plan(&analysis, options, model, prices.clone())?;
            let record = Record::new(sources, analysis, plan.segments);
            folder.write_record(&record)?;
            record
        }
    };
    let Record { picture, voice, pcm, format, segments, .. } = record.clone();
    let analysis = Analysis { picture, voice, pcm, format };
    // The segments of the first run: another version may plan others.
    let plan = Plan { segments, ..make_plan(&analysis, options, model, prices.clone())? };
    Ok((record, plan))
}

/// Returns the description of a model that dubs.
fn model(id: &str) -> Result<&'static ModelDescription, DubError> {
    let has = |model: &&ModelDescription, name: &str| model.media_limits(name).is_some();
    describe(id)
        .filter(|model| has(model, "video") && has(model, "audio"))
        .ok_or_else(|| DubError::Model(id.to_owned()))
}

async fn analyse(
    ffmpeg: &Ffmpeg,
    video: &Path,
    audio: &Path,
    pcm_file: Option<&Path>,
    options: &DubOptions,
    model: &ModelDescription,
    updates: &Updates,
) -> Result<Analysis, DubError> {
    require_input(video)?;
    require_input(audio)?;
    updates.analysing(0);
    let size = read_size(ffmpeg, video).await.map_err(|error| unreadable(video, error))?;
    let voice = read_voice(ffmpeg, audio, pcm_file).await;
    let (voice, pcm) = voice.map_err(|error| unreadable(audio, error))?;
    let picture = read_picture(ffmpeg, video, |frames| updates.analysing(frames)).await;
    let picture = picture.map_err(|error| unreadable(video, error))?;
    let voice = without_padding(voice, &picture);
    let format = picture_format(size, options.framing, model);
    Ok(Analysis { picture, voice, pcm, format })
}

/// Returns the size of the pictures that the model gets, and that the result has.
fn picture_format(
    (width, height): (u32, u32),
    framing: Framing,
    model: &ModelDescription,
) -> PictureFormat {
    let mut info = MediaInfo::new(Container::Mp4, Some(1_000_000));
    (info.width, info.height) = (Some(width), Some(height));
    info.duration = Some(Duration::from_secs(5));
    info.video_codec = Some("h264".to_owned());
    let mut options = FitOptions::default();
    options.framing = framing;
    let scale = model.media_limits("video").and_then(|limits| {
        let plan = plan_fit("video", "", &info, limits, &options);
        plan.fixes.into_iter().find_map(|fix| match fix {
            Fix::Scale { width, height, .. } => Some((width, height)),
            _ => None,
        })
    });
    let (width, height) = scale.unwrap_or((width, height));
    PictureFormat::new(width, height, framing)
}

fn make_plan(
    analysis: &Analysis,
    options: &DubOptions,
    model: &ModelDescription,
    prices: Option<Prices>,
) -> Result<Plan, crate::plan::PlanError> {
    let options = PlanOptions {
        length: options.length,
        skip_silence: options.skip_silence,
        prefer: options.prefer,
        limits: SegmentLimits::of_model(model).unwrap_or_default(),
        prices,
        ..PlanOptions::default()
    };
    plan(&analysis.picture, &analysis.voice, &options)
}
