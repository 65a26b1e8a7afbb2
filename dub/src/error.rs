//! Errors of a dub.

use std::io;
use std::path::{Path, PathBuf};

use viseme::ErrorKind;
use viseme_batch::{BatchError, Item, ItemState, StopReason, Summary, dollars};

use crate::ffmpeg::FfmpegError;
use crate::plan::PlanError;

/// Why a clip could not be dubbed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DubError {
    /// ffmpeg is missing or failed.
    #[error(transparent)]
    Ffmpeg(#[from] FfmpegError),
    /// The clip cannot be cut into segments that the model takes.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The batch of the segments cannot be used.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A file cannot be read or written.
    #[error("{}: {message}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The video or the audio cannot be used.
    #[error("{}: {message}", .path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        message: &'static str,
    },
    /// The folder of the output does not exist.
    #[error("{}: There is no such folder. Create it first.", .0.display())]
    NoFolder(PathBuf),
    /// The known price is above the limit of cost. Nothing was cut or submitted by this run.
    #[error("{}", cost_limit(*.left, *.spent, *.limit))]
    CostLimit {
        /// What the segments cost that are not paid for, in millionths of a US dollar.
        left: u64,
        /// What was spent before.
        spent: u64,
        /// The limit.
        limit: u64,
    },
    /// The work folder has jobs of another service.
    #[error(
        "{} belongs to the service at {base_url}, and the client uses {client}. Use that base URL to \
         resume it, or delete the folder to start over.",
        .folder.display()
    )]
    OtherService {
        /// The work folder.
        folder: PathBuf,
        /// The base URL of its jobs.
        base_url: String,
        /// The base URL of the client.
        client: String,
    },
    /// An offline dub would remove what was paid for.
    #[error("{} keeps jobs of the service. Name another output to dub offline.", .0.display())]
    HasJobs(PathBuf),
    /// The file is neither a video nor an audio file of a known kind.
    #[error("{} is no video or audio file that can be dubbed.", .0.display())]
    NoMedia(PathBuf),
    /// The file has no video stream.
    #[error("{} has no picture. Pass a video file.", .0.display())]
    NoPicture(PathBuf),
    /// The file has no audio stream.
    #[error("{} has no sound. Pass an audio file.", .0.display())]
    NoSound(PathBuf),
    /// The model has no parameters `video` and `audio`.
    #[error("The model {0} cannot dub: it has no parameters `video` and `audio`.")]
    Model(String),
    /// Results are MP4 or MOV files.
    #[error("{} ends in neither .mp4 nor .mov. Name the output with one of them.", .0.display())]
    OutputFormat(PathBuf),
    /// The result exists, and nothing is to be paid for it again.
    #[error("{} exists already. Delete it or name another file to dub the clip again.", .0.display())]
    OutputExists(PathBuf),
    /// The work folder is that of another dub.
    #[error(
        "{} belongs to a dub with another {what}. Use the same {what} to resume it, or delete the \
         folder to start over: segments that are paid for are then paid for again.",
        .folder.display()
    )]
    OtherDub {
        /// The work folder.
        folder: PathBuf,
        /// What differs, such as `video`, `voice` or `choice of length`.
        what: &'static str,
    },
    /// Another process works on it.
    #[error("Another process dubs this clip: {} is in use. Wait until it ends, or end it.", .0.display())]
    Locked(PathBuf),
    /// Segments are not done. What was paid for is kept, and the next run resumes.
    #[error("{}", unfinished(.summary, .reason.as_ref(), .items))]
    Unfinished {
        /// How many segments are in each state, and what they cost.
        summary: Summary,
        /// Why nothing more was submitted.
        reason: Option<StopReason>,
        /// The segments that are not done.
        items: Vec<Item>,
    },
    /// The caller stopped it. The next run resumes.
    #[error("The dub was stopped. Run it again to resume.")]
    Stopped,
}

impl DubError {
    /// Returns the stable code, the same in every language. That of an unfinished dub is the code of what
    /// ended it; that of one which the caller stopped is `wait_timeout`, since its jobs continue.
    #[must_use]
    pub fn code(&self) -> &str {
        let kind = match self {
            Self::Batch(error) => return error.code(),
            Self::Unfinished { reason, items, .. } => {
                return code_of_unfinished(reason.as_ref(), items);
            }
            Self::CostLimit { .. } => ErrorKind::Ledger,
            Self::Plan(_)
            | Self::Input { .. }
            | Self::NoFolder(_)
            | Self::OtherService { .. }
            | Self::HasJobs(_)
            | Self::NoMedia(_)
            | Self::NoPicture(_)
            | Self::NoSound(_)
            | Self::Model(_)
            | Self::OutputFormat(_)
            | Self::OutputExists(_)
            | Self::OtherDub { .. } => ErrorKind::InvalidInput,
            Self::Ffmpeg(_) | Self::Io { .. } | Self::Locked(_) => ErrorKind::Config,
            Self::Stopped => ErrorKind::WaitTimeout,
        };
        kind.code()
    }

    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::NotFound => "There is no such file.".to_owned(),
            io::ErrorKind::PermissionDenied => "Permission denied.".to_owned(),
            io::ErrorKind::StorageFull => "The disk is full.".to_owned(),
            _ => format!("It cannot be read or written: {error}."),
        };
        Self::Io { path: path.to_owned(), message }
    }

    pub(crate) fn no_picture(path: &Path) -> Self {
        Self::NoPicture(path.to_owned())
    }

    pub(crate) fn no_sound(path: &Path) -> Self {
        Self::NoSound(path.to_owned())
    }
}

fn code_of_unfinished<'a>(reason: Option<&'a StopReason>, items: &'a [Item]) -> &'a str {
    match reason {
        Some(StopReason::Unknown(error) | StopReason::Error(error)) => error.code(),
        // The ledger refuses what is above its limit too.
        Some(_) => ErrorKind::Ledger.code(),
        None if items.iter().any(|item| item.state == ItemState::Unknown) => {
            ErrorKind::SubmissionUnknown.code()
        }
        None => {
            let code = items.iter().find_map(|item| item.error_code.as_deref());
            code.unwrap_or(ErrorKind::JobFailed.code())
        }
    }
}

fn cost_limit(left: u64, spent: u64, limit: u64) -> String {
    let needed = dollars(spent.saturating_add(left));
    let cost = match spent {
        0 => format!("The dub costs ${needed}"),
        _ => format!("The rest of the dub costs ${}, ${needed} with what is paid", dollars(left)),
    };
    format!(
        "{cost}, and the limit of cost is ${}. Nothing was submitted. Raise the limit to ${needed} or \
         more.",
        dollars(limit)
    )
}

fn unfinished(summary: &Summary, reason: Option<&StopReason>, items: &[Item]) -> String {
    let states: Vec<_> =
        summary.states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let mut message = format!(
        "{} of {} segments are not done ({}). ",
        items.len(),
        summary.total,
        states.join(", ")
    );
    let failed = items.iter().find_map(|item| Some((item, item.error.as_ref()?)));
    match (reason, failed) {
        (Some(reason), _) => message.push_str(&format!("{reason} ")),
        (None, Some((item, error))) => message.push_str(&format!("Segment {}: {error} ", item.id)),
        (None, None) => {}
    }
    message.push_str("Run the dub again to resume; what is paid for is kept.");
    if items.iter().any(|item| item.state == ItemState::Failed) {
        message.push_str(" Failed segments are submitted again only if you allow retries.");
    }
    message
}
