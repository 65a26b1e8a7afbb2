//! Validation of an input before anything is charged.

use std::io;
use std::path::Path;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::remote::RemoteChecks;
use crate::account::Model;
use crate::error::{Error, ErrorKind, Result, io_reason};
use crate::media::probe::{BytesSource, FileSource, ReadAt, ReadError, probe};
use crate::media::{self, Media, MediaInfo, Rule, Violation, data_uri};
use crate::model::{
    Input, InputValue, Level, MediaLimits, describe, is_model_id, not_a_model_id, validate,
};

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Report {
    /// All violations: errors and warnings.
    pub violations: Vec<Violation>,
    /// The facts about each readable media file, with the parameter's name.
    pub media: Vec<(String, MediaInfo)>,
}

impl Report {
    /// Returns whether there are no errors. Warnings do not count.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.errors().next().is_none()
    }

    /// Returns the violations that stop a run.
    pub fn errors(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| violation.level == Level::Error)
    }

    /// Returns the violations that do not stop a run.
    pub fn warnings(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| violation.level == Level::Warning)
    }

    /// Returns the report if it has no errors.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with all violations.
    pub fn into_result(self) -> Result<Self> {
        if self.is_ok() {
            return Ok(self);
        }
        let mut message = "Invalid input. ".to_owned();
        for violation in self.errors() {
            message.push_str(&violation.message);
            // A command at the end is copied to a shell: nothing may follow it in its line.
            message.push(if violation.message.ends_with('.') { ' ' } else { '\n' });
        }
        message.push_str("Nothing was sent.");
        Err(Error::new(ErrorKind::InvalidInput, message).with_violations(self.violations))
    }

    /// Returns the report with every warning turned into an error.
    #[must_use]
    pub fn strict(mut self) -> Self {
        for violation in &mut self.violations {
            violation.level = Level::Error;
        }
        self
    }

    /// Adds the violations of the model's schema in the live catalogue that are not in the report yet.
    /// The live lists of values are newer than the known ones.
    pub(super) fn add_live(&mut self, model: &Model, input: &Input) {
        // Without validation against the live lists, the known ones still count.
        if model.schema.is_some() && cfg!(feature = "schema-validation") {
            self.violations.retain(|violation| violation.rule != Rule::Choice);
        }
        let found = model.validate(input);
        let is_known = |new: &Violation| {
            let mut known = self.violations.iter();
            known.any(|known| known.field == new.field && known.rule == new.rule)
        };
        let new: Vec<_> = found.into_iter().filter(|violation| !is_known(violation)).collect();
        self.violations.extend(new);
    }

    /// Returns the facts about the media of this parameter.
    #[must_use]
    pub fn media_info(&self, field: &str) -> Option<&MediaInfo> {
        self.media.iter().find(|(name, _)| name == field).map(|(_, info)| info)
    }
}

/// Validates an input against the rules of its model, without a client and without sending anything.
/// It does not read media behind a URL; [`Client::check`](crate::Client::check) does. Models that this
/// crate does not describe have no rules, except that their id has the form `owner/name`.
///
/// # Errors
/// Violations are in the report and not errors; see [`Report::into_result`].
pub async fn check(input: impl Into<Input>) -> Result<Report> {
    Ok(validate_input(&input.into().with_defaults(), true, None).await)
}

/// Validates the input's values. Probes all media concurrently and, if `check_media` is set, validates
/// them. `remote` probes media behind a URL if the model has limits for them.
pub(super) async fn validate_input(
    input: &Input,
    check_media: bool,
    remote: Option<&RemoteChecks>,
) -> Report {
    let description = describe(input.model());
    let media = input.fields().filter_map(|(name, value)| match value {
        InputValue::Media(media) => Some((name, media)),
        InputValue::Json(_) => None,
    });
    let probed = futures_util::future::join_all(media.map(|(name, media)| async move {
        let limits = description.and_then(|description| description.media_limits(name));
        let limits = limits.filter(|_| check_media);
        let media_name = name_in_messages(media, input);
        (name, probe_media(name, media, &media_name, limits, remote).await)
    }));
    let violations = match description {
        Some(description) => validate(input, description),
        None if is_model_id(input.model()) => Vec::new(),
        None => vec![not_a_model_id(input.model())],
    };
    let mut report = Report { violations, media: Vec::new() };
    for (name, (info, violations)) in probed.await {
        report.violations.extend(violations);
        report.media.extend(info.map(|info| (name.to_owned(), info)));
    }
    report
}

/// The name of media in a message: a file's name, or its path if the input has another file of that
/// name.
fn name_in_messages(media: &Media, input: &Input) -> String {
    let file_name = |media: &Media| match media {
        Media::Path(path) => Some(path.file_name()?.to_string_lossy().into_owned()),
        Media::Bytes { file_name, .. } => Some(file_name.clone()),
        Media::Url(_) => None,
    };
    let name = file_name(media);
    let is_ambiguous = input.fields().any(|(_, value)| match value {
        InputValue::Media(other) => other != media && file_name(other) == name,
        InputValue::Json(_) => false,
    });
    name.filter(|_| !is_ambiguous).unwrap_or_else(|| media.display_name())
}

/// Probes media and returns their properties and violations.
async fn probe_media(
    field: &str,
    media: &Media,
    name: &str,
    limits: Option<&MediaLimits>,
    remote: Option<&RemoteChecks>,
) -> (Option<MediaInfo>, Vec<Violation>) {
    if let (Media::Url(url), Some(limits), Some(remote)) = (media, limits, remote)
        && url.scheme() != "data"
    {
        return remote
            .check(field, name, url, |info| media::validate(field, name, info, limits))
            .await;
    }
    match probe_local(media).await {
        Err(error) => (None, vec![unreadable(field, media, &error)]),
        Ok(None) => (None, Vec::new()),
        Ok(Some(info)) => {
            let found = limits.map(|limits| media::validate(field, name, &info, limits));
            (Some(info), found.unwrap_or_default())
        }
    }
}

/// The limit of files that are read concurrently: each occupies a thread.
static READERS: Semaphore = Semaphore::const_new(8);

/// Returns the facts about media in a file, in memory or in a `data:` URI; `None` for any other URL.
///
/// # Errors
/// The file cannot be opened or read.
pub(super) async fn probe_local(media: &Media) -> io::Result<Option<MediaInfo>> {
    match media {
        Media::Url(url) if url.scheme() == "data" => {
            let broken = || io::Error::new(io::ErrorKind::InvalidData, "it is incomplete");
            let content = data_uri::content(url.as_str()).ok_or_else(broken)?;
            read(move || probe_whole(&BytesSource::new(content))).await.map(Some)
        }
        Media::Url(_) => Ok(None),
        Media::Bytes { content, .. } => {
            let content: Bytes = content.clone();
            read(move || probe_whole(&BytesSource::new(content))).await.map(Some)
        }
        Media::Path(path) => {
            let path = path.clone();
            read(move || probe_whole(&open(&path)?)).await.map(Some)
        }
    }
}

async fn read<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let _permit = READERS.acquire().await.map_err(io::Error::other)?;
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn open(path: &Path) -> io::Result<FileSource> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    FileSource::open(path)
}

fn probe_whole(source: &dyn ReadAt) -> io::Result<MediaInfo> {
    probe(source).map_err(|error| match error {
        ReadError::Io(error) => error,
        ReadError::Missing { .. } => io::Error::from(io::ErrorKind::UnexpectedEof),
    })
}

fn unreadable(field: &str, media: &Media, error: &io::Error) -> Violation {
    let message = format!("`{field}`: {}", why_unreadable(&media.display_name(), error));
    Violation::new(
        field,
        Rule::Readable,
        Level::Error,
        io_reason(error),
        "a readable file",
        message,
    )
}

/// Returns why a file cannot be read and what to do.
pub(super) fn why_unreadable(name: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("file not found: {name}. Check the path."),
        io::ErrorKind::IsADirectory => format!("{name} is a folder. Pass a file."),
        io::ErrorKind::PermissionDenied => {
            format!("no permission to read {name}. Check the file's permissions.")
        }
        _ => format!("cannot read {name}: {}.", io_reason(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_name_of_a_file_and_its_path_if_the_name_is_ambiguous() {
        let (one, other) = (Media::path("a/clip.mp4"), Media::path("b/clip.mp4"));
        let input =
            |second: &Media| Input::new("a/b").media("x", one.clone()).media("y", second.clone());
        let name = |second: &Media| name_in_messages(&one, &input(second));
        assert_eq!(name(&Media::path("b/voice.mp3")), "clip.mp4");
        assert_eq!(name(&one), "clip.mp4", "the same file twice");
        assert_eq!(name(&other), "a/clip.mp4");
        assert_eq!(name(&Media::bytes("clip.mp4", "x")), "a/clip.mp4");
        let url = Media::from("https://a.example/clip.mp4?signature=x");
        assert_eq!(name_in_messages(&url, &input(&url)), "https://a.example/clip.mp4");
    }

    #[test]
    fn nothing_follows_a_command_in_its_line() {
        let violation =
            |message: &str| Violation::new("video", Rule::Container, Level::Error, "", "", message);
        let violations =
            vec![violation("Convert it: ffmpeg -i a.mkv a.mp4"), violation("Trim it.")];
        let error = Report { violations, media: Vec::new() }.into_result().unwrap_err();
        assert_eq!(
            error.message(),
            "Invalid input. Convert it: ffmpeg -i a.mkv a.mp4\nTrim it. Nothing was sent."
        );
    }
}
