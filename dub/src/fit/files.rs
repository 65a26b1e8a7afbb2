//! The files of an input, and what is done with each.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use viseme::media::{
    Container, FitOptions, FitPlan, Fix, Media, MediaInfo, MediaKind, Violation, plan_fit,
};
use viseme::model::MediaLimits;

use super::recipe::Recipe;
use super::streams::Streams;

/// The end of an audio track may be this much before the end of the part, and still cover it.
const TOLERANCE: Duration = Duration::from_millis(100);

/// One step, and what it costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The step.
    #[serde(flatten)]
    pub fix: Fix,
    /// Whether it loses quality: something is encoded again, and not copied.
    pub lossy: bool,
}

/// What is done with one file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FilePlan {
    /// The parameter, such as `video`.
    pub field: String,
    /// The source.
    pub source: Media,
    /// The facts of the source.
    pub before: MediaInfo,
    /// The steps, in their order. Empty if the file stays as it is.
    pub steps: Vec<Step>,
    /// The errors that no step mends.
    pub remaining: Vec<Violation>,
}

/// A file while it is planned.
#[derive(Debug)]
pub(super) struct PlannedFile {
    pub(super) field: String,
    pub(super) source: Media,
    pub(super) limits: MediaLimits,
    pub(super) before: MediaInfo,
    /// The file that ffmpeg reads: the source, or what the steps without ffmpeg made of it.
    pub(super) path: Option<PathBuf>,
    /// The facts of that file, with those that ffmpeg found.
    pub(super) info: MediaInfo,
    pub(super) streams: Streams,
    /// The steps that were made without ffmpeg.
    pub(super) made: Vec<Fix>,
    pub(super) plan: FitPlan,
}

impl PlannedFile {
    /// Returns the name for messages.
    pub(super) fn name(&self) -> String {
        match &self.source {
            Media::Path(path) => path
                .file_name()
                .map_or_else(|| path.display().to_string(), |it| it.to_string_lossy().into_owned()),
            other => other.display_name(),
        }
    }

    /// Decides about the steps anew.
    pub(super) fn decide(&mut self, options: &FitOptions) {
        self.plan = plan_fit(&self.field, &self.name(), &self.info, &self.limits, options);
    }

    /// Returns the part of the file that is kept, from its start to its end.
    pub(super) fn part(&self) -> Option<(Duration, Duration)> {
        self.plan.fixes.iter().find_map(|fix| match fix {
            Fix::Cut { start, duration } => Some((*start, start.saturating_add(*duration))),
            _ => None,
        })
    }

    pub(super) fn recipe(&self, is_exact: bool) -> Recipe {
        let container = self.info.container;
        Recipe::new(self.limits.kind, container, &self.streams, &self.plan.fixes, is_exact)
    }

    /// Returns the plan for the caller.
    pub(super) fn to_plan(&self) -> FilePlan {
        let recipe = self.recipe(false);
        let made = self.made.iter().map(|fix| Step { fix: fix.clone(), lossy: false });
        let planned = self.plan.fixes.iter();
        let planned = planned.map(|fix| Step { lossy: recipe.is_lossy(fix), fix: fix.clone() });
        FilePlan {
            field: self.field.clone(),
            source: self.source.clone(),
            // What ffmpeg found too, unless it read another file.
            before: if self.made.is_empty() { &self.info } else { &self.before }.clone(),
            steps: made.chain(planned).collect(),
            remaining: self.plan.remaining.clone(),
        }
    }
}

/// The options for the audio of an input whose video has this part, if it is cut. They belong together:
/// audio that covers the part is cut to it, and shorter audio is for the part already.
pub(super) fn options_of_audio(
    options: &FitOptions,
    part: Option<(Duration, Duration)>,
    audio: &MediaInfo,
) -> FitOptions {
    let mut own = options.clone();
    (own.from, own.to) = (None, None);
    if let (Some((start, end)), Some(duration)) = (part, audio.duration)
        && duration.saturating_add(TOLERANCE) >= end
    {
        (own.from, own.to) = (Some(start), Some(end));
    }
    own
}

/// Returns the name of a new file in `folder`: that of its source, with the extension of its content, and
/// one that no source and no other new file has.
pub(super) fn target(
    folder: &Path,
    file: &PlannedFile,
    container: Container,
    is_taken: impl Fn(&Path) -> bool,
) -> PathBuf {
    let name = match &file.source {
        Media::Path(path) => path.file_name().map(OsString::from),
        Media::Bytes { file_name, .. } => Path::new(file_name).file_name().map(OsString::from),
        _ => None,
    };
    let name = name.unwrap_or_else(|| file.field.clone().into());
    let stem = Path::new(&name).file_stem().unwrap_or(&name).to_owned();
    let documented = container.extensions().iter().find(|it| file.limits.extensions.contains(it));
    let fallback = if file.limits.kind == MediaKind::Audio { "m4a" } else { "mp4" };
    let extension = documented.copied().unwrap_or(fallback);
    let with = |suffix: &str| {
        let mut name = stem.clone();
        name.push(suffix);
        name.push(".");
        name.push(extension);
        folder.join(name)
    };
    let mut suffixes =
        ["".to_owned(), "-fit".to_owned(), format!("-fit-{}", file.field)].into_iter();
    suffixes.find_map(|it| Some(with(&it)).filter(|it| !is_taken(it))).unwrap_or_else(|| {
        let numbers = 2..u32::MAX;
        let mut names = numbers.map(|number| with(&format!("-fit-{number}")));
        names.find(|it| !is_taken(it)).unwrap_or_else(|| with("-fit"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(source: Media) -> PlannedFile {
        let model = viseme::model::describe("kwaivgi/kling-lipsync/audio-to-video").unwrap();
        let info = MediaInfo::new(Container::Mp4, Some(1));
        PlannedFile {
            field: "video".to_owned(),
            source,
            limits: *model.media_limits("video").unwrap(),
            before: info.clone(),
            path: None,
            info,
            streams: Streams::default(),
            made: Vec::new(),
            plan: FitPlan::default(),
        }
    }

    #[test]
    fn new_files_have_names_of_their_own() {
        let folder = Path::new("out");
        for (source, taken, expected) in [
            (Media::path("a/clip.mkv"), &[][..], "out/clip.mp4"),
            (Media::path("out/clip.mp4"), &["out/clip.mp4"], "out/clip-fit.mp4"),
            (Media::path("-i.mp4"), &[], "out/-i.mp4"),
            (Media::path("clip"), &["out/clip.mp4", "out/clip-fit.mp4"], "out/clip-fit-video.mp4"),
            (
                Media::path("clip"),
                &["out/clip.mp4", "out/clip-fit.mp4", "out/clip-fit-video.mp4"],
                "out/clip-fit-2.mp4",
            ),
            (Media::bytes("../../x.mov", "x"), &[], "out/x.mp4"),
            (Media::bytes("", "x"), &[], "out/video.mp4"),
            (Media::path(".."), &[], "out/video.mp4"),
        ] {
            let is_taken = |path: &Path| taken.iter().any(|it| path == Path::new(it));
            let found = target(folder, &planned(source.clone()), Container::Mp4, is_taken);
            assert_eq!(found, Path::new(expected), "{source:?}");
        }
    }

    #[test]
    fn audio_that_covers_the_part_of_its_video_is_cut_to_it() {
        let second = Duration::from_secs;
        let part = Some((second(8), second(18)));
        let options = FitOptions::default();
        for (audio, part, expected) in [
            (Some(60), part, Some((8, 18))),
            (Some(18), part, Some((8, 18))),
            (Some(12), part, None),
            (Some(60), None, None),
            (None, part, None),
        ] {
            let mut info = MediaInfo::new(Container::Wav, None);
            info.duration = audio.map(second);
            let found = options_of_audio(&options, part, &info);
            assert_eq!(found.from.zip(found.to), expected.map(|(a, b)| (second(a), second(b))));
        }
    }
}
