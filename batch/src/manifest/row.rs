//! One row of a manifest.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use viseme::media::{Rule, Violation};
use viseme::model::{Field, FieldKind, Level, describe};
use viseme::{AudioToVideo, Input, Media};

use super::RowError;
use super::columns::Findings;

/// One row of a manifest: an input, and where its result goes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// The id, unique in the manifest. A row without one has a digest of its content.
    pub id: String,
    /// Where the row stands, such as `jobs.csv:17`, for messages.
    pub position: String,
    /// The model's id.
    pub model: String,
    /// The parameters. Paths of media are absolute, or relative to the working directory.
    pub parameters: Map<String, Value>,
    /// The file or the folder of the result; `None` takes the name from the id.
    pub out: Option<PathBuf>,
}

impl Row {
    /// Creates a row from the values of its columns. `folder` is what relative paths of media are
    /// relative to.
    ///
    /// # Errors
    /// Returns every column that is unknown, and every value that is not valid for its column.
    pub fn new(
        position: impl Into<String>,
        mut values: Map<String, Value>,
        folder: &Path,
    ) -> Result<Self, RowError> {
        let position = position.into();
        values.retain(|_, value| !is_empty(value));
        let mut findings = Findings::default();
        let model = match text(&mut values, "model") {
            Ok(model) => model.unwrap_or_else(|| AudioToVideo::MODEL.to_owned()),
            // Without the model, nothing is known about the other columns.
            Err(violation) => {
                findings.add(*violation);
                return Err(RowError::of_findings(position, findings));
            }
        };
        let mut taken = |name| {
            text(&mut values, name).unwrap_or_else(|violation| {
                findings.add(*violation);
                None
            })
        };
        let (id, out) = (taken("id"), taken("out").map(PathBuf::from));
        let mut parameters = Map::new();
        let mut unknown = Vec::new();
        let description = describe(&model);
        for (name, value) in values {
            let value = match description.map(|description| description.field(&name)) {
                None => Ok(untyped(value)),
                Some(Some(field)) => parameter(field, value, folder),
                Some(None) => {
                    unknown.push(name);
                    continue;
                }
            };
            match value {
                Ok(value) => drop(parameters.insert(name, value)),
                Err(violation) => findings.add(*violation),
            }
        }
        if let Some(description) = description.filter(|_| !unknown.is_empty()) {
            findings.add_unknown(description, unknown.iter().map(String::as_str));
        }
        let id = id.unwrap_or_else(|| digest(&model, &parameters));
        if let Some(violation) = invalid_id(&id) {
            findings.add(violation);
        }
        if findings.violations.is_empty() {
            Ok(Self { id, position, model, parameters, out })
        } else {
            Err(RowError::of_findings(position, findings))
        }
    }

    /// Returns the input of the row.
    pub fn input(&self) -> Input {
        let input = Input::new(self.model.as_str());
        self.parameters.iter().fold(input, |input, (name, value)| match (value, is_path(value)) {
            (Value::String(path), true) if is_media(&self.model, name) => {
                input.media(name.as_str(), Media::path(path.as_str()))
            }
            _ => input.set(name.as_str(), value.clone()),
        })
    }

    /// Returns a digest of the model and the parameters. Rows with the same digest have equal inputs.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.model, &self.parameters)
    }

    /// Returns the files of the row: its media that are not URLs.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.parameters.iter().filter_map(|(name, value)| {
            let path = value.as_str().filter(|_| is_media(&self.model, name) && is_path(value))?;
            Some((name.as_str(), Path::new(path)))
        })
    }
}

/// Returns a parameter's value in the type that the model wants.
fn parameter(field: &Field, value: Value, folder: &Path) -> Result<Value, Box<Violation>> {
    let text = match value {
        Value::String(text) => text,
        other => return Ok(other),
    };
    let wrong = |allowed: &str| Box::new(wrong_type(field.name, allowed, &format!("`{text}`")));
    Ok(match field.kind {
        FieldKind::Media(_) => Value::from(resolved(&text, folder)),
        FieldKind::Number(_) => match text.trim().parse::<serde_json::Number>() {
            Ok(number) => Value::Number(number),
            Err(_) => return Err(wrong("a number")),
        },
        FieldKind::Boolean { .. } => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Value::Bool(true),
            "false" | "0" | "no" => Value::Bool(false),
            _ => return Err(wrong("true or false")),
        },
        FieldKind::Text { .. } | FieldKind::Choice { .. } => Value::String(text),
    })
}

fn wrong_type(name: &str, allowed: &str, actual: &str) -> Violation {
    let message = format!("`{name}` must be {allowed}, got {actual}.");
    Violation::new(name, Rule::Type, Level::Error, actual, allowed, message)
}

/// Returns the value of a parameter of a model that is not described: numbers and `true` or `false` in
/// a cell are no text.
fn untyped(value: Value) -> Value {
    let Value::String(text) = value else { return value };
    match serde_json::from_str(text.trim()) {
        Ok(json @ (Value::Number(_) | Value::Bool(_))) => json,
        _ => Value::String(text),
    }
}

/// Returns a path relative to the folder of the manifest, or the URL.
fn resolved(text: &str, folder: &Path) -> String {
    match Media::from(text) {
        Media::Path(path) => folder.join(path).to_string_lossy().into_owned(),
        _ => text.to_owned(),
    }
}

fn is_media(model: &str, name: &str) -> bool {
    describe(model).is_some_and(|model| model.media_limits(name).is_some())
}

fn is_path(value: &Value) -> bool {
    value.as_str().is_some_and(|text| matches!(Media::from(text), Media::Path(_)))
}

/// Returns whether a cell is empty: of a spreadsheet, or of a table in a program.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Takes the text of a column out of a row.
fn text(values: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Box<Violation>> {
    match values.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(Value::Number(number)) if name == "id" => Ok(Some(number.to_string())),
        Some(other) => Err(Box::new(wrong_type(name, "text", &other.to_string()))),
    }
}

/// Returns what is wrong with an id that cannot be a key of the ledger.
fn invalid_id(id: &str) -> Option<Violation> {
    if id.len() <= 200 && !id.contains(char::is_control) {
        return None;
    }
    let (actual, allowed) =
        (format!("{} bytes", id.len()), "at most 200 bytes long without control characters");
    let message = format!("`id` must be {allowed}, got {actual}.");
    Some(Violation::new("id", Rule::Length, Level::Error, actual, allowed, message))
}

fn digest(model: &str, parameters: &Map<String, Value>) -> String {
    let text = serde_json::json!({ "model": model, "parameters": parameters }).to_string();
    let digest = base16ct::lower::encode_string(&Sha256::digest(text));
    digest.get(..16).unwrap_or(&digest).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(values: Value) -> Result<Row, RowError> {
        let Value::Object(values) = values else { unreachable!("{values}") };
        Row::new("jobs.csv:2", values, Path::new("/clips"))
    }

    #[test]
    fn cells_have_the_types_of_the_model() {
        let row = row(json!({
            "id": "a", "model": "kwaivgi/kling-lipsync/text-to-video", "video": "face.mp4",
            "text": "12", "voice_speed": "1.5", "out": "results/a.mp4",
        }))
        .unwrap();
        assert_eq!(row.parameters["text"], json!("12"));
        assert_eq!(row.parameters["voice_speed"], json!(1.5));
        assert_eq!(row.parameters["video"], json!("/clips/face.mp4"));
        assert_eq!(row.out.as_deref(), Some(Path::new("results/a.mp4")));
    }

    #[test]
    fn a_row_that_would_waste_money_is_refused_with_the_name_of_the_column() {
        for (values, field, word) in [
            (json!({"audoi": "a.mp3", "video": "v.mp4"}), "audoi", "Did you mean `audio`"),
            (json!({"note": "x"}), "note", "`note` is not a parameter"),
            (json!({"model": 7}), "model", "`model` must be text, got 7."),
            (json!({"id": "x".repeat(300)}), "id", "`id` must be"),
            (
                json!({"model": "kwaivgi/kling-lipsync/text-to-video", "voice_speed": "fast"}),
                "voice_speed",
                "`voice_speed` must be a number, got `fast`.",
            ),
        ] {
            let error = row(values).unwrap_err();
            assert!(error.message.contains(word), "{error:?}");
            let fields: Vec<_> = error.violations.iter().map(|it| it.field.as_str()).collect();
            assert_eq!(fields, [field]);
            assert_eq!(error.violations[0].message, error.message);
        }
    }

    #[test]
    fn every_column_that_is_wrong_is_named_at_once() {
        let error = row(json!({
            "model": "kwaivgi/kling-lipsync/text-to-video",
            "id": [1],
            "voice_speed": "fast",
            "note": "x",
            "vidoe": "v.mp4",
        }))
        .unwrap_err();
        assert_eq!(
            error.message,
            "`id` must be text, got [1]. `voice_speed` must be a number, got `fast`. `note` and `vidoe` are not \
             parameters of kwaivgi/kling-lipsync/text-to-video. The service ignores unknown parameters but still \
             charges. Did you mean `video` instead of `vidoe`?"
        );
        let rules: Vec<_> =
            error.violations.iter().map(|it| (it.field.as_str(), it.rule.code())).collect();
        assert_eq!(
            rules,
            [
                ("id", "type"),
                ("voice_speed", "type"),
                ("note", "unknown_field"),
                ("vidoe", "unknown_field")
            ]
        );
    }

    #[test]
    fn a_row_without_an_id_has_a_digest_of_its_content() {
        let a = row(json!({"audio": "a.mp3", "video": "v.mp4"})).unwrap();
        let b = row(json!({"video": "v.mp4", "audio": "a.mp3", "id": ""})).unwrap();
        let c = row(json!({"video": "v.mp4", "audio": "b.mp3"})).unwrap();
        assert_eq!(a.id, b.id);
        assert_ne!(a.id, c.id);
        assert_eq!(row(json!({"id": 7})).unwrap().id, "7");
    }

    #[test]
    fn urls_stay_and_paths_are_files_of_the_folder() {
        let row = row(json!({"audio": "https://a.example/a.mp3", "video": "face.mp4"})).unwrap();
        assert_eq!(row.files().collect::<Vec<_>>(), [("video", Path::new("/clips/face.mp4"))]);
        assert!(matches!(
            row.input().get("audio"),
            Some(viseme::model::InputValue::Media(Media::Url(_)))
        ));
    }

    #[test]
    fn values_of_an_unknown_model_are_numbers_where_they_look_like_numbers() {
        let row =
            row(json!({"model": "a/b", "x": "7", "y": "true", "z": "text", "w": "[1]"})).unwrap();
        assert_eq!(
            Value::Object(row.parameters),
            json!({"x": 7, "y": true, "z": "text", "w": "[1]"})
        );
    }
}
