//! Judges a file's facts by what a field of a model takes.

use super::wording::{decimal, one_of, seconds, size};
use super::{Container, MediaInfo, MediaKind, Rule, Violation};
use crate::model::{Level, MediaLimits, Range};

/// Seconds that a clock's rounding makes of an exact length. Not reported.
const ROUNDING_S: f64 = 0.01;
/// Seconds beyond a limit that are reported but not refused: the last frame of a picture at 24
/// frames a second, and the padding of the sound, make 10.04 of 10 seconds. That the service is as
/// patient is a guess.
const OVERSHOOT_S: f64 = 0.1;
/// A guess: the service documents none; these two are what cameras and editors write.
const USUAL_VIDEO_CODECS: [&str; 2] = ["h264", "hevc"];

/// Everything about a file that a field does not take, errors and warnings; nothing where all is
/// well. `name` is what messages call the file, and its extension is compared with the content.
///
/// A file of a wrong kind is judged by that alone: its length and size do not matter then.
#[must_use]
pub fn judge(field: &str, name: &str, info: &MediaInfo, limits: &MediaLimits) -> Vec<Violation> {
    let case = Case { field, name, info, limits };
    if let Some(decisive) = case.empty().or_else(|| case.container()) {
        return vec![decisive];
    }
    [
        case.corrupt(),
        case.size(),
        case.duration(),
        case.dimensions(),
        case.aspect_ratio(),
        case.undetermined(),
        case.anomalous(),
        case.codec(),
        case.extension(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One file in one field.
struct Case<'a> {
    field: &'a str,
    name: &'a str,
    info: &'a MediaInfo,
    limits: &'a MediaLimits,
}

impl Case<'_> {
    fn violation(
        &self,
        rule: Rule,
        level: Level,
        actual: impl Into<String>,
        allowed: impl Into<String>,
        says: &str,
    ) -> Violation {
        let message = format!("{}: {} {says}", self.field, self.name);
        Violation::new(self.field, rule, level, actual, allowed, message)
    }

    fn error(&self, rule: Rule, actual: String, allowed: String, says: &str) -> Violation {
        self.violation(rule, Level::Error, actual, allowed, says)
    }

    fn warning(&self, rule: Rule, actual: String, allowed: String, says: &str) -> Violation {
        self.violation(rule, Level::Warning, actual, allowed, says)
    }

    fn accepted(&self) -> String {
        let labels: Vec<String> =
            self.limits.containers.iter().map(|container| container.label().to_owned()).collect();
        one_of(&labels)
    }

    fn empty(&self) -> Option<Violation> {
        (self.info.bytes == Some(0)).then(|| {
            let allowed = self.accepted();
            let says = format!("is empty; the model takes {allowed}. Export or download it again.");
            self.error(Rule::Empty, "0 bytes".to_owned(), allowed, &says)
        })
    }

    fn container(&self) -> Option<Violation> {
        let found = self.info.container;
        if self.limits.containers.contains(&found) || self.is_unread_but_may_fit() {
            return None;
        }
        let allowed = self.accepted();
        let is = if self.name_fits_content() { "is" } else { "is really" };
        let corruption = self
            .info
            .corruption
            .as_ref()
            .map(|clause| format!(" that {clause}"))
            .unwrap_or_default();
        let says = format!(
            "{is} {}{corruption}; the model takes {allowed}. {}",
            found.describe(),
            self.advice_on_kind()
        );
        Some(self.error(Rule::Container, found.label().to_owned(), allowed, &says))
    }

    /// A file of boxes whose tracks are unknown, as it is corrupt or was read in part, may be of
    /// the right kind.
    fn is_unread_but_may_fit(&self) -> bool {
        const OF_BOXES: [Container; 3] = [Container::Mp4, Container::Mov, Container::M4a];
        let info = self.info;
        (info.corruption.is_some() || info.duration.is_none())
            && info.video_codec.is_none()
            && info.audio_codec.is_none()
            && OF_BOXES.contains(&info.container)
            && OF_BOXES.iter().any(|container| self.limits.containers.contains(container))
    }

    fn advice_on_kind(&self) -> String {
        let best = self.limits.containers.first().map_or("it", |container| container.label());
        match (self.info.container, self.info.container.kind()) {
            (Container::Html | Container::Xml | Container::Json | Container::Text, _) => {
                "Download the file again and look at what comes.".to_owned()
            }
            (_, Some(kind)) if kind == self.limits.kind => format!("Convert it to {best}."),
            (_, Some(MediaKind::Video)) if self.limits.kind == MediaKind::Audio => {
                format!("Save its sound alone, as {best}.")
            }
            _ => "Choose another file.".to_owned(),
        }
    }

    fn corrupt(&self) -> Option<Violation> {
        let clause = self.info.corruption.as_ref()?;
        let says = format!("{clause}. Export or download it again.");
        Some(self.error(Rule::Corrupt, clause.clone(), "a sound file".to_owned(), &says))
    }

    fn anomalous(&self) -> Option<Violation> {
        let clause = self.info.anomaly.as_ref()?;
        let says = format!("{clause}. Listen to its end, or export it again.");
        Some(self.warning(Rule::Anomalous, clause.clone(), "a sound file".to_owned(), &says))
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
        let says = format!("has {actual}; the model takes {allowed}. {advice}");
        Some(self.violation(Rule::Size, self.limits.max_bytes_level, actual, allowed, &says))
    }

    /// The firmest of the ranges that is broken.
    fn duration(&self) -> Option<Violation> {
        let lasts = self.info.duration?.as_secs_f64();
        self.limits.seconds.iter().find_map(|range| self.lasts(lasts, range))
    }

    fn lasts(&self, lasts: f64, range: &Range<f64>) -> Option<Violation> {
        let (excess, advice) = if lasts > range.max {
            (lasts - range.max, "Trim it.")
        } else {
            (range.min - lasts, "Choose a longer one.")
        };
        if excess <= ROUNDING_S {
            return None;
        }
        let actual = seconds(lasts);
        let allowed = format!("{} to {}", decimal(range.min), seconds(range.max));
        let taken = format!("lasts {actual}; the model takes {allowed}{}", said_by(range));
        Some(match range.level {
            Level::Error if excess <= OVERSHOOT_S => {
                let says =
                    format!("{taken}. So little is likely to pass; if it does not: {advice}");
                self.warning(Rule::Duration, actual, allowed, &says)
            }
            level => {
                let says = format!("{taken}. {advice}");
                self.violation(Rule::Duration, level, actual, allowed, &says)
            }
        })
    }

    /// One violation for the picture's size, as one scaling mends it.
    fn dimensions(&self) -> Option<Violation> {
        let (width, height) = (self.info.width?, self.info.height?);
        let actual = format!("{width} × {height} px");
        let range = self.limits.side_px.as_ref()?;
        let allowed_side = |side: u32| (range.min..=range.max).contains(&side);
        if !allowed_side(width) || !allowed_side(height) {
            let allowed = match range.max {
                u32::MAX => format!("both sides {} px or more", range.min),
                max => format!("both sides {} to {max} px", range.min),
            };
            let says = format!(
                "shows {actual}; the model takes {allowed}{}. Scale or crop it.",
                said_by(range)
            );
            return Some(self.violation(Rule::Dimensions, range.level, actual, allowed, &says));
        }
        let level = resolution_level(width, height, self.limits.short_side_px)?;
        let names: Vec<String> =
            self.limits.short_side_px.iter().map(|side| format!("{side}p")).collect();
        let allowed = one_of(&names);
        let says = if level == Level::Error {
            format!("shows {actual}; the model takes {allowed}. Scale or crop it.")
        } else {
            format!(
                "shows {actual}; the model takes {allowed}, and it is not documented whether this \
                 counts. Should it be refused: scale or crop it."
            )
        };
        Some(self.violation(Rule::Resolution, level, actual, allowed, &says))
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
        let says = format!(
            "shows {actual}; the model takes pictures of {allowed}{}. Crop it.",
            said_by(range)
        );
        Some(self.violation(Rule::AspectRatio, range.level, actual, allowed, &says))
    }

    fn undetermined(&self) -> Option<Violation> {
        if self.info.corruption.is_some() {
            return None;
        }
        let needs_length = !self.limits.seconds.is_empty();
        let needs_size = self.limits.side_px.is_some() || self.limits.aspect_ratio.is_some();
        let unknown: Vec<&str> = [
            (needs_length && self.info.duration.is_none(), "length"),
            (needs_size && self.info.width.is_none(), "width and height"),
            (self.info.bytes.is_none(), "size"),
        ]
        .into_iter()
        .filter_map(|(is_unknown, what)| is_unknown.then_some(what))
        .collect();
        if unknown.is_empty() {
            return None;
        }
        let what = unknown.join(", ");
        let says = format!("does not say its {what}: that was not checked.");
        Some(self.warning(Rule::Undetermined, format!("unknown {what}"), what, &says))
    }

    fn codec(&self) -> Option<Violation> {
        let codec = self.info.video_codec.as_deref()?;
        if self.limits.kind != MediaKind::Video || USUAL_VIDEO_CODECS.contains(&codec) {
            return None;
        }
        let allowed = "usually h264 or hevc".to_owned();
        let says = format!(
            "is coded as {codec}; the service documents no codecs, but H.264 is sure to pass. \
             Should it be refused: convert it."
        );
        Some(self.warning(Rule::Codec, codec.to_owned(), allowed, &says))
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
        let says = format!(
            "is {}, which is accepted, but its name says .{extension}. Rename it to .{fitting}: \
             some tools go by the name.",
            content.describe()
        );
        Some(self.warning(Rule::Extension, format!(".{extension}"), format!(".{fitting}"), &says))
    }

    fn name_fits_content(&self) -> bool {
        extension(self.name).is_none_or(|extension| {
            self.info.container.extensions().contains(&extension.as_str()) || !is_known(&extension)
        })
    }
}

/// Who states a range, as the end of a clause.
fn said_by<T>(range: &Range<T>) -> String {
    if range.said_by.is_empty() { String::new() } else { format!(", {}", range.said_by) }
}

/// How firmly a picture is none of the named resolutions; `None` where it is one.
///
/// "720p" is read as the length of the shorter side: then nothing is wrong. Two more readings are
/// possible, the longer side of a 16:9 picture of that name, and as many pixels as that picture has
/// (960 × 960 has those of 1280 × 720): then it is a warning. All of this is a guess.
fn resolution_level(width: u32, height: u32, short_sides: &[u32]) -> Option<Level> {
    let (short, long) = (width.min(height), width.max(height));
    if short_sides.is_empty() || short_sides.contains(&short) {
        return None;
    }
    let may_count = short_sides.iter().any(|side| {
        let full_long = side.saturating_mul(16) / 9;
        let pixels = u64::from(*side) * u64::from(full_long);
        let has = u64::from(short) * u64::from(long);
        long == full_long || has.abs_diff(pixels) * 50 <= pixels
    });
    Some(if may_count { Level::Warning } else { Level::Error })
}

/// The extension of a path's or URL's last part, in lower case.
fn extension(name: &str) -> Option<String> {
    let file = name.rsplit(['/', '\\']).next()?;
    let (stem, extension) = file.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_ascii_lowercase())
}

/// Whether an extension means anything; names may have dots for other reasons.
fn is_known(extension: &str) -> bool {
    Container::ALL.iter().any(|container| container.extensions().contains(&extension))
}

#[cfg(test)]
mod tests;
