//! Checking an input before anything is spent.

use std::io;

use super::inspect::inspect;
use super::remote::RemoteChecks;
use crate::error::{Error, ErrorKind, Result};
use crate::media::{Media, MediaInfo, Rule, Violation, judge};
use crate::model::{
    Field, FieldKind, Input, InputValue, Level, MediaLimits, ModelDescription, describe,
};

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
    Ok(examine(&input.into(), true, None).await)
}

/// Reads all media of the input side by side and judges them, unless `judge_media` is off. Media
/// behind a URL are read by `remote`, where there is one and the model has rules for them.
pub(super) async fn examine(
    input: &Input,
    judge_media: bool,
    remote: Option<&RemoteChecks>,
) -> Report {
    let description = describe(input.model());
    let media = input.fields().filter_map(|(name, value)| match value {
        InputValue::Media(media) => Some((name, media)),
        InputValue::Json(_) => None,
    });
    let seen = futures_util::future::join_all(media.map(|(name, media)| async move {
        let field = description.and_then(|description| description.field(name));
        let limits = match field {
            Some(Field { kind: FieldKind::Media(limits), .. }) if judge_media => Some(limits),
            _ => None,
        };
        (name, look_at(name, media, limits, remote).await)
    }));
    let mut report = Report { violations: missing(input, description), media: Vec::new() };
    for (name, (info, violations)) in seen.await {
        report.violations.extend(violations);
        report.media.extend(info.map(|info| (name.to_owned(), info)));
    }
    report
}

/// What a medium is, and what its field does not take of that.
async fn look_at(
    field: &str,
    media: &Media,
    limits: Option<&MediaLimits>,
    remote: Option<&RemoteChecks>,
) -> (Option<MediaInfo>, Vec<Violation>) {
    let name = media.display_name();
    if let (Media::Url(url), Some(limits), Some(remote)) = (media, limits, remote) {
        return remote.check(field, &name, url, |info| judge(field, &name, info, limits)).await;
    }
    match inspect(media).await {
        Err(error) => (None, vec![unreadable(field, media, &error)]),
        Ok(None) => (None, Vec::new()),
        Ok(Some(info)) => {
            let found = limits.map(|limits| judge(field, &name, &info, limits));
            (Some(info), found.unwrap_or_default())
        }
    }
}

fn missing(input: &Input, description: Option<&ModelDescription>) -> Vec<Violation> {
    let fields = description.map_or(&[][..], |description| description.fields);
    fields
        .iter()
        .filter(|field| field.required && input.get(field.name).is_none())
        .map(|field| {
            Violation::new(
                field.name,
                Rule::Required,
                Level::Error,
                "nothing",
                "a value",
                format!("{}: is missing; {} needs it.", field.name, input.model()),
            )
        })
        .collect()
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
