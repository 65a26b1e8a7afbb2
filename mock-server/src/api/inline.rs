//! Outputs in the answer itself, as base64, where the submit asked for that.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use super::Done;
use crate::artefact::{Artefact, Content};
use crate::reply::ReplyBody;
use crate::spooled;

/// Larger outputs are replaced by the clip: an answer of that size helps no test.
const MAX_BYTES: u64 = 20 * 1024 * 1024;

/// Puts the output in place of its URL: naked base64, without `data:` before it.
pub(super) async fn expand(done: &mut Done) {
    let Some(file) = done.inline.take() else { return };
    let bytes = match &file.content {
        Content::Memory(bytes) => bytes.to_vec(),
        Content::Disk(file, size) if *size <= MAX_BYTES => {
            let read = spooled::stream(Arc::clone(file), 0, *size);
            let read: Result<Vec<_>, _> = read.try_collect().await;
            read.map(|chunks| chunks.concat()).unwrap_or_default()
        }
        Content::Disk(..) => Artefact::clip_bytes().to_vec(),
    };
    let ReplyBody::Bytes(answer) = &done.reply.body else { return };
    let Ok(mut answer) = serde_json::from_slice::<Value>(answer) else { return };
    if let Some(outputs) = answer.pointer_mut("/data/outputs") {
        *outputs = json!([STANDARD.encode(bytes)]);
    }
    done.reply.body = ReplyBody::Bytes(answer.to_string().into());
}
