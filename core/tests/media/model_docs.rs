//! `docs/models.md` is generated from the descriptions of the models and up to date.
//!
//! To update it: `VISEME_UPDATE_DOCS=1 cargo test -p viseme --test media model_docs`.
use std::fmt::Write as _;

use viseme::media::MediaKind;
use viseme::model::{Field, FieldKind, Level, MediaLimits, ModelDescription, Range, descriptions};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/models.md");

const INTRODUCTION: &str = "\
<!-- Generated from the descriptions in spec/src/models by the test model_docs; do not edit. -->
# Models

Viseme describes these models as data. Validation, the mock server's catalogue and this page are derived
from the descriptions. [Media limits](media-limits.md) explains how media are measured.

A violation of a limit is an error before anything is sent. A limit marked \u{2248} is only a warning: a third
party states it, or the service extends the list. With `strict`, warnings are errors.

An unknown parameter is an error, because the service ignores it but still charges. You can run any other
model of the service by its id; with `validate`, its input is validated against the schema in the service's
live catalogue.
";

#[test]
fn the_page_matches_the_descriptions() {
    let made = page();
    if std::env::var_os("VISEME_UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &made).expect("docs/models.md can be written");
    }
    let committed = std::fs::read_to_string(PAGE).expect("docs/models.md is there");
    assert!(
        committed == made,
        "docs/models.md is out of date. Update it: \
         VISEME_UPDATE_DOCS=1 cargo test -p viseme --test media model_docs"
    );
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for model in descriptions() {
        section(&mut page, model).expect("text can be written");
    }
    page
}

fn section(page: &mut String, model: &ModelDescription) -> std::fmt::Result {
    writeln!(
        page,
        "\n## {}\n\n`{}`, {}. {}\n",
        model.title, model.id, model.category, model.summary
    )?;
    writeln!(page, "| parameter | | description | accepted values |\n|---|---|---|---|")?;
    for field in model.fields {
        let required = if field.required && !field.default_is_sent { "required" } else { "" };
        let takes = takes(field).join("; ");
        writeln!(page, "| `{}` | {required} | {} | {takes} |", field.name, field.description)?;
    }
    for field in model.fields {
        if let FieldKind::Choice { values, .. } = field.kind
            && values.len() > 8
        {
            let all = words(values);
            writeln!(page, "\nKnown values of `{}` \u{2248}: {all}.", field.name)?;
        }
    }
    Ok(())
}

fn words(values: &[&str]) -> String {
    values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the accepted values of a field as clauses.
fn takes(field: &Field) -> Vec<String> {
    match &field.kind {
        FieldKind::Media(limits) => media(limits),
        FieldKind::Text { max_chars } => match max_chars {
            Some(most) => vec![format!("text of at most {most} characters")],
            None => vec!["text".to_owned()],
        },
        FieldKind::Choice { values, default } => {
            let list = match values.len() {
                0..=8 => format!("{} \u{2248}", words(values)),
                many => format!("one of {many} words \u{2248}"),
            };
            [Some(list), default.map(|word| format!("default `{word}`"))]
                .into_iter()
                .flatten()
                .collect()
        }
        FieldKind::Number(limits) => {
            let step = limits.step.map(|step| format!("steps of {step} \u{2248}"));
            let default = limits.default.map(|default| format!("default {default}"));
            let range =
                format!("{} to {}{}", limits.range.min, limits.range.max, mark(&limits.range));
            [Some(range), step, default].into_iter().flatten().collect()
        }
        FieldKind::Boolean { default } => {
            let default = default.map(|default| format!("default {default}"));
            [Some("true or false".to_owned()), default].into_iter().flatten().collect()
        }
    }
}

fn media(limits: &MediaLimits) -> Vec<String> {
    let kinds: Vec<_> = limits.containers.iter().map(|container| container.label()).collect();
    let mut clauses = vec![kinds.join(", ")];
    let level = if limits.max_bytes_level == Level::Warning { " \u{2248}" } else { "" };
    clauses.push(format!("at most {} MB{level}", limits.max_bytes / 1024 / 1024));
    for range in limits.seconds {
        clauses.push(format!("{} to {} s{}", range.min, range.max, mark(range)));
    }
    if let Some(range) = &limits.side_px {
        let mark = mark(range);
        clauses.push(match range.max {
            u32::MAX => format!("sides of {} px or more{mark}", range.min),
            max => format!("sides of {} to {max} px{mark}", range.min),
        });
    }
    if !limits.short_side_px.is_empty() {
        let names: Vec<_> = limits.short_side_px.iter().map(|side| format!("{side}p")).collect();
        clauses.push(names.join(" or "));
    }
    if let Some(range) = &limits.aspect_ratio {
        clauses.push(format!("1:{} to {}:1{}", 1.0 / range.min, range.max, mark(range)));
    }
    if limits.kind == MediaKind::Image && limits.data_uris {
        clauses.push("a `data:` URI is sent as it is".to_owned());
    }
    clauses
}

/// Returns the level and the source of a limit.
fn mark<T>(range: &Range<T>) -> String {
    match (range.level, range.said_by) {
        (Level::Warning, "") => " \u{2248}".to_owned(),
        (Level::Warning, said_by) => format!(" \u{2248} ({said_by})"),
        (_, said_by) if !said_by.is_empty() => format!(" ({said_by})"),
        _ => String::new(),
    }
}
