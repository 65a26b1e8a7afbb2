//! The input of a model, from the arguments of a call.

use std::path::{Path, PathBuf};

use url::Url;
use viseme::model::{InputValue, describe};
use viseme::{AudioToVideo, Client, Input, Media, Report};

use crate::arguments::ModelInput;
use crate::folders::Folders;
use crate::tool_error::ToolError;

impl ModelInput {
    /// Returns the input. Its files are in allowed folders.
    ///
    /// # Errors
    /// `path_not_allowed`, or `invalid_input` for a parameter that is given twice and for a file that does
    /// not exist.
    pub(crate) fn read(&self, folders: &Folders) -> Result<Input, ToolError> {
        let model = self.model.as_deref().unwrap_or(AudioToVideo::MODEL);
        let mut input = Input::new(model);
        let own = [("audio", &self.audio), ("video", &self.video)];
        let own = own.into_iter().filter_map(|(name, source)| Some((name, source.as_ref()?)));
        let others = self.media.iter().flatten().map(|(name, source)| (name.as_str(), source));
        for (name, source) in own.chain(others) {
            require_new(&input, name)?;
            input = input.media(name, source.as_str());
        }
        for (name, value) in self.parameters.iter().flatten() {
            require_new(&input, name)?;
            // A text is a file or a URL if the model is known and the parameter is media.
            input = input.set(name, value.clone());
        }
        let mut confined = Input::new(model);
        for (name, value) in input.fields() {
            confined = match value {
                InputValue::Json(json) => confined.set(name, json.clone()),
                InputValue::Media(media) => confined.media(name, confine(name, media, folders)?),
                _ => return Err(ToolError::argument(format!("`{name}` cannot be used."))),
            };
        }
        Ok(confined)
    }

    /// Returns the media of a lip-sync that are not given, if one of them is.
    fn missing_media(&self) -> Option<&'static str> {
        let has = |name: &str, source: &Option<String>| {
            source.is_some()
                || self.parameters.as_ref().is_some_and(|all| all.contains_key(name))
                || self.media.as_ref().is_some_and(|all| all.contains_key(name))
        };
        match (has("video", &self.video), has("audio", &self.audio)) {
            _ if self.model.is_some() => None,
            (true, false) => Some("audio"),
            (false, true) => Some("video"),
            _ => None,
        }
    }

    /// Checks an input, of which the video or the audio track may be missing.
    pub(crate) async fn check_part(
        &self,
        client: &Client,
        input: Input,
        strict: bool,
    ) -> Result<Report, ToolError> {
        let mut report = check(client, input, strict).await?;
        if let Some(missing) = self.missing_media() {
            report.violations.retain(|violation| violation.field != missing);
        }
        Ok(report)
    }
}

/// Checks an input. Models that Viseme does not describe are validated against the service's catalogue: the
/// service ignores unknown parameters but still charges.
pub(crate) async fn check(
    client: &Client,
    input: Input,
    strict: bool,
) -> Result<Report, ToolError> {
    let report = match describe(input.model()) {
        Some(_) => client.check(input).await?,
        None => client.validate(input).await?,
    };
    Ok(if strict { report.strict() } else { report })
}

fn require_new(input: &Input, name: &str) -> Result<(), ToolError> {
    match input.get(name) {
        None => Ok(()),
        Some(_) => Err(ToolError::argument(format!("The parameter `{name}` is given twice."))),
    }
}

fn confine(name: &str, media: &Media, folders: &Folders) -> Result<Media, ToolError> {
    match media {
        Media::Path(path) => {
            let real = match file_url(path) {
                Some(Ok(path)) => folders.file(name, &path)?,
                Some(Err(())) => {
                    let message = format!("`{name}`: {} is no file.", path.display());
                    return Err(ToolError::argument(message));
                }
                None => folders.file(name, path)?,
            };
            Ok(Media::path(real))
        }
        // Those of files are paths.
        other => Ok(other.clone()),
    }
}

/// Returns the path of a text that is the URL of a file.
fn file_url(text: &Path) -> Option<Result<PathBuf, ()>> {
    let text = text.to_str().filter(|text| text.starts_with("file:"))?;
    Some(Url::parse(text).map_err(|_| ()).and_then(|url| url.to_file_path()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic fails the test")]

    use serde_json::json;

    use super::*;

    fn read(arguments: serde_json::Value, folders: &Folders) -> Result<Input, &'static str> {
        let input: ModelInput = serde_json::from_value(arguments).unwrap();
        input.read(folders).map_err(|error| error.code)
    }

    #[test]
    fn every_file_of_an_input_is_in_an_allowed_folder() {
        let root = tempfile::tempdir().unwrap();
        let inside = root.path().join("in");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("a.mp4"), "").unwrap();
        std::fs::write(root.path().join("secret.mp4"), "").unwrap();
        let folders = Folders::new(&[inside]).unwrap();
        let secret = root.path().join("secret.mp4");
        let url = url::Url::from_file_path(&secret).unwrap();
        for arguments in [
            json!({"video": secret}),
            json!({"video": "../secret.mp4"}),
            json!({"parameters": {"video": secret}}),
            json!({"media": {"video": secret}}),
            json!({"video": url.as_str()}),
            json!({"model": "a/b", "media": {"image": secret}}),
        ] {
            assert_eq!(read(arguments.clone(), &folders), Err("path_not_allowed"), "{arguments}");
        }
        // The text of a parameter of an unknown model is no file.
        let text = json!({"model": "a/b", "parameters": {"text": secret}});
        assert!(matches!(read(text, &folders).unwrap().get("text"), Some(InputValue::Json(_))));
        let both = json!({"video": "a.mp4", "parameters": {"video": "a.mp4"}});
        assert_eq!(read(both, &folders), Err("invalid_arguments"));
        let url = json!({"video": "https://a.example/v.mp4"});
        assert!(read(url, &folders).unwrap().get("video").is_some());
    }
}
