//! From an input with media to the JSON that is submitted.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::try_join_all;
use serde_json::{Map, Value};
use url::Url;

use super::Client;
use super::check::{Report, validate_input};
use super::options::Options;
use super::progress::{OnProgress, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Content, UploadFile};
use crate::media::{Container, Media, MediaInfo, data_uri};
use crate::model::{Input, InputValue, describe};

/// Checks the input and uploads its media side by side; gives the body of the submit.
pub(super) async fn prepare(
    client: &Client,
    input: &Input,
    options: Options,
    on_progress: &OnProgress,
) -> Result<Value> {
    let input = &input.clone().with_defaults();
    let mut report =
        validate_input(input, options.check_media, client.shared.remote.as_ref()).await;
    if options.validate {
        report.add_live(&client.model(input.model()).await?, input);
    }
    let report = if options.strict { report.strict() } else { report }.into_result()?;
    on_progress.tell(|| Progress::Checked(report.clone()));
    client.shared.api.require_key()?;
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
        Upload::Not(url) => return Ok(Value::from(url.as_str())),
        Upload::File(file) => file,
    };
    let on_bytes = {
        let (on_progress, field, total) = (on_progress.clone(), field.to_owned(), file.size);
        Arc::new(move |sent| {
            on_progress.tell(|| Progress::Uploading { field: field.clone(), sent, total });
        })
    };
    let url = client.put_file(&file, on_bytes).await?;
    on_progress.tell(|| Progress::Uploaded { field: field.to_owned(), url: url.clone() });
    Ok(Value::from(url.as_str()))
}

/// What has to be uploaded.
pub(super) enum Upload {
    /// Nothing: the service can fetch it.
    Not(Url),
    File(UploadFile),
}

/// Where the service finds a medium already; `None` where it has to be uploaded first.
pub(super) fn is_at_hand(media: &Media) -> Option<&Url> {
    match media {
        Media::Url(url) if url.scheme() != "data" => Some(url),
        _ => None,
    }
}

/// How a medium is uploaded, given what is known of it.
pub(super) fn upload_file(media: &Media, info: Option<&MediaInfo>) -> Result<Upload> {
    let container = info.map_or(Container::Unknown, |info| info.container);
    let (name, size, content) = match media {
        Media::Url(url) if url.scheme() == "data" => {
            let content = data_uri::content(url.as_str()).ok_or_else(|| {
                let message = format!("{} is broken.", media.display_name());
                Error::new(ErrorKind::InvalidInput, message)
            })?;
            ("media".to_owned(), content.len() as u64, Content::Bytes(content))
        }
        Media::Url(url) => return Ok(Upload::Not(url.clone())),
        Media::Bytes { file_name, content } => {
            (file_name.clone(), content.len() as u64, Content::Bytes(content.clone()))
        }
        Media::Path(path) => {
            let size = info.and_then(|info| info.bytes).ok_or_else(|| {
                let message = format!("The size of {} is not known.", path.display());
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

/// The media type by the content, or by the name where the content cannot be told.
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

/// The name without folders, with an extension that fits the content: the model may judge the
/// medium by the extension of its URL.
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
    fn the_media_type_is_that_of_the_content() {
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
    fn uploads_are_named_by_their_content() {
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
