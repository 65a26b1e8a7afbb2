//! Uploads by ticket.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::intake::{Intake, MAX_FILE};
use super::{Done, media_type};
use crate::artefact::Artefact;
use crate::reply::Reply;
use crate::state::{Upload, WorldState};

/// How long a ticket is good for. A guess.
const TICKET_LIFE: Duration = Duration::from_secs(15 * 60);

pub(super) fn ticket(state: &mut WorldState, world: &str, intake: &Intake) -> Done {
    Done::plain(match intake.json() {
        Some(body) => new_ticket(state, world, &body, &intake.base_url),
        None => Reply::refusal(400, "the body must be a JSON object"),
    })
}

fn new_ticket(state: &mut WorldState, world: &str, body: &Value, base: &str) -> Reply {
    let name = body.get("filename").and_then(Value::as_str).unwrap_or_default();
    let size = body.get("size").and_then(Value::as_u64);
    let (Some(size), false) = (size, name.is_empty() || name.contains(['/', '\\'])) else {
        return Reply::refusal(400, "filename and size are required");
    };
    if size > MAX_FILE {
        return Reply::refusal(413, "File size exceeds the 200 MB limit.");
    }
    let told = body.get("content_type").and_then(Value::as_str);
    let content_type = told.or_else(|| media_type::of_name(name)).unwrap_or_default().to_owned();
    if !media_type::is_taken(&content_type) {
        return invalid_type();
    }
    let id = state.new_id();
    let now = state.clock.elapsed();
    let upload = Upload {
        name: name.to_owned(),
        size,
        content_type,
        signature: state.new_id(),
        made: now,
        expires: now.saturating_add(TICKET_LIFE),
        file: None,
    };
    let escaped = escaped(name);
    let reply = Reply::success(&json!({
        "type": upload.content_type.split('/').next(),
        "download_url": download_url(base, world, &id, name),
        "filename": name,
        "size": size,
        "upload": {
            "method": "PUT",
            "url": format!("{base}/_storage/{world}/{id}/{escaped}?signature={}", upload.signature),
            "headers": expected_headers(&upload),
            "expires_at": state.date(upload.expires),
        },
    }));
    if state.add_upload(id, upload) {
        reply
    } else {
        Reply::refusal(429, "too many uploads in this world")
    }
}

/// The service is known to say this within a 200.
pub(super) fn invalid_type() -> Reply {
    Reply::json(200, &json!({"code": 500, "message": "Upload failed: invalid file type"}))
}

/// Where an upload is read from.
pub(super) fn download_url(base: &str, world: &str, id: &str, name: &str) -> String {
    format!("{base}/_files/{world}/{id}/{}", escaped(name))
}

/// A file's name within a URL. Dots stay readable, so that the extension does.
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

/// Takes the file, as strictly as a storage that checks signatures.
pub(super) fn put(state: &mut WorldState, upload_id: &str, intake: &Intake) -> Done {
    Done::plain(match accept(state, upload_id, intake) {
        Ok(()) => Reply::typed(200, "text/plain", ""),
        Err((status, code, message)) => storage_error(status, code, &message),
    })
}

type Refusal = (u16, &'static str, String);

fn accept(state: &mut WorldState, upload_id: &str, intake: &Intake) -> Result<(), Refusal> {
    let now = state.clock.elapsed();
    let no_such = (404, "NoSuchUpload", "there is no such ticket".to_owned());
    let upload = state.uploads.get_mut(upload_id).ok_or(no_such)?;
    if intake.headers.contains_key(http::header::AUTHORIZATION) {
        let message = "an Authorization header was sent to the storage".to_owned();
        return Err((400, "InvalidArgument", message));
    }
    if intake.parameter("signature").as_deref() != Some(&upload.signature) {
        return Err((403, "SignatureDoesNotMatch", "the signature is wrong".to_owned()));
    }
    if now > upload.expires {
        return Err((403, "AccessDenied", "the ticket has expired".to_owned()));
    }
    for (name, value) in expected_headers(upload) {
        if intake.header(name) != Some(&value) {
            let message = format!("the header {name} must be `{value}`");
            return Err((403, "SignatureDoesNotMatch", message));
        }
    }
    // Storages with signed URLs want the length first.
    if intake.header("transfer-encoding").is_some() {
        return Err((411, "MissingContentLength", "the length was not announced".to_owned()));
    }
    if upload.file.is_some() {
        return Err((412, "PreconditionFailed", "there is a file already".to_owned()));
    }
    if intake.taken.size != upload.size {
        let message = format!("{} bytes came, {} were announced", intake.taken.size, upload.size);
        return Err((400, "IncompleteBody", message));
    }
    let file = Artefact::received(&upload.name, &upload.content_type, &intake.taken);
    upload.file = Some(Arc::new(file));
    Ok(())
}

/// The storage speaks XML, not the API's JSON.
fn storage_error(status: u16, code: &str, message: &str) -> Reply {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Reply::typed(status, "application/xml", body)
}
