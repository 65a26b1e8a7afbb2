//! Downloads: uploaded files and outputs, with ranges.

use http::Method;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG};

use super::Done;
use super::intake::Intake;
use crate::artefact::Artefact;
use crate::reply::{Reply, ReplyBody};
use crate::state::WorldState;

pub(super) fn upload(state: &WorldState, upload_id: &str, intake: &Intake) -> Done {
    Done::plain(state.uploaded(upload_id).map_or_else(gone, |file| serve(file, intake)))
}

pub(super) fn output(state: &WorldState, job_id: &str, intake: &Intake) -> Done {
    let now = state.clock.elapsed();
    let job =
        state.job(job_id).filter(|job| job.status(now) == "completed" && !job.is_expired(now));
    match job {
        Some(job) => Done::about(serve(&job.output, intake), job_id),
        None => Done::plain(gone()),
    }
}

fn gone() -> Reply {
    Reply::typed(404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>")
}

fn serve(file: &Artefact, intake: &Intake) -> Reply {
    let size = file.size();
    if intake.header("if-none-match").is_some_and(|tags| names(tags, &file.etag)) {
        return Reply { status: 304, headers: Vec::new(), ..Reply::typed(304, "", "") }
            .header(ETAG, file.etag.clone());
    }
    let fresh = intake.header("if-range").is_none_or(|tag| tag == file.etag);
    let range = intake.header("range").filter(|_| fresh).and_then(|text| parse_range(text, size));
    let (status, start, end) = match range {
        None => (200, 0, size),
        Some(Ok((start, end))) => (206, start, end),
        Some(Err(())) => {
            return Reply::typed(416, "text/plain", "")
                .header(CONTENT_RANGE, format!("bytes */{size}"));
        }
    };
    let mut reply = Reply::typed(status, &file.content_type, "")
        .header(ACCEPT_RANGES, "bytes")
        .header(ETAG, file.etag.clone());
    if status == 206 {
        let last = end.saturating_sub(1);
        reply = reply.header(CONTENT_RANGE, format!("bytes {start}-{last}/{size}"));
    }
    if intake.method == Method::HEAD {
        return reply.header(http::header::CONTENT_LENGTH, (end - start).to_string());
    }
    reply.body = ReplyBody::Part { content: file.content.clone(), start, length: end - start };
    reply
}

/// Whether a list of entity tags names this one.
fn names(tags: &str, etag: &str) -> bool {
    let tag = |tag: &str| tag.trim().trim_start_matches("W/") == etag;
    tags.trim() == "*" || tags.split(',').any(tag)
}

/// The first byte and the one after the last; `None` for what is no single range of bytes.
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
    fn ranges() {
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
