//! The input of the page: it names files by id. Checks of it cost nothing.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use viseme::media::{MediaInfo, Violation};
use viseme::model::describe;
use viseme::{Input, Media, Report};

use crate::api_error::ApiError;
use crate::describe::media_kind;
use crate::files::{FileStore, StoredFile};

/// An input as the page sends it. The value of a media parameter is `{"file": ID}`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageInput {
    pub(crate) model: String,
    pub(crate) values: Map<String, Value>,
}

/// An input whose files were found.
pub(crate) struct ResolvedInput {
    /// Its media are paths.
    pub(crate) input: Input,
    /// Each media parameter with its file.
    pub(crate) files: Vec<(String, StoredFile)>,
}

impl PageInput {
    /// Finds the files.
    ///
    /// # Errors
    /// 422 if the model or a file is unknown, or a media parameter has no file. A text is never taken
    /// as the path of a file.
    pub(crate) fn resolve(&self, store: &FileStore) -> Result<ResolvedInput, ApiError> {
        if describe(&self.model).is_none() {
            let message = format!("The playground has no model `{}`.", self.model);
            return Err(ApiError::invalid(message));
        }
        let mut input = Input::new(&self.model);
        let mut files = Vec::new();
        for (name, value) in &self.values {
            if media_kind(&self.model, name).is_none() {
                input = input.set(name, value.clone());
                continue;
            }
            let id = value.get("file").and_then(Value::as_str).ok_or_else(|| {
                ApiError::invalid(format!("{name}: choose a file, or record one."))
            })?;
            let file = store.get(id).ok_or_else(|| {
                ApiError::invalid(format!("{name}: this file is gone. Choose it again."))
            })?;
            input = input.media(name, Media::path(&file.path));
            files.push((name.clone(), file));
        }
        Ok(ResolvedInput { input, files })
    }
}

impl ResolvedInput {
    /// Checks the input.
    ///
    /// # Errors
    /// Those of [`viseme::check`].
    pub(crate) async fn check(&self) -> Result<Report, ApiError> {
        let mut report = viseme::check(self.input.clone()).await?;
        // Two files of one name are told apart by their paths, which mean nothing on the page.
        for (field, file) in &self.files {
            let path = file.path.display().to_string();
            let own = report.violations.iter_mut().filter(|violation| violation.field == *field);
            own.for_each(|it| it.message = it.message.replace(&path, &file.name));
        }
        Ok(report)
    }
}

/// Checks one file as a parameter of a model.
///
/// # Errors
/// 422 if the model has no such media parameter.
pub(crate) async fn check_file(
    model: &str,
    field: &str,
    file: &StoredFile,
) -> Result<Value, ApiError> {
    if media_kind(model, field).is_none() {
        let message = format!("The model `{model}` has no media parameter `{field}`.");
        return Err(ApiError::invalid(message));
    }
    let report = viseme::check(Input::new(model).media(field, Media::path(&file.path))).await?;
    Ok(file_view(field, file, &report))
}

/// Returns a file with the violations of its parameter, and its properties.
fn file_view(field: &str, file: &StoredFile, report: &Report) -> Value {
    let violations: Vec<&Violation> =
        report.violations.iter().filter(|violation| violation.field == field).collect();
    json!({
        "id": file.id,
        "name": file.name,
        "bytes": file.bytes,
        "ok": !violations.iter().any(|violation| violation.is_error()),
        "violations": violations,
        "info": report.media_info(field).map(info_view),
    })
}

fn info_view(info: &MediaInfo) -> Value {
    json!({
        "format": info.container.label(),
        "kind": info.container.kind(),
        "seconds": info.duration.map(|duration| duration.as_secs_f64()),
        "width": info.width,
        "height": info.height,
        "video_codec": info.video_codec,
        "audio_codec": info.audio_codec,
    })
}

/// Checks a whole input. Returns each file as [`check_file`] does, and all violations.
///
/// # Errors
/// Those of [`PageInput::resolve`].
pub(crate) async fn check_input(input: &PageInput, store: &FileStore) -> Result<Value, ApiError> {
    let resolved = input.resolve(store)?;
    let report = resolved.check().await?;
    let files: Map<String, Value> = resolved
        .files
        .iter()
        .map(|(field, file)| (field.clone(), file_view(field, file, &report)))
        .collect();
    Ok(json!({ "ok": report.is_ok(), "violations": report.violations, "files": files }))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";

    fn input(values: &Value) -> PageInput {
        let values = values.as_object().unwrap().clone();
        PageInput { model: MODEL.to_owned(), values }
    }

    #[tokio::test]
    async fn a_text_is_never_a_path() {
        let store = FileStore::new().unwrap();
        for value in [json!("/etc/passwd"), json!({"path": "/etc/passwd"}), json!({"file": "x"})] {
            let error = input(&json!({"video": value})).resolve(&store).err().unwrap();
            assert_eq!(error.code, "invalid_input", "{value}");
        }
        let unknown = PageInput { model: "a/b".to_owned(), values: Map::new() };
        assert!(unknown.resolve(&store).is_err());
    }

    #[tokio::test]
    async fn a_wrong_file_is_refused_in_words_that_name_it() {
        let store = FileStore::new().unwrap();
        let text = "These are my notes. ".repeat(20);
        let text: [Result<&[u8], ()>; 1] = [Ok(text.as_bytes())];
        let file = store.store("notes.txt", None, stream::iter(text)).await.unwrap();
        let view = check_file(MODEL, "video", &file).await.unwrap();
        assert_eq!(view["ok"], false);
        let message = view["violations"][0]["message"].as_str().unwrap();
        assert!(message.contains("notes.txt is a text file"), "{message}");
        assert!(check_file(MODEL, "nothing", &file).await.is_err());

        let report =
            check_input(&input(&json!({"video": {"file": file.id}})), &store).await.unwrap();
        assert_eq!(report["ok"], false);
        assert_eq!(report["files"]["video"]["name"], "notes.txt");
        let violations = report["violations"].as_array().unwrap();
        assert!(violations.iter().any(|it| it["field"] == "audio" && it["rule"] == "required"));
    }
}
