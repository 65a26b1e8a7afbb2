//! The two switches of a submit that change its response: sync mode and base64 outputs.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use super::{HandlerOutput, predictions};
use crate::clock::ClockMode;
use crate::response::{Response, ResponseBody};
use crate::stored_file::{self, FileContent, StoredFile};
use crate::world::World;
use crate::world::job::JobOutput;

/// How long the service waits in sync mode, on the world's clock; observed.
const SYNC_LIMIT: Duration = Duration::from_secs(90);
/// How often the job's state is checked, in real time.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);
/// Larger outputs are replaced by the bundled clip: no test needs a larger response.
const MAX_BASE64_BYTES: u64 = 20 * 1024 * 1024;

/// Waits for the job's end. Returns its result, or the service's response after the limit. A job
/// whose timeline counts polls ends at once, because nobody polls it: a choice of the mock.
pub(super) async fn wait_for_end(
    world: &World,
    base_url: &Arc<str>,
    output: HandlerOutput,
) -> HandlerOutput {
    let Some(id) = output.job_id.clone() else { return output };
    let began = {
        let mut state = world.state();
        if let Some(job) = state.job_mut(&id) {
            job.polls = job.polls.max(job.timeline.polls_to_end());
        }
        state.clock.elapsed()
    };
    loop {
        {
            let mut state = world.state();
            let now = state.clock.elapsed();
            let Some((index, job)) = state.job_index(&id).zip(state.job(&id)) else {
                return output;
            };
            if job.has_ended(now) {
                let created_at = state.moment(job.submitted);
                let Some(job) = state.job_at_mut(index) else { return output };
                let result =
                    predictions::present(job, index, now, created_at, base_url, world.id());
                return HandlerOutput { rule: output.rule, ..result };
            }
            if now.saturating_sub(began) >= SYNC_LIMIT {
                let data = still_running(&id, job.status(now), base_url);
                return HandlerOutput { response: Response::success(&data), ..output };
            }
        }
        if !advance_to_end(world, &id, began) {
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }
}

/// Advances a `virtual` or `auto` clock to the job's end or to the limit: the client is waiting, so
/// nobody else does. Returns `false` if the clock moves otherwise.
fn advance_to_end(world: &World, id: &str, began: Duration) -> bool {
    let step = {
        let state = world.state();
        if !matches!(state.clock.mode(), ClockMode::Virtual | ClockMode::Auto) {
            return false;
        }
        let limit = began.saturating_add(SYNC_LIMIT);
        let job = state.job(id);
        let end = job.and_then(|job| Some(job.submitted.saturating_add(job.timeline.end()?.0)));
        end.unwrap_or(limit).min(limit).saturating_sub(state.clock.elapsed())
    };
    world.advance(step);
    !step.is_zero()
}

fn still_running(id: &str, status: &str, base_url: &str) -> Value {
    json!({
        "id": id,
        "status": status,
        "code": 5004,
        "error": "Sync mode timed out after 90 seconds. The prediction is still processing \
                  asynchronously.",
        "urls": {"get": format!("{base_url}/api/v3/predictions/{id}/result")},
    })
}

/// Replaces the output's URL by its base64, without a `data:` prefix, if the submit asked for that.
/// Returns a note on the output for the journal, if there is one.
pub(super) async fn embed_base64(output: &mut HandlerOutput) -> Option<String> {
    let (file, note) = match output.base64_output.take()? {
        JobOutput::File(file) => (file, None),
        JobOutput::Dubbed(dubbed) => {
            let made = dubbed.make().await;
            (Arc::clone(&made.file), Some(made.note.clone()))
        }
        JobOutput::Text(_) => return None,
    };
    let bytes = match &file.content {
        FileContent::Memory(bytes) => bytes.to_vec(),
        content if content.length() <= MAX_BASE64_BYTES => {
            let read = stored_file::stream(content.clone(), 0, content.length());
            let read: Result<Vec<_>, _> = read.try_collect().await;
            read.map(|chunks| chunks.concat()).unwrap_or_default()
        }
        _ => StoredFile::clip_bytes().to_vec(),
    };
    let ResponseBody::Bytes(body) = &output.response.body else { return note };
    let Ok(mut body) = serde_json::from_slice::<Value>(body) else { return note };
    if let Some(outputs) = body.pointer_mut("/data/outputs") {
        *outputs = json!([STANDARD.encode(bytes)]);
    }
    output.response.body = ResponseBody::Bytes(body.to_string().into());
    note
}
