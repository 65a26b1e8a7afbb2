//! Downloads: uploaded files and outputs, with ranges.

use http::Method;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG};

use super::HandlerOutput;
use super::request::ReceivedRequest;
use crate::response::{Response, ResponseBody};
use crate::stored_file::StoredFile;
use crate::world::World;
use crate::world::job::JobOutput;
use crate::world::state::WorldState;

pub(super) fn upload(
    state: &WorldState,
    upload_id: &str,
    request: &ReceivedRequest,
) -> HandlerOutput {
    HandlerOutput::new(
        state.uploaded(upload_id).map_or_else(not_found, |file| serve(file, request)),
    )
}

pub(super) fn output(state: &WorldState, job_id: &str, request: &ReceivedRequest) -> HandlerOutput {
    let now = state.clock.elapsed();
    let job =
        state.job(job_id).filter(|job| job.status(now) == "completed" && !job.is_expired(now));
    match job.map(|job| (&job.output, &job.id)) {
        Some((JobOutput::File(file), id)) => HandlerOutput::about(serve(file, request), id),
        Some((JobOutput::Dubbed(dubbed), id)) => {
            let made = dubbed.made();
            let output = HandlerOutput::about(serve(&made.file, request), id);
            HandlerOutput { note: Some(made.note), ..output }
        }
        Some((JobOutput::Text(_), _)) | None => HandlerOutput::new(not_found()),
    }
}

/// Makes the output of a job, unless it was made before. It takes time, so the world is not locked.
pub(super) async fn prepare(world: &World, job_id: &str) {
    let dubbed = world.state().job(job_id).and_then(|job| job.dubbed_output().cloned());
    if let Some(dubbed) = dubbed {
        dubbed.make().await;
    }
}

fn not_found() -> Response {
    Response::typed(404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>")
}

fn serve(file: &StoredFile, request: &ReceivedRequest) -> Response {
    let size = file.size();
    if request.header("if-none-match").is_some_and(|tags| contains_tag(tags, &file.etag)) {
        return Response { status: 304, headers: Vec::new(), ..Response::typed(304, "", "") }
            .header(ETAG, file.etag.clone());
    }
    let is_current = request.header("if-range").is_none_or(|tag| tag == file.etag);
    let range =
        request.header("range").filter(|_| is_current).and_then(|text| parse_range(text, size));
    let (status, start, end) = match range {
        None => (200, 0, size),
        Some(Ok((start, end))) => (206, start, end),
        Some(Err(())) => {
            return Response::typed(416, "text/plain", "")
                .header(CONTENT_RANGE, format!("bytes */{size}"));
        }
    };
    let mut response = Response::typed(status, file.content_type.clone(), "")
        .header(ACCEPT_RANGES, "bytes")
        .header(ETAG, file.etag.clone());
    if status == 206 {
        let last = end.saturating_sub(1);
        response = response.header(CONTENT_RANGE, format!("bytes {start}-{last}/{size}"));
    }
    if request.method == Method::HEAD {
        return response.header(http::header::CONTENT_LENGTH, (end - start).to_string());
    }
    response.body =
        ResponseBody::Part { content: file.content.clone(), start, length: end - start };
    response
}

/// Returns whether a list of entity tags contains this one.
fn contains_tag(tags: &str, etag: &str) -> bool {
    let tag = |tag: &str| tag.trim().trim_start_matches("W/") == etag;
    tags.trim() == "*" || tags.split(',').any(tag)
}

/// Returns the first byte and the one after the last; `None` if the header is not a single range of
/// bytes.
fn parse_range(text: &str, size: u64) -> Option<Result<(u64, u64), ()>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first.trim(), last.trim()) {
        ("", suffix) => (size.saturating_sub(suffix.parse().ok()?), size),
        (first, "") => (first.parse().ok()?, size),
        (first, last) => {
            (first.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1).min(size))
        }
    };
    Some(if range.0 < range.1 { Ok(range) } else { Err(()) })
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn byte_ranges() {
        for (text, expected) in [
            ("bytes=0-9", Some(Ok((0, 10)))),
            ("bytes=90-", Some(Ok((90, 100)))),
            ("bytes=90-1000", Some(Ok((90, 100)))),
            ("bytes=-10", Some(Ok((90, 100)))),
            ("bytes=-1000", Some(Ok((0, 100)))),
            ("bytes=100-", Some(Err(()))),
            ("bytes=5-4", Some(Err(()))),
            ("bytes=0-1,5-6", None),
            ("lines=0-1", None),
            ("bytes=a-b", None),
        ] {
            assert_eq!(parse_range(text, 100), expected, "{text}");
        }
    }
}
