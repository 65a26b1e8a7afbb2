//! Validates the facts of a media file against the limits of a model's field.

mod advice;
mod fixes;
mod picture_size;

use super::fix::{FitOptions, Fix};
use super::format::{all_of, decimal, one_of, seconds, size};
use super::info::USUAL_VIDEO_CODECS;
use super::{Container, MediaInfo, MediaKind, Rule, Violation};
use viseme_spec::{Level, MediaLimits, Range};

/// Deviations up to this many seconds are rounding errors. They are not reported.
const ROUNDING_S: f64 = 0.01;
/// Durations up to this many seconds beyond a limit are a warning, not an error: the last frame
/// at 24 frames per second and the padding of the audio turn 10 seconds into 10.04. Whether the
/// service is as tolerant is a guess.
const OVERSHOOT_S: f64 = 0.1;
/// A text of fewer bytes is what is left of a file, and not a document.
const TINY: u64 = 16;

/// Returns every rule that the file breaks, errors and warnings; an empty list if it breaks none.
/// `name` is the file's name in messages, and its extension is compared with the content.
///
/// A file of the wrong kind gets that one violation: its duration and size do not matter then.
///
/// Each violation names the fix that [`plan_fit`](super::plan_fit) makes by default. If the new container
/// depends on a codec that is not known, it is [`Container::Unknown`].
#[must_use]
pub fn validate(field: &str, name: &str, info: &MediaInfo, limits: &MediaLimits) -> Vec<Violation> {
    let mut violations = validate_for_fit(field, name, info, limits, &FitOptions::default());
    if limits.kind == MediaKind::Audio && fixes::target_is_unknown(info) {
        for violation in &mut violations {
            if let Some(Fix::Convert { container } | Fix::ExtractAudio { container }) =
                &mut violation.fix
            {
                *container = Container::Unknown;
            }
        }
    }
    violations
}

/// As [`validate`], with the fixes for these options.
pub(super) fn validate_for_fit(
    field: &str,
    name: &str,
    info: &MediaInfo,
    limits: &MediaLimits,
    options: &FitOptions,
) -> Vec<Violation> {
    let file = CheckedFile { field, name, info, limits };
    let mut violations = file.violations();
    for violation in &mut violations {
        violation.fix = fixes::fix(&file, violation.rule, options);
    }
    violations
}

/// A file and the field that it is meant for.
struct CheckedFile<'a> {
    field: &'a str,
    name: &'a str,
    info: &'a MediaInfo,
    limits: &'a MediaLimits,
}

impl CheckedFile<'_> {
    fn violations(&self) -> Vec<Violation> {
        if let Some(wrong_kind) = self.empty().or_else(|| self.container()) {
            return vec![wrong_kind];
        }
        [
            self.corrupt(),
            self.size(),
            self.duration(),
            self.dimensions(),
            self.aspect_ratio(),
            self.undetermined(),
            self.anomalous(),
            self.codec(),
            self.extension(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
    fn violation(
        &self,
        rule: Rule,
        level: Level,
        actual: impl Into<String>,
        allowed: impl Into<String>,
        statement: &str,
    ) -> Violation {
        let message = format!("`{}`: {} {statement}", self.field, self.name);
        Violation::new(self.field, rule, level, actual, allowed, message)
    }

    fn error(&self, rule: Rule, actual: String, allowed: String, statement: &str) -> Violation {
        self.violation(rule, Level::Error, actual, allowed, statement)
    }

    fn warning(&self, rule: Rule, actual: String, allowed: String, statement: &str) -> Violation {
        self.violation(rule, Level::Warning, actual, allowed, statement)
    }

    fn accepted(&self) -> String {
        let labels: Vec<String> =
            self.limits.containers.iter().map(|container| container.label().to_owned()).collect();
        one_of(&labels)
    }

    fn empty(&self) -> Option<Violation> {
        (self.info.bytes == Some(0)).then(|| {
            let allowed = self.accepted();
            let statement =
                format!("is empty. The model accepts {allowed}. Export or download it again.");
            self.error(Rule::Empty, "0 bytes".to_owned(), allowed, &statement)
        })
    }

    fn container(&self) -> Option<Violation> {
        let found = self.info.container;
        if self.limits.containers.contains(&found) || self.may_have_fitting_tracks() {
            return None;
        }
        let allowed = self.accepted();
        if let (Container::Text, Some(bytes @ ..TINY)) = (found, self.info.bytes) {
            let unit = if bytes == 1 { "byte" } else { "bytes" };
            let statement = format!(
                "has only {bytes} {unit}. The model accepts {allowed}. Export or download it again."
            );
            return Some(self.error(
                Rule::Container,
                format!("{bytes} {unit}"),
                allowed,
                &statement,
            ));
        }
        let is = if self.name_fits_content() { "is" } else { "is really" };
        let corruption = self
            .info
            .corruption
            .as_ref()
            .map(|clause| format!(" that {clause}"))
            .unwrap_or_default();
        let statement = format!(
            "{is} {}{corruption}. The model accepts {allowed}. {}",
            found.describe(),
            advice::for_wrong_kind(self)
        );
        Some(self.error(Rule::Container, found.label().to_owned(), allowed, &statement))
    }

    /// Returns true for an MP4, MOV or M4A file whose tracks are unknown because it is corrupt or
    /// was read in part: it may be of the right kind.
    fn may_have_fitting_tracks(&self) -> bool {
        const BOX_FORMATS: [Container; 3] = [Container::Mp4, Container::Mov, Container::M4a];
        let info = self.info;
        (info.corruption.is_some() || info.duration.is_none())
            && info.video_codec.is_none()
            && info.audio_codec.is_none()
            && BOX_FORMATS.contains(&info.container)
            && BOX_FORMATS.iter().any(|container| self.limits.containers.contains(container))
    }

    fn corrupt(&self) -> Option<Violation> {
        let clause = self.info.corruption.as_ref()?;
        let statement = format!("{clause}. {}", advice::for_corruption(self));
        Some(self.error(Rule::Corrupt, clause.clone(), "an intact file".to_owned(), &statement))
    }

    fn anomalous(&self) -> Option<Violation> {
        let clause = self.info.anomaly.as_ref()?;
        let statement = format!("{clause}. Play it to its end, or export it again.");
        Some(self.warning(Rule::Anomalous, clause.clone(), "an intact file".to_owned(), &statement))
    }

    fn size(&self) -> Option<Violation> {
        let most = self.limits.max_bytes;
        let bytes = self.info.bytes.filter(|bytes| *bytes > most)?;
        let allowed = format!("at most {}", size(most));
        // Never "is 5 MB; at most 5 MB".
        let actual = if size(bytes) == size(most) { format!("{bytes} bytes") } else { size(bytes) };
        let advice = match self.limits.kind {
            MediaKind::Image => "Scale it down.",
            _ => "Encode it at a lower bit rate.",
        };
        let statement = format!("has {actual}. The model accepts {allowed}. {advice}");
        Some(self.violation(Rule::Size, self.limits.max_bytes_level, actual, allowed, &statement))
    }

    /// Returns the violation of the strictest range that the duration breaks.
    fn duration(&self) -> Option<Violation> {
        let duration = self.info.duration?.as_secs_f64();
        let broken =
            self.limits.seconds.iter().find_map(|range| self.duration_outside(duration, range));
        broken.or_else(|| self.longer_audio(duration))
    }

    /// Warns of a video whose audio plays longer than the model accepts: whether the service
    /// measures the pictures alone is not documented.
    fn longer_audio(&self, duration: f64) -> Option<Violation> {
        let total = self.info.total_duration?.as_secs_f64();
        let range = self.limits.seconds.iter().find(|range| total > range.max + OVERSHOOT_S)?;
        if self.info.video_codec.is_none() || total <= duration {
            return None;
        }
        let actual = seconds(total);
        let allowed = format!("{} to {}", decimal(range.min), seconds(range.max));
        let statement = format!(
            "has {} of pictures and {actual} of audio. The model accepts {allowed}{}. Trim the audio.",
            seconds(duration),
            source_clause(range)
        );
        Some(self.warning(Rule::Duration, actual, allowed, &statement))
    }

    fn duration_outside(&self, duration: f64, range: &Range<f64>) -> Option<Violation> {
        let (excess, advice) = if duration > range.max {
            (duration - range.max, "Trim it.")
        } else {
            (range.min - duration, "Choose a longer one.")
        };
        if excess <= ROUNDING_S {
            return None;
        }
        let actual = seconds(duration);
        let allowed = format!("{} to {}", decimal(range.min), seconds(range.max));
        let fact = format!("lasts {actual}. The model accepts {allowed}{}", source_clause(range));
        Some(match range.level {
            Level::Error if excess <= OVERSHOOT_S => {
                let statement = format!(
                    "{fact}. The service probably tolerates this. If it does not: {advice}"
                );
                self.warning(Rule::Duration, actual, allowed, &statement)
            }
            level => {
                let statement = format!("{fact}. {advice}");
                self.violation(Rule::Duration, level, actual, allowed, &statement)
            }
        })
    }

    /// Returns at most one violation of the picture size: one scaling step fixes all of them.
    fn dimensions(&self) -> Option<Violation> {
        let (width, height) = (self.info.width?, self.info.height?);
        let actual = format!("{width} × {height} px");
        let range = self.limits.side_px.as_ref()?;
        let is_allowed = |side: u32| (range.min..=range.max).contains(&side);
        if !is_allowed(width) || !is_allowed(height) {
            let allowed = match range.max {
                u32::MAX => format!("both sides {} px or more", range.min),
                max => format!("both sides {} to {max} px", range.min),
            };
            // Whether the displayed or the coded size is meant is not documented.
            let coded = self.info.coded_size.filter(|(a, b)| is_allowed(*a) && is_allowed(*b));
            if let (Level::Error, Some((a, b))) = (range.level, coded) {
                let statement = format!(
                    "is {actual}, but {a} × {b} px as coded. The model accepts {allowed}. If the \
                     service rejects it, scale it to square pixels."
                );
                return Some(self.warning(Rule::Dimensions, actual, allowed, &statement));
            }
            let statement = format!(
                "is {actual}. The model accepts {allowed}{}. Scale or crop it.",
                source_clause(range)
            );
            return Some(self.violation(
                Rule::Dimensions,
                range.level,
                actual,
                allowed,
                &statement,
            ));
        }
        let short_sides = self.limits.short_side_px;
        if short_sides.is_empty() || short_sides.contains(&width.min(height)) {
            return None;
        }
        let names: Vec<String> = short_sides.iter().map(|side| format!("{side}p")).collect();
        let allowed = one_of(&names);
        // The sides are within the documented range: what 720p means for them is a guess.
        let statement = format!(
            "is {actual}. The model accepts {allowed}; whether this size counts as one of them is \
             not documented. If the service rejects it, scale or crop it."
        );
        Some(self.warning(Rule::Resolution, actual, allowed, &statement))
    }

    fn aspect_ratio(&self) -> Option<Violation> {
        let (width, height) = (self.info.width?, self.info.height?);
        let range = self.limits.aspect_ratio.as_ref()?;
        let ratio = f64::from(width) / f64::from(height.max(1));
        if (range.min..=range.max).contains(&ratio) {
            return None;
        }
        let actual = format!("{width} × {height} px");
        let allowed = format!("1:{} to {}:1", decimal(1.0 / range.min), decimal(range.max));
        let statement = format!(
            "is {actual}. The model accepts pictures from {allowed}{}. Crop it.",
            source_clause(range)
        );
        Some(self.violation(Rule::AspectRatio, range.level, actual, allowed, &statement))
    }

    fn undetermined(&self) -> Option<Violation> {
        if self.info.corruption.is_some() {
            return None;
        }
        let needs_duration = !self.limits.seconds.is_empty();
        let needs_size = self.limits.side_px.is_some() || self.limits.aspect_ratio.is_some();
        let unknown: Vec<&str> = [
            (needs_duration && self.info.duration.is_none(), "duration"),
            (needs_size && self.info.width.is_none(), "picture size"),
            (self.info.bytes.is_none(), "file size"),
        ]
        .into_iter()
        .filter_map(|(is_unknown, what)| is_unknown.then_some(what))
        .collect();
        if unknown.is_empty() {
            return None;
        }
        let what = all_of(&unknown);
        let statement = format!("does not state its {what}, so that was not checked.");
        Some(self.warning(Rule::Undetermined, format!("unknown {what}"), what, &statement))
    }

    fn codec(&self) -> Option<Violation> {
        let codec = self.info.video_codec.as_deref()?;
        if self.limits.kind != MediaKind::Video || USUAL_VIDEO_CODECS.contains(&codec) {
            return None;
        }
        let allowed = "usually h264 or hevc".to_owned();
        let statement = format!(
            "is encoded as {codec}. The service documents no codecs; H.264 is the safest. If the \
             service rejects it, convert it."
        );
        Some(self.warning(Rule::Codec, codec.to_owned(), allowed, &statement))
    }

    fn extension(&self) -> Option<Violation> {
        let extension = extension(self.name)?;
        let content = self.info.container;
        let documented = |it: &str| self.limits.extensions.contains(&it);
        if !is_known(&extension)
            || (documented(&extension) && content.extensions().contains(&extension.as_str()))
        {
            return None;
        }
        let fitting = content.extensions().iter().copied().find(|it| documented(it))?;
        let statement = format!(
            "is {}, which is accepted, but its name ends in .{extension}. Rename it to .{fitting}: \
             some tools go by the name.",
            content.describe()
        );
        Some(self.warning(
            Rule::Extension,
            format!(".{extension}"),
            format!(".{fitting}"),
            &statement,
        ))
    }

    fn name_fits_content(&self) -> bool {
        extension(self.name).is_none_or(|extension| {
            self.info.container.extensions().contains(&extension.as_str()) || !is_known(&extension)
        })
    }
}

/// Returns who states a range, as the end of a sentence.
fn source_clause<T>(range: &Range<T>) -> String {
    if range.said_by.is_empty() { String::new() } else { format!(", {}", range.said_by) }
}

/// Returns the extension of a path's or URL's last part, in lower case.
fn extension(name: &str) -> Option<String> {
    let file = name.rsplit(['/', '\\']).next()?;
    let (stem, extension) = file.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_ascii_lowercase())
}

/// Returns true if a name or path ends in the extension of a known kind of file.
pub(crate) fn has_known_extension(name: &str) -> bool {
    extension(name).is_some_and(|extension| is_known(&extension))
}

/// Returns true if the extension is one of a known kind of file.
fn is_known(extension: &str) -> bool {
    Container::ALL.iter().any(|container| container.extensions().contains(&extension))
}

#[cfg(test)]
mod tests;
