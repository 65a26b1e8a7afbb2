//! From an input with media to the JSON that is submitted.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::try_join_all;
use serde_json::{Map, Value};
use url::Url;

use super::Client;
use super::check::{Report, examine};
use super::progress::{OnProgress, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::media::{Container, Media, MediaInfo};
use crate::model::{Input, InputValue};
use crate::wire::{Content, UploadFile};

/// Checks the input and uploads its media side by side; gives the body of the submit.
pub(super) async fn prepare(
    client: &Client,
    input: &Input,
    check_media: bool,
    on_progress: &OnProgress,
) -> Result<Value> {
    let report = examine(input, check_media, client.shared.remote.as_ref()).await.into_result()?;
    on_progress.tell(|| Progress::Checked(report.clone()));
    client.shared.api.require_key()?;
    let values = input.fields().map(|(name, value)| {
        let report = &report;
        async move {
            let value = match value {
                InputValue::Json(json) => json.clone(),
                InputValue::Media(media) => {
                    upload_field(client, name, media, report, on_progress).await?
                }
            };
            Ok::<_, Error>((name.to_owned(), value))
        }
    });
    let body: Map<_, _> = try_join_all(values).await?.into_iter().collect();
    Ok(Value::Object(body))
}

async fn upload_field(
    client: &Client,
    field: &str,
    media: &Media,
    report: &Report,
    on_progress: &OnProgress,
) -> Result<Value> {
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

/// How a medium is uploaded, given what is known of it.
pub(super) fn upload_file(media: &Media, info: Option<&MediaInfo>) -> Result<Upload> {
    let container = info.map_or(Container::Unknown, |info| info.container);
    let (name, size, content) = match media {
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
