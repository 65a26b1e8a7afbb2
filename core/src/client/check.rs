//! Checking an input before anything is spent.

use std::io;

use super::inspect::inspect;
use super::remote::RemoteChecks;
use crate::account::Model;
use crate::error::{Error, ErrorKind, Result};
use crate::media::{self, Media, MediaInfo, Rule, Violation};
use crate::model::{Input, InputValue, Level, MediaLimits, describe, validate};

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Every broken rule, errors and warnings.
    pub violations: Vec<Violation>,
    /// What each medium that could be read says of itself, with the parameter's name.
    pub media: Vec<(String, MediaInfo)>,
}

impl Report {
    /// Whether nothing speaks against running the input; warnings do not.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.errors().next().is_none()
    }

    /// The violations that stop a run.
    pub fn errors(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| violation.level == Level::Error)
    }

    /// The violations that are only reported.
    pub fn warnings(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| violation.level == Level::Warning)
    }

    /// The report, if nothing in it stops a run.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with all violations.
    pub fn into_result(self) -> Result<Self> {
        let sentences: Vec<_> = self.errors().map(|violation| violation.message.as_str()).collect();
        if sentences.is_empty() {
            return Ok(self);
        }
        let message =
            format!("The input was refused before anything was sent. {}", sentences.join(" "));
        Err(Error::new(ErrorKind::InvalidInput, message).with_violations(self.violations))
    }

    /// The report in which every warning is an error.
    #[must_use]
    pub fn strict(mut self) -> Self {
        for violation in &mut self.violations {
            violation.level = Level::Error;
        }
        self
    }

    /// Adds what the model's schema in the live catalogue says of the input, except for what was
    /// said already. Its lists of words are newer than those known here.
    pub(super) fn add_live(&mut self, model: &Model, input: &Input) {
        // Where values are not judged by the live lists, the ones known here still count.
        if model.schema.is_some() && cfg!(feature = "schema-validation") {
            self.violations.retain(|violation| violation.rule != Rule::Choice);
        }
        let found = model.validate(input);
        let is_said = |new: &Violation| {
            let mut known = self.violations.iter();
            known.any(|known| known.field == new.field && known.rule == new.rule)
        };
        let news: Vec<_> = found.into_iter().filter(|violation| !is_said(violation)).collect();
        self.violations.extend(news);
    }

    /// What is known of the medium for that parameter.
    #[must_use]
    pub fn media_info(&self, field: &str) -> Option<&MediaInfo> {
        self.media.iter().find(|(name, _)| name == field).map(|(_, info)| info)
    }
}

/// Checks an input against the rules of its model, without a client and without sending anything.
/// Media behind a URL are not read; [`Client::check`](crate::Client::check) does that. Models this
/// crate does not know have no rules here.
///
/// # Errors
/// Broken rules are in the report, not errors; see [`Report::into_result`].
pub async fn check(input: impl Into<Input>) -> Result<Report> {
    Ok(validate_input(&input.into().with_defaults(), true, None).await)
}

/// Validates the parameters of an input, and probes and validates all its media at the same time,
/// unless `check_media` is off. Media behind a URL are probed by `remote`, if it is given and the
/// model has limits for them.
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
    let seen = futures_util::future::join_all(media.map(|(name, media)| async move {
        let limits = description.and_then(|description| description.media_limits(name));
        let limits = limits.filter(|_| check_media);
        let media_name = name_in_messages(media, input);
        (name, probe_media(name, media, &media_name, limits, remote).await)
    }));
    let violations = description.map(|description| validate(input, description));
    let mut report = Report { violations: violations.unwrap_or_default(), media: Vec::new() };
    for (name, (info, violations)) in seen.await {
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
    match inspect(media).await {
        Err(error) => (None, vec![unreadable(field, media, &error)]),
        Ok(None) => (None, Vec::new()),
        Ok(Some(info)) => {
            let found = limits.map(|limits| media::validate(field, name, &info, limits));
            (Some(info), found.unwrap_or_default())
        }
    }
}

fn unreadable(field: &str, media: &Media, error: &io::Error) -> Violation {
    let message = format!("{field}: {}", why_unreadable(&media.display_name(), error));
    Violation::new(
        field,
        Rule::Readable,
        Level::Error,
        error.to_string(),
        "a readable file",
        message,
    )
}

/// Why a file cannot be read, and what to do.
pub(super) fn why_unreadable(name: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is no file {name}. Check the path."),
        io::ErrorKind::IsADirectory => format!("{name} is a folder. Name a file in it."),
        io::ErrorKind::PermissionDenied => {
            format!("{name} may not be read. Check the file's permissions.")
        }
        _ => format!("{name} cannot be read: {error}."),
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
}
