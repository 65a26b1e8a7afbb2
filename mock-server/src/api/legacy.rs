//! The older upload: one multipart request.

use std::sync::Arc;

use axum::body::Body;
use futures_util::StreamExt as _;
use serde_json::json;

use super::intake::{FilePart, Intake, MAX_FILE, collect};
use super::uploads::{download_url, invalid_type};
use super::{Done, media_type};
use crate::artefact::{Artefact, Content};
use crate::reply::Reply;
use crate::spooled;
use crate::state::{Upload, WorldState};

/// The content type that says nothing.
const PLAIN_BYTES: &str = "application/octet-stream";

/// The file in the multipart field `file`, if there is one.
pub(super) async fn file_part(intake: &Intake) -> Option<FilePart> {
    let boundary = multer::parse_boundary(intake.header("content-type")?).ok()?;
    let body = match &intake.taken.content {
        Content::Memory(bytes) => Body::from(bytes.clone()),
        Content::Disk(file, size) => Body::from_stream(spooled::stream(Arc::clone(file), 0, *size)),
    };
    let mut form = multer::Multipart::new(body.into_data_stream().boxed(), boundary);
    while let Some(field) = form.next_field().await.ok()? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or("file").to_owned();
            // A released client of the service sends every file as plain bytes; then its name
            // tells what it is.
            let told = field.content_type().map(ToString::to_string);
            let told = told.filter(|told| told != PLAIN_BYTES);
            let content_type = told.or_else(|| media_type::of_name(&name).map(str::to_owned));
            return Some(FilePart {
                name,
                content_type: content_type.unwrap_or_else(|| PLAIN_BYTES.to_owned()),
                taken: collect(field, MAX_FILE).await.ok()?,
            });
        }
    }
    None
}

pub(super) fn upload(state: &mut WorldState, world: &str, intake: &Intake) -> Done {
    let Some(part) = &intake.part else {
        return Done::plain(Reply::refusal(400, "the multipart field `file` is required"));
    };
    if !media_type::is_taken(&part.content_type) {
        return Done::plain(invalid_type());
    }
    let id = state.new_id();
    let now = state.clock.elapsed();
    let upload = Upload {
        name: part.name.clone(),
        size: part.taken.size,
        content_type: part.content_type.clone(),
        signature: String::new(),
        made: now,
        // No ticket: nothing can be put there.
        expires: now,
        file: Some(Arc::new(Artefact::received(&part.name, &part.content_type, &part.taken))),
    };
    let url = download_url(&intake.base_url, world, &id, &part.name);
    if !state.add_upload(id, upload) {
        return Done::plain(Reply::refusal(429, "too many uploads in this world"));
    }
    Done::plain(Reply::success(&json!({
        "type": part.content_type.split('/').next(),
        "download_url": url,
        "filename": part.name,
        "size": part.taken.size,
    })))
}
