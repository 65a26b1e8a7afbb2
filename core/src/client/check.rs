//! Checking an input before anything is spent.

use std::io;

use super::inspect::inspect;
use crate::error::{Error, ErrorKind, Result};
use crate::media::{Media, MediaInfo, Rule, Violation, judge};
use crate::model::{Input, InputValue, Level, describe, validate};

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
/// Models this crate does not know have no rules here.
///
/// # Errors
/// Broken rules are in the report, not errors; see [`Report::into_result`].
pub async fn check(input: impl Into<Input>) -> Result<Report> {
    Ok(examine(&input.into(), true).await)
}

/// Judges the input's values, reads all its media, and judges them unless `judge_media` is off.
pub(super) async fn examine(input: &Input, judge_media: bool) -> Report {
    let description = describe(input.model());
    let media = input.fields().filter_map(|(name, value)| match value {
        InputValue::Media(media) => Some((name, media)),
        InputValue::Json(_) => None,
    });
    let seen = futures_util::future::join_all(
        media.map(|(name, media)| async move { (name, media, inspect(media).await) }),
    );
    let violations = description.map(|description| validate(input, description));
    let mut report = Report { violations: violations.unwrap_or_default(), media: Vec::new() };
    for (name, media, info) in seen.await {
        match info {
            Err(error) => report.violations.push(unreadable(name, media, &error)),
            Ok(None) => {}
            Ok(Some(info)) => {
                let limits = description.and_then(|description| description.media_limits(name));
                if let (true, Some(limits)) = (judge_media, limits) {
                    let found = judge(name, &media.display_name(), &info, limits);
                    report.violations.extend(found);
                }
                report.media.push((name.to_owned(), info));
            }
        }
    }
    report
}

fn unreadable(field: &str, media: &Media, error: &io::Error) -> Violation {
    let name = media.display_name();
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!("{field}: there is no file {name}. Check the path."),
        io::ErrorKind::IsADirectory => format!("{field}: {name} is a folder. Name a file in it."),
        io::ErrorKind::PermissionDenied => {
            format!("{field}: {name} may not be read. Check the file's permissions.")
        }
        _ => format!("{field}: {name} cannot be read: {error}."),
    };
    Violation::new(
        field,
        Rule::Readable,
        Level::Error,
        error.to_string(),
        "a readable file",
        message,
    )
}
