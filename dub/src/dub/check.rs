//! Checks the files and the limit of cost of a dub, before anything is cut or paid.

use std::fs;
use std::io;
use std::path::Path;

use viseme_batch::{Batch, ItemState};

use super::container::OutputContainer;
use super::folder::{self, Sources, WorkFolder};
use super::{Dub, DubOptions};
use crate::error::DubError;
use crate::ffmpeg::FfmpegError;

/// Checks that a dub of these files can be written to `out`, as [`Dub::open`] does. Writes nothing.
///
/// # Errors
/// [`DubError`] if the output has the wrong extension, exists, or has no folder, or if its work folder
/// belongs to another dub.
pub async fn check_output(
    video: &Path,
    audio: &Path,
    out: &Path,
    options: &DubOptions,
) -> Result<(), DubError> {
    require_output(out)?;
    require_input(video)?;
    require_input(audio)?;
    let folder = WorkFolder::path_of(out)?;
    let sources = Sources::read(video, audio, options).await?;
    if out.exists() && !folder::is_result(&folder, out, &sources)? {
        return Err(DubError::OutputExists(out.to_owned()));
    }
    folder::require_jobs(&folder, options.offline)?;
    match folder::record(&folder)? {
        Some(record) => record.require(&sources, &folder),
        None => Ok(()),
    }
}

/// Returns the container of an output, and checks that it can be created.
pub(super) fn require_output(out: &Path) -> Result<OutputContainer, DubError> {
    let container =
        OutputContainer::of(out).ok_or_else(|| DubError::OutputFormat(out.to_owned()))?;
    let parent = out.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        return Err(DubError::NoFolder(parent.to_owned()));
    }
    // Only the folder of a finished dub says whether the output is its result.
    if out.exists() && !folder::is_finished(&WorkFolder::path_of(out)?) {
        return Err(DubError::OutputExists(out.to_owned()));
    }
    Ok(container)
}

/// Checks that a path is that of a file.
pub(super) fn require_input(file: &Path) -> Result<(), DubError> {
    let message = match fs::metadata(file) {
        Ok(found) if found.is_dir() => "This is a folder. Pass a file.",
        Ok(_) => return Ok(()),
        Err(_) if is_url(file) => "This is a URL. Download it, and pass the file.",
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            "There is no such file. Check the path."
        }
        Err(error) => return Err(DubError::io(file, &error)),
    };
    Err(DubError::Input { path: file.to_owned(), message })
}

fn is_url(file: &Path) -> bool {
    file.to_str().is_some_and(|text| {
        ["http://", "https://"].iter().any(|scheme| {
            text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        })
    })
}

/// Returns the error of a file that ffmpeg cannot decode, or that has no such stream.
pub(super) fn unreadable(file: &Path, error: DubError) -> DubError {
    let DubError::Ffmpeg(FfmpegError::Failed { status, message }) = &error else { return error };
    if message.contains("'0:V:0' matches no streams") {
        return DubError::no_picture(file);
    }
    if message.contains("'0:a:0' matches no streams") {
        return DubError::no_sound(file);
    }
    // A signal says nothing about the file.
    if !status.starts_with("exit") {
        return error;
    }
    tracing::debug!(file = %file.display(), %message, "ffmpeg cannot decode the file");
    let message = "The file cannot be decoded: it is damaged, incomplete or of another kind.";
    DubError::Input { path: file.to_owned(), message }
}

impl Dub {
    /// Refuses a limit of cost that is below what was spent and what the rest is known to cost.
    pub(super) async fn require_affordable(&self, batch: &Batch) -> Result<(), DubError> {
        let Some((limit, prices)) = self.options.batch.max_cost.zip(self.prices.as_ref()) else {
            return Ok(());
        };
        let retries = self.options.batch.retry_failed > 0;
        let items = batch.items().await?;
        let is_open = |id: &str| {
            items.iter().any(|item| {
                item.id == id
                    && match item.state {
                        ItemState::Planned
                        | ItemState::Checked
                        | ItemState::Uploading
                        | ItemState::Ready
                        | ItemState::Refused => true,
                        ItemState::Failed => retries,
                        _ => false,
                    }
            })
        };
        let timeline = &self.plan.timeline;
        let open = self.dubbed_segments().filter(|(at, _)| is_open(&WorkFolder::segment_id(*at)));
        let left: u64 = open
            .map(|(_, segment)| {
                let frames = &segment.frames;
                let ticks = timeline.time_at(frames.end) - timeline.time_at(frames.start);
                prices.of(timeline, ticks, segment.samples.end - segment.samples.start)
            })
            .fold(0, u64::saturating_add);
        let spent = batch.folder().spent_micros().await?;
        if left == 0 || spent.saturating_add(left) <= limit {
            return Ok(());
        }
        Err(DubError::CostLimit { left, spent, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ffmpeg_says_of_a_file_becomes_a_sentence() {
        let of = |status: &str, message: &str| {
            let failed = FfmpegError::Failed { status: status.into(), message: message.into() };
            unreadable(Path::new("a.mp4"), failed.into())
        };
        let (exit, none) = ("exit status: 1", "matches no streams.");
        let no_picture = of(exit, &format!("Stream map '0:V:0' {none}"));
        assert!(matches!(no_picture, DubError::NoPicture(_)), "{no_picture}");
        let no_sound = of(exit, &format!("Stream map '0:a:0' {none}"));
        assert!(matches!(no_sound, DubError::NoSound(_)), "{no_sound}");
        let damaged = of(exit, "moov atom not found").to_string();
        assert!(damaged.starts_with("a.mp4: The file cannot be decoded"), "{damaged}");
        assert!(matches!(of("signal: 9 (SIGKILL)", ""), DubError::Ffmpeg(_)));
    }

    #[test]
    fn a_url_is_no_path_of_a_file() {
        let of = |text: &str| require_input(Path::new(text)).unwrap_err().to_string();
        assert!(of("HTTPS://example.com/a.mp4").contains("This is a URL"));
        assert!(of("nowhere/a.mp4").contains("There is no such file"));
        assert!(of(".").contains("This is a folder"));
    }
}
