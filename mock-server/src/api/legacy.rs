//! The older upload: one multipart request.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use serde_json::json;

use super::Done;
use super::intake::Intake;
use crate::artefact::{Artefact, Content};
use crate::reply::Reply;
use crate::world::{Upload, WorldState};

struct Part {
    name: String,
    content_type: String,
    content: Bytes,
}

pub(super) fn upload(state: &mut WorldState, world: &str, intake: &Intake) -> Done {
    let Some(part) = file_part(intake) else {
        return Done::plain(Reply::refusal(400, "the multipart field `file` is required"));
    };
    let kind = part.content_type.split('/').next().unwrap_or_default().to_owned();
    if !["image", "video", "audio"].contains(&kind.as_str()) {
        // The service is known to say this within a 200.
        let body = json!({"code": 500, "message": "Upload failed: invalid file type"});
        return Done::plain(Reply::json(200, &body));
    }
    let (id, size) = (state.new_id(), part.content.len() as u64);
    let file = Artefact {
        name: part.name.clone(),
        content_type: part.content_type.clone(),
        content: Content::Memory(part.content),
        etag: format!("\"{}\"", intake.taken.sha256),
    };
    let upload = Upload {
        name: part.name.clone(),
        size,
        content_type: part.content_type,
        signature: String::new(),
        expires: state.clock.elapsed(),
        file: Some(Arc::new(file)),
    };
    state.uploads.insert(id.clone(), upload);
    let base = &intake.base_url;
    Done::plain(Reply::success(&json!({
        "type": kind,
        "download_url": format!("{base}/_files/{world}/{id}/{}", part.name),
        "filename": part.name,
        "size": size,
    })))
}

/// The part called `file`. The body is at hand already, so nothing here has to wait.
fn file_part(intake: &Intake) -> Option<Part> {
    let boundary = multer::parse_boundary(intake.header("content-type")?).ok()?;
    let body = match &intake.taken.content {
        Content::Memory(bytes) => bytes.clone(),
        Content::Disk(path, _) => Bytes::from(std::fs::read(path.as_ref()).ok()?),
    };
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>(body)]);
    let mut form = multer::Multipart::new(stream, boundary);
    let reading = async {
        while let Ok(Some(field)) = form.next_field().await {
            if field.name() == Some("file") {
                let name = field.file_name().unwrap_or("file").to_owned();
                let content_type = field
                    .content_type()
                    .map_or_else(|| "application/octet-stream".to_owned(), ToString::to_string);
                return Some(Part { name, content_type, content: field.bytes().await.ok()? });
            }
        }
        None
    };
    reading.now_or_never().flatten()
}
