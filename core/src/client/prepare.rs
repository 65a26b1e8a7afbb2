//! Turns an input with media into the body of a submit, and the options of `run` and `submit`.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::try_join_all;
use serde_json::{Map, Value};
use url::Url;

use super::Client;
use super::check::{Report, validate_input};
use super::progress::{OnProgress, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Content, UploadFile};
use crate::media::{Container, Media, MediaInfo, data_uri};
use crate::model::{Input, InputValue, describe, is_model_id};

/// The options that `run`, `run_many` and `submit` share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Validate media against the model's limits.
    pub(super) check_media: bool,
    /// Treat warnings as errors.
    pub(super) strict: bool,
    /// Validate the input against the model's schema in the live catalogue.
    pub(super) validate: bool,
    /// Asks the service to delay the response to the submit until the result is there.
    pub(super) sync: bool,
    /// Requests base64 outputs instead of URLs.
    pub(super) base64: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { check_media: true, strict: false, validate: false, sync: false, base64: false }
    }
}

impl Options {
    /// Returns whether these options or the input ask for base64 outputs.
    pub(super) fn wants_base64(self, input: &Input) -> bool {
        let yes = InputValue::Json(Value::Bool(true));
        self.base64 || input.get("enable_base64_output") == Some(&yes)
    }

    /// Adds the flags to the body of a submit. Flags of the input stay.
    pub(super) fn add_to(self, body: &mut Map<String, Value>) {
        if self.sync {
            body.insert("enable_sync_mode".to_owned(), Value::Bool(true));
        }
        if self.base64 {
            body.insert("enable_base64_output".to_owned(), Value::Bool(true));
        }
    }
}

/// Defines the option methods that `Run`, `Submit` and `RunMany` share.
macro_rules! option_methods {
    ($change:expr) => {
        /// Sets whether media are validated against the model's limits before anything is sent. Default:
        /// `true`.
        pub fn check_media(self, check: bool) -> Self {
            $change(self, |options| options.check_media = check)
        }

        /// Sets whether warnings are errors: an unknown value of a list, a limit that only third parties
        /// state, media that could not be checked. Default: `false`.
        pub fn strict(self, strict: bool) -> Self {
            $change(self, |options| options.strict = strict)
        }

        /// Sets whether the input is also validated against the model's schema in the service's
        /// catalogue, which the client fetches if needed. Use it for models that this crate does not
        /// describe: the service ignores unknown parameters but still charges. Default: `false`.
        pub fn validate(self, validate: bool) -> Self {
            $change(self, |options| options.validate = validate)
        }

        /// Sets sync mode: the service delays the response to the submit until the result is there, up to
        /// 90 seconds, so that a short job needs no polls. The client polls for a longer job as usual.
        /// Not all models support it. Default: `false`.
        pub fn sync(self, sync: bool) -> Self {
            $change(self, |options| options.sync = sync)
        }

        /// Sets whether the prediction contains outputs as base64 instead of URLs; see
        /// [`Output::decode`](crate::Output::decode). Not all models support it, and it cannot be
        /// combined with a webhook. Default: `false`.
        pub fn base64(self, base64: bool) -> Self {
            $change(self, |options| options.base64 = base64)
        }
    };
}
pub(super) use option_methods;

/// Validates the input, uploads its media concurrently, and returns the body of the submit.
pub(super) async fn prepare(
    client: &Client,
    input: &Input,
    options: Options,
    on_progress: &OnProgress,
) -> Result<Value> {
    let input = &input.clone().with_defaults();
    let mut report =
        validate_input(input, options.check_media, client.shared.remote.as_ref()).await;
    if options.validate && is_model_id(input.model()) {
        report.add_live(&client.model(input.model()).await?, input);
    }
    let report = if options.strict { report.strict() } else { report }.into_result()?;
    on_progress.emit(|| Progress::Checked(report.clone()));
    client.api.require_key()?;
    let description = describe(input.model());
    let values = input.fields().map(|(name, value)| {
        let report = &report;
        let limits = description.and_then(|description| description.media_limits(name));
        let takes_data_uris = limits.is_some_and(|limits| limits.data_uris);
        async move {
            let value = match value {
                InputValue::Json(json) => json.clone(),
                InputValue::Media(media) => {
                    upload_field(client, name, media, takes_data_uris, report, on_progress).await?
                }
            };
            Ok::<_, Error>((name.to_owned(), value))
        }
    });
    let mut body: Map<_, _> = try_join_all(values).await?.into_iter().collect();
    options.add_to(&mut body);
    Ok(Value::Object(body))
}

async fn upload_field(
    client: &Client,
    field: &str,
    media: &Media,
    takes_data_uris: bool,
    report: &Report,
    on_progress: &OnProgress,
) -> Result<Value> {
    if let (Media::Url(url), true) = (media, takes_data_uris) {
        return Ok(Value::from(url.as_str()));
    }
    let file = match upload_file(media, report.media_info(field))? {
        Upload::NotNeeded(url) => return Ok(Value::from(url.as_str())),
        Upload::File(file) => file,
    };
    let on_bytes = {
        let (on_progress, field, total) = (on_progress.clone(), field.to_owned(), file.size);
        Arc::new(move |sent| {
            on_progress.emit(|| Progress::Uploading { field: field.clone(), sent, total });
        })
    };
    let url = client.put_file(&file, on_bytes).await?;
    on_progress.emit(|| Progress::Uploaded { field: field.to_owned(), url: url.clone() });
    Ok(Value::from(url.as_str()))
}

/// What to upload.
pub(super) enum Upload {
    /// Nothing: the service can fetch the media.
    NotNeeded(Url),
    File(UploadFile),
}

/// Returns the URL at which the service can fetch the media, or `None` if it needs an upload.
pub(super) fn fetchable_url(media: &Media) -> Option<&Url> {
    match media {
        Media::Url(url) if url.scheme() != "data" => Some(url),
        _ => None,
    }
}

/// Returns how to upload the media, given the facts about it.
pub(super) fn upload_file(media: &Media, info: Option<&MediaInfo>) -> Result<Upload> {
    let container = info.map_or(Container::Unknown, |info| info.container);
    let (name, size, content) = match media {
        Media::Url(url) if url.scheme() == "data" => {
            let content = data_uri::content(url.as_str()).ok_or_else(|| {
                let message = format!("`{}` is not a valid data: URI.", media.display_name());
                Error::new(ErrorKind::InvalidInput, message)
            })?;
            ("media".to_owned(), content.len() as u64, Content::Bytes(content))
        }
        Media::Url(url) => return Ok(Upload::NotNeeded(url.clone())),
        Media::Bytes { file_name, content } => {
            (file_name.clone(), content.len() as u64, Content::Bytes(content.clone()))
        }
        Media::Path(path) => {
            let size = info.and_then(|info| info.bytes).ok_or_else(|| {
                let message = format!("Cannot read the size of {}.", path.display());
                Error::new(ErrorKind::InvalidInput, message)
            })?;
            let name = path.file_name().unwrap_or(OsStr::new("media")).to_string_lossy();
            (name.into_owned(), size, Content::Path(path.clone()))
        }
    };
    Ok(Upload::File(UploadFile {
        name: upload_name(&name, container),
        content_type: content_type(&name, container),
        size,
        content,
    }))
}

/// Returns the media type of the content, or of the name if the content is not recognized.
fn content_type(name: &str, container: Container) -> &'static str {
    let by_name = || Container::of_extension(&extension(Path::new(name))?);
    match container {
        Container::Unknown => by_name().unwrap_or(Container::Unknown).content_type(),
        known => known.content_type(),
    }
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// Returns the name without folders, with an extension that matches the content: the model may rely on
/// the extension of the URL.
fn upload_name(name: &str, container: Container) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let path = Path::new(name);
    let extension = extension(path);
    let fitting = container.extensions();
    match fitting.first() {
        Some(first) if !extension.is_some_and(|has| fitting.contains(&has.as_str())) => {
            let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or("media");
            format!("{stem}.{first}")
        }
        _ if name.is_empty() => "media".to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_follows_the_content() {
        for (name, container, expected) in [
            ("clip.mp4", Container::Mov, "video/quicktime"),
            ("clip.MP4", Container::Unknown, "video/mp4"),
            ("voice.aac", Container::Unknown, "audio/aac"),
            ("voice", Container::Unknown, "application/octet-stream"),
            ("voice.xyz", Container::Unknown, "application/octet-stream"),
        ] {
            assert_eq!(content_type(name, container), expected, "{name}");
        }
    }

    #[test]
    fn the_extension_of_an_upload_matches_its_content() {
        for (name, container, expected) in [
            ("clip.mp4", Container::Mp4, "clip.mp4"),
            ("CLIP.MP4", Container::Mp4, "CLIP.MP4"),
            ("clip", Container::Mp4, "clip.mp4"),
            ("clip.mp4", Container::Mov, "clip.mov"),
            ("../../etc/voice.mp3", Container::Wav, "voice.wav"),
            (r"C:\media\voice.mp3", Container::Mp3, "voice.mp3"),
            ("", Container::Mp3, "media.mp3"),
            ("", Container::Unknown, "media"),
            ("note.xyz", Container::Unknown, "note.xyz"),
        ] {
            assert_eq!(upload_name(name, container), expected, "{name}");
        }
    }
}
