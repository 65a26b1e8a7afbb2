//! The models as the page shows them: a form for each, from the descriptions of the models.

use serde_json::{Value, json};
use viseme::media::MediaKind;
use viseme::model::{Field, FieldKind, Level, MediaLimits, ModelDescription, Range, descriptions};

/// The megabyte in which the service states its limits.
const BYTES_PER_MB: u64 = 1024 * 1024;

/// Returns all models.
pub(crate) fn models() -> Value {
    descriptions().iter().map(model).collect()
}

fn model(model: &ModelDescription) -> Value {
    json!({
        "id": model.id,
        "title": model.title,
        "summary": model.summary,
        "fields": model.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

fn field(field: &Field) -> Value {
    json!({
        "name": field.name,
        "description": field.description,
        "required": field.required && !field.default_is_sent,
        "kind": kind(&field.kind),
    })
}

fn kind(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Media(limits) => json!({
            "type": "media",
            "media": limits.kind,
            "extensions": limits.extensions,
            "limits": limits_text(limits),
            "max_seconds": limits.seconds.iter().map(|range| range.max).reduce(f64::min),
        }),
        FieldKind::Text { max_chars } => json!({ "type": "text", "max_chars": max_chars }),
        FieldKind::Choice { values, default } => {
            json!({ "type": "choice", "values": values, "default": default })
        }
        FieldKind::Number(limits) => json!({
            "type": "number",
            "min": limits.range.min,
            "max": limits.range.max,
            "step": limits.step,
            "default": limits.default,
        }),
        FieldKind::Boolean { default } => json!({ "type": "boolean", "default": default }),
    }
}

/// Returns the limits of media in short: "MP4 or MOV", "2 to 10 s".
fn limits_text(limits: &MediaLimits) -> Vec<String> {
    let labels: Vec<_> = limits.containers.iter().map(|container| container.label()).collect();
    let mut parts = vec![one_of(&labels)];
    if let Some(range) = shown(limits.seconds) {
        parts.push(format!("{} to {} s", range.min, range.max));
    }
    if !limits.short_side_px.is_empty() {
        let sizes: Vec<_> = limits.short_side_px.iter().map(|side| format!("{side}p")).collect();
        parts.push(one_of(&sizes.iter().map(String::as_str).collect::<Vec<_>>()));
    } else if let Some(side) = limits.side_px {
        parts.push(match side.max {
            u32::MAX => format!("{} px or more", side.min),
            max => format!("{} to {max} px", side.min),
        });
    }
    parts.push(format!("up to {} MB", limits.max_bytes / BYTES_PER_MB));
    parts
}

/// The range that decides: a documented one before one that only warns.
fn shown(ranges: &[Range<f64>]) -> Option<&Range<f64>> {
    ranges.iter().find(|range| range.level == Level::Error).or_else(|| ranges.first())
}

fn one_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Returns whether a model has a media parameter of this name, and of which kind.
pub(crate) fn media_kind(model: &str, field: &str) -> Option<MediaKind> {
    let description = viseme::model::describe(model)?;
    description.media_limits(field).map(|limits| limits.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_every_model_is_described_with_its_limits() {
        let models = models();
        let kind = |model: usize, field: &str| {
            let fields = models[model]["fields"].as_array().unwrap();
            fields.iter().find(|it| it["name"] == field).unwrap()["kind"].clone()
        };
        assert_eq!(models.as_array().unwrap().len(), descriptions().len());
        assert_eq!(models[0]["id"], "kwaivgi/kling-lipsync/audio-to-video");
        assert_eq!(
            kind(0, "video")["limits"],
            json!(["MP4 or MOV", "2 to 10 s", "720p or 1080p", "up to 100 MB"])
        );
        assert_eq!(
            kind(0, "audio")["limits"],
            json!(["MP3, WAV, M4A or AAC", "2 to 60 s", "up to 5 MB"])
        );
        assert_eq!(kind(1, "video")["limits"][1], "2 to 60 s");
        assert_eq!(kind(1, "text"), json!({"type": "text", "max_chars": 120}));
        assert_eq!(kind(1, "voice_speed")["step"], 0.1);
        assert_eq!(kind(2, "image")["limits"][1], "300 px or more");
        assert_eq!(kind(2, "effect_scene")["default"], "daily_ootd");
    }
}
