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

/// Judges the input's values; reads all its media side by side and judges them, unless
/// `check_media` is off. Media
/// behind a URL are read by `remote`, where there is one and the model has rules for them.
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
        (name, probe_media(name, media, limits.filter(|_| check_media), remote).await)
    }));
    let violations = description.map(|description| validate(input, description));
    let mut report = Report { violations: violations.unwrap_or_default(), media: Vec::new() };
    for (name, (info, violations)) in seen.await {
        report.violations.extend(violations);
        report.media.extend(info.map(|info| (name.to_owned(), info)));
    }
    report
}

/// What a medium is, and what its field does not take of that.
async fn probe_media(
    field: &str,
    media: &Media,
    limits: Option<&MediaLimits>,
    remote: Option<&RemoteChecks>,
) -> (Option<MediaInfo>, Vec<Violation>) {
    let name = media.display_name();
    if let (Media::Url(url), Some(limits), Some(remote)) = (media, limits, remote)
        && url.scheme() != "data"
    {
        return remote
            .check(field, &name, url, |info| media::validate(field, &name, info, limits))
            .await;
    }
    match inspect(media).await {
        Err(error) => (None, vec![unreadable(field, media, &error)]),
        Ok(None) => (None, Vec::new()),
        Ok(Some(info)) => {
            let found = limits.map(|limits| media::validate(field, &name, &info, limits));
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
