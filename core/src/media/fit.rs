//! Decides which steps make a file acceptable, in their order.

use std::time::Duration;

use super::fix::{FitOptions, Fix};
use super::format::{position, seconds};
use super::validate::validate_for_fit;
use super::{MediaInfo, Rule, Violation};
use viseme_spec::{Level, MediaLimits};

/// More steps than any file needs.
const MAX_STEPS: usize = 12;
/// A part that ends this much after the file is the rest of the file.
const ROUNDING: Duration = Duration::from_millis(100);

/// The steps that make a file acceptable.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FitPlan {
    /// The steps, in their order. Empty if the file needs none.
    pub fixes: Vec<Fix>,
    /// The errors that no step mends. If there are any, the file cannot be made acceptable.
    pub remaining: Vec<Violation>,
}

impl FitPlan {
    /// Returns whether the file is acceptable as it is.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.fixes.is_empty() && self.remaining.is_empty()
    }

    /// Returns the facts that a file with these facts has after all steps. Sizes are estimates.
    #[must_use]
    pub fn apply(&self, info: &MediaInfo) -> MediaInfo {
        self.fixes.iter().fold(info.clone(), |info, fix| fix.apply(&info))
    }
}

/// Decides which steps make a file acceptable. Nothing is changed that need not be: a file without
/// errors has no steps, unless the options ask for a part of it or are strict.
///
/// `name` is the file's name in messages. The more facts are known, the more complete the plan is: the
/// duration and the codecs of a file of another kind are not read by
/// [`probe`](super::probe::probe), and can be filled in.
///
/// ```
/// use viseme::media::{Container, FitOptions, MediaInfo, plan_fit};
/// use viseme::model::describe;
///
/// let model = describe("kwaivgi/kling-lipsync/audio-to-video").unwrap();
/// let limits = model.media_limits("video").unwrap();
/// let mut info = MediaInfo::new(Container::Mp4, Some(3_000_000));
/// info.duration = Some(std::time::Duration::from_secs(60));
/// (info.width, info.height) = (Some(640), Some(360));
/// let plan = plan_fit("video", "clip.mp4", &info, limits, &FitOptions::default());
/// let words: Vec<_> = plan.fixes.iter().map(ToString::to_string).collect();
/// assert_eq!(words, ["cut to 10 s", "scale to 1280 × 720"]);
/// ```
#[must_use]
pub fn plan_fit(
    field: &str,
    name: &str,
    info: &MediaInfo,
    limits: &MediaLimits,
    options: &FitOptions,
) -> FitPlan {
    let mut plan = FitPlan::default();
    let mut facts = info.clone();
    let mut name = name.to_owned();
    let mut has_part = options.from.is_none() && options.to.is_none();
    let is_chosen = !has_part;
    for _ in 0..MAX_STEPS {
        let violations = validate_for_fit(field, &name, &facts, limits, options);
        let is_unreadable =
            |it: &Violation| matches!(it.rule, Rule::Container | Rule::Corrupt | Rule::Empty);
        if !has_part && !violations.iter().any(is_unreadable) {
            has_part = true;
            match part(field, &name, &facts, limits, options) {
                Ok(None) => {}
                Ok(Some(cut)) => {
                    facts = cut.apply(&facts);
                    name = format!("the chosen part of {name}");
                    plan.fixes.push(cut);
                }
                Err(violation) => {
                    plan.remaining.push(*violation);
                    return plan;
                }
            }
            continue;
        }
        let is_due = |it: &&Violation| it.is_error() || options.strict;
        // A chosen part is not cut a second time.
        let mends =
            |it: &&Violation| !(is_chosen && has_part && matches!(it.fix, Some(Fix::Cut { .. })));
        let next = violations.iter().filter(is_due).filter(mends);
        let next = next.filter(|it| it.fix.is_some()).min_by_key(|it| order(it.rule));
        let Some(fix) = next.and_then(|it| it.fix.clone()) else {
            plan.remaining = violations.into_iter().filter(Violation::is_error).collect();
            if is_chosen {
                plan.remaining.iter_mut().for_each(|it| shorten_part(it, options));
            }
            break;
        };
        // A step that was taken and did not help does not help the second time.
        if plan.fixes.contains(&fix) {
            plan.remaining = violations.into_iter().filter(Violation::is_error).collect();
            break;
        }
        facts = fix.apply(&facts);
        plan.fixes.push(fix);
    }
    simplify(&mut plan.fixes);
    plan
}

/// The order of the steps: each needs what those before it find out or change.
fn order(rule: Rule) -> u8 {
    match rule {
        Rule::Container => 0,
        Rule::Corrupt => 1,
        Rule::Duration => 2,
        Rule::Dimensions | Rule::Resolution => 3,
        Rule::Codec => 4,
        Rule::Size => 5,
        _ => 6,
    }
}

/// The step that keeps the part which the options choose; `None` for the whole file.
fn part(
    field: &str,
    name: &str,
    info: &MediaInfo,
    limits: &MediaLimits,
    options: &FitOptions,
) -> Result<Option<Fix>, Box<Violation>> {
    let start = options.from.unwrap_or_default();
    let refuse = |actual: String, allowed: String, statement: &str| {
        let message = format!("`{field}`: {statement}");
        Box::new(Violation::new(field, Rule::Duration, Level::Error, actual, allowed, message))
    };
    if let Some(to) = options.to.filter(|to| *to <= start) {
        let (from, to) = (position(start), position(to));
        let statement = format!("the part to keep ends at {to}, not after its start at {from}.");
        return Err(refuse(to, format!("after {from}"), &statement));
    }
    let Some(total) = info.duration else {
        // The end of the file is not known.
        let duration = options.to.map_or(Duration::MAX, |to| to.saturating_sub(start));
        return Ok((duration < Duration::MAX).then_some(Fix::Cut { start, duration }));
    };
    if start >= total {
        let (at, end) = (position(start), position(total));
        let statement = format!(
            "{name} lasts {}, and the part to keep starts at {at}. Choose a start before {end}.",
            seconds(total.as_secs_f64())
        );
        return Err(refuse(at, format!("before {end}"), &statement));
    }
    let longest = limits.seconds.first().and_then(|it| Duration::try_from_secs_f64(it.max).ok());
    let end = match options.to {
        Some(to) => to.min(total),
        None => longest.map_or(total, |longest| start.saturating_add(longest).min(total)),
    };
    let rest = total.saturating_sub(end);
    let is_rest_cut = rest > ROUNDING || (!rest.is_zero() && options.to.is_some());
    let needs_cut = !start.is_zero() || is_rest_cut;
    Ok(needs_cut.then(|| Fix::Cut { start, duration: end.saturating_sub(start) }))
}

/// Says which end a chosen part needs that is too long: it is not cut a second time.
fn shorten_part(violation: &mut Violation, options: &FitOptions) {
    let Some(Fix::Cut { duration, .. }) = violation.fix else { return };
    violation.fix = None;
    let end = position(options.from.unwrap_or_default().saturating_add(duration));
    if let Some(facts) = violation.message.strip_suffix("Trim it.") {
        violation.message = format!("{facts}Choose an end of {end} or earlier.");
    }
}

/// Leaves out steps whose result a later one replaces.
fn simplify(fixes: &mut Vec<Fix>) {
    let encoded = fixes.iter().find_map(|fix| match fix {
        Fix::EncodeAudio { container, .. } => Some(*container),
        _ => None,
    });
    if let Some(encoded) = encoded {
        for fix in fixes.iter_mut() {
            if let Fix::Convert { container } | Fix::ExtractAudio { container } = fix {
                *container = encoded;
            }
        }
    }
    let limits_rate = |it: &Fix| matches!(it, Fix::EncodeVideo { bits_per_second: Some(_), .. });
    if fixes.iter().any(limits_rate) {
        fixes.retain(|it| !matches!(it, Fix::EncodeVideo { bits_per_second: None, .. }));
    }
    // What is written anew gets the extension of its content.
    if fixes.iter().any(|it| !matches!(it, Fix::Rename { .. })) {
        fixes.retain(|it| !matches!(it, Fix::Rename { .. }));
    }
}

#[cfg(test)]
mod tests;
