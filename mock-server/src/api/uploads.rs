//! Uploads: a presigned URL and the PUT to it, and the older multipart request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use serde_json::json;

use super::HandlerOutput;
use super::request::{MAX_FILE, MultipartFile, ReceivedRequest};
use crate::response::Response;
use crate::stored_file::{self, FileContent, ReceivedBody, StoredFile};
use crate::world::state::{Upload, WorldState};

/// How long a presigned URL is valid. A guess.
const PRESIGNED_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The longest name of a form field.
const MAX_FIELD_NAME: usize = 64;
/// The content type that says nothing.
const OCTET_STREAM: &str = "application/octet-stream";

/// Returns a URL for the upload of one file.
pub(super) fn presign(
    state: &mut WorldState,
    world: &str,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    let fields = request.fields()?;
    let name = fields.text("filename")?.unwrap_or_default();
    let is_name = !name.is_empty() && !name.contains(['/', '\\']);
    let (Some(size), true) = (fields.count("size")?, is_name) else {
        return Err(Response::error(400, "filename and size are required"));
    };
    if size > MAX_FILE {
        return Err(Response::error(400, "File size exceeds the 200 MB limit."));
    }
    let content_type = fields.text("content_type")?.or_else(|| content_type_of(name));
    let content_type = content_type.unwrap_or_default().to_owned();
    if !is_accepted(&content_type) {
        return Err(invalid_type());
    }
    let id = state.new_id();
    let now = state.clock.elapsed();
    let upload = Upload {
        name: name.to_owned(),
        size,
        content_type,
        signature: state.new_id(),
        created: now,
        expires: now.saturating_add(PRESIGNED_LIFETIME),
        file: None,
    };
    let base_url = &request.base_url;
    let (file, signature) = (escaped(name), &upload.signature);
    let response = Response::success(&json!({
        "type": upload.content_type.split('/').next(),
        "download_url": download_url(base_url, world, &id, name),
        "filename": name,
        "size": size,
        "upload": {
            "method": "PUT",
            "url": format!("{base_url}/_storage/{world}/{id}/{file}?signature={signature}"),
            "headers": expected_headers(&upload),
            "expires_at": state.date(upload.expires),
        },
    }));
    add_upload(state, id, upload)?;
    Ok(HandlerOutput::new(response))
}

fn add_upload(state: &mut WorldState, id: String, upload: Upload) -> Result<(), Response> {
    let is_added = state.add_upload(id, upload);
    is_added.then_some(()).ok_or_else(|| Response::error(429, "too many uploads in this world"))
}

/// Returns the error for a file type. The service is known to send it with status 200.
fn invalid_type() -> Response {
    Response::json(200, &json!({"code": 500, "message": "Upload failed: invalid file type"}))
}

/// Returns the URL that an upload is read from.
fn download_url(base_url: &str, world: &str, id: &str, name: &str) -> String {
    format!("{base_url}/_files/{world}/{id}/{}", escaped(name))
}

/// Returns a file name for a URL. Dots are not escaped, so that the extension stays readable.
fn escaped(name: &str) -> String {
    let escaped = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    escaped.to_string().replace("%2E", ".")
}

fn expected_headers(upload: &Upload) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("Content-Type", upload.content_type.clone()),
        ("If-None-Match", "*".to_owned()),
    ])
}

/// Stores the file, as strictly as a storage that verifies signatures.
pub(super) fn put(
    state: &mut WorldState,
    upload_id: &str,
    request: &ReceivedRequest,
) -> HandlerOutput {
    HandlerOutput::new(match store(state, upload_id, request) {
        Ok(()) => Response::typed(200, "text/plain", ""),
        Err((status, code, message)) => storage_error(status, code, &message),
    })
}

type StorageError = (u16, &'static str, String);

fn store(
    state: &mut WorldState,
    upload_id: &str,
    request: &ReceivedRequest,
) -> Result<(), StorageError> {
    let now = state.clock.elapsed();
    let unknown = (404, "NoSuchUpload", "there is no such upload".to_owned());
    let upload = state.uploads.get_mut(upload_id).ok_or(unknown)?;
    if request.headers.contains_key(http::header::AUTHORIZATION) {
        let message = "an Authorization header was sent to the storage".to_owned();
        return Err((400, "InvalidArgument", message));
    }
    if request.query_parameter("signature").as_deref() != Some(&upload.signature) {
        return Err((403, "SignatureDoesNotMatch", "the signature is wrong".to_owned()));
    }
    if now > upload.expires {
        return Err((403, "AccessDenied", "the URL has expired".to_owned()));
    }
    for (name, value) in expected_headers(upload) {
        if request.header(name) != Some(&value) {
            let message = format!("the header {name} must be `{value}`");
            return Err((403, "SignatureDoesNotMatch", message));
        }
    }
    // Storages with presigned URLs require a Content-Length.
    if request.header("transfer-encoding").is_some() {
        return Err((411, "MissingContentLength", "Content-Length is required".to_owned()));
    }
    if upload.file.is_some() {
        return Err((412, "PreconditionFailed", "there is a file already".to_owned()));
    }
    if request.body.size != upload.size {
        let message =
            format!("the body has {} bytes, {} were announced", request.body.size, upload.size);
        return Err((400, "IncompleteBody", message));
    }
    let file = StoredFile::uploaded(&upload.name, &upload.content_type, &request.body);
    upload.file = Some(Arc::new(file));
    Ok(())
}

/// Returns an error of the storage, which responds with XML.
fn storage_error(status: u16, code: &str, message: &str) -> Response {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Response::typed(status, "application/xml", body)
}

/// Returns the file in the multipart field `file`, or why there is none.
pub(super) async fn multipart_file(request: &ReceivedRequest) -> Result<MultipartFile, String> {
    let content_type = request.header("content-type").unwrap_or_default();
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| "the body must be multipart/form-data with a boundary".to_owned())?;
    let body = match &request.body.content {
        FileContent::Memory(bytes) => Body::from(bytes.clone()),
        content => Body::from_stream(stored_file::stream(content.clone(), 0, content.length())),
    };
    let mut form = multer::Multipart::new(body.into_data_stream().boxed(), boundary);
    let mut file = None;
    let invalid = |_| "the body is not valid multipart/form-data".to_owned();
    while let Some(field) = form.next_field().await.map_err(invalid)? {
        let name = field.name().unwrap_or_default();
        if !is_field_name(name) {
            return Err(format!(
                "the name of a form field must be up to {MAX_FIELD_NAME} letters, digits or -_. \
                 characters, got {name:?}"
            ));
        }
        if name == "file" && file.is_none() {
            file = Some(read_file(field).await?);
        }
    }
    file.ok_or_else(|| "the multipart field `file` is required".to_owned())
}

fn is_field_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=MAX_FIELD_NAME).contains(&name.len()) && name.bytes().all(is_allowed)
}

async fn read_file(field: multer::Field<'_>) -> Result<MultipartFile, String> {
    let name = field.file_name().unwrap_or("file").to_owned();
    // A released client of the service sends every file as an octet stream. Then the name decides.
    let sent = field.content_type().map(ToString::to_string);
    let sent = sent.filter(|sent| sent != OCTET_STREAM);
    let content_type = sent.or_else(|| content_type_of(&name).map(str::to_owned));
    let body = ReceivedBody::read(field, MAX_FILE, Duration::MAX).await;
    Ok(MultipartFile {
        name,
        content_type: content_type.unwrap_or_else(|| OCTET_STREAM.to_owned()),
        body: body.map_err(|_| "the file is incomplete or too large".to_owned())?,
    })
}

/// Stores the file of a multipart request.
pub(super) fn multipart_upload(
    state: &mut WorldState,
    world: &str,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    let file = match &request.file {
        Some(Ok(file)) => file,
        Some(Err(message)) => return Err(Response::error(400, message)),
        None => return Err(Response::error(400, "the multipart field `file` is required")),
    };
    if !is_accepted(&file.content_type) {
        return Err(invalid_type());
    }
    let id = state.new_id();
    let now = state.clock.elapsed();
    let upload = Upload {
        name: file.name.clone(),
        size: file.body.size,
        content_type: file.content_type.clone(),
        signature: String::new(),
        created: now,
        // There is no presigned URL: nothing can be put here.
        expires: now,
        file: Some(Arc::new(StoredFile::uploaded(&file.name, &file.content_type, &file.body))),
    };
    let url = download_url(&request.base_url, world, &id, &file.name);
    add_upload(state, id, upload)?;
    Ok(HandlerOutput::new(Response::success(&json!({
        "type": file.content_type.split('/').next(),
        "download_url": url,
        "filename": file.name,
        "size": file.body.size,
    }))))
}

/// Returns the content type for a file name, if its extension is one of the service's.
fn content_type_of(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "mp4" => "video/mp4",
        "avi" => "video/x-msvideo",
        "mov" => "video/quicktime",
        "wmv" => "video/x-ms-wmv",
        "flv" => "video/x-flv",
        "webm" => "video/webm",
        "mkv" => "video/x-matroska",
        "3gp" => "video/3gpp",
        "ogv" => "video/ogg",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "ogg" => "audio/ogg",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "m4a" => "audio/mp4",
        "opus" => "audio/opus",
        _ => return None,
    })
}

/// Returns whether the service accepts files of this type. It lists formats; the mock checks the kind.
fn is_accepted(content_type: &str) -> bool {
    let kind = content_type.split('/').next().unwrap_or_default();
    ["image", "video", "audio"].contains(&kind)
}
