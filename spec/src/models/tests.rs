//! Rules that every model description must follow.

use std::collections::HashSet;

use super::*;
use crate::model::{Field, FieldKind};

fn fields() -> impl Iterator<Item = (&'static str, &'static Field)> {
    descriptions().iter().flat_map(|model| model.fields.iter().map(|field| (model.id, field)))
}

#[test]
fn ids_and_names_are_distinct_and_found() {
    let ids: HashSet<_> = descriptions().iter().map(|model| model.id).collect();
    assert_eq!(ids.len(), descriptions().len());
    assert_eq!(fields().map(|(id, field)| (id, field.name)).collect::<HashSet<_>>().len(), 9);
    for (id, field) in fields() {
        assert_eq!(describe(id).unwrap().field(field.name), Some(field));
    }
    assert!(describe("kwaivgi/kling-lipsync").is_none());
}

#[test]
fn messages_are_whole_sentences() {
    for model in descriptions() {
        assert!(model.summary.ends_with('.'), "{}", model.id);
    }
    for (id, field) in fields() {
        assert!(field.description.ends_with('.'), "{id} {}", field.name);
    }
}

#[test]
fn defaults_are_values_that_the_field_takes() {
    for (id, field) in fields() {
        match field.kind {
            FieldKind::Choice { values, default } => {
                assert_eq!(values.iter().collect::<HashSet<_>>().len(), values.len(), "{id}");
                assert!(default.is_none_or(|default| values.contains(&default)), "{id}");
            }
            FieldKind::Number(limits) => {
                let range = limits.range.min..=limits.range.max;
                assert!(limits.default.is_none_or(|default| range.contains(&default)), "{id}");
            }
            FieldKind::Media(limits) => {
                assert!(limits.containers.iter().all(|it| it.kind() == Some(limits.kind)), "{id}");
            }
            _ => {}
        }
    }
}

#[test]
fn the_lists_are_as_long_as_the_services() {
    let count = |model: &str, field: &str| match describe(model).unwrap().field(field).unwrap().kind
    {
        FieldKind::Choice { values, .. } => values.len(),
        _ => 0,
    };
    assert_eq!(count("kwaivgi/kling-lipsync/text-to-video", "voice_id"), 25);
    assert_eq!(count("kwaivgi/kling-effects", "effect_scene"), 77 + 6);
}
