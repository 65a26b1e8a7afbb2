//! Serves files with ranges, which players need to seek.

use std::io::SeekFrom;
use std::path::Path;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;
use viseme::media::Container;

use crate::api_error::ApiError;

/// Returns a file, or the part of it that the request wants. `download` makes the browser save it.
///
/// # Errors
/// 404 if it cannot be read.
pub(crate) async fn file_response(
    path: &Path,
    headers: &HeaderMap,
    download: bool,
) -> Result<Response, ApiError> {
    let gone = |_| ApiError::not_found("This file is gone. Choose it again.");
    let mut file = tokio::fs::File::open(path).await.map_err(gone)?;
    let length = file.metadata().await.map_err(gone)?.len();
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let (status, start, end) = match range.map_or(Part::Whole, |text| part(text, length)) {
        Part::Whole => (StatusCode::OK, 0, length),
        Part::Bytes { start, end } => (StatusCode::PARTIAL_CONTENT, start, end),
        Part::Unsatisfiable => {
            let range = [(CONTENT_RANGE, format!("bytes */{length}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, range).into_response());
        }
    };
    file.seek(SeekFrom::Start(start)).await.map_err(gone)?;
    let content = Body::from_stream(ReaderStream::new(file.take(end - start)));
    let mut response = (status, content).into_response();
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    fields.insert(CONTENT_LENGTH, HeaderValue::from(end - start));
    fields.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {start}-{}/{length}", end - 1);
        insert(fields, CONTENT_RANGE, &range);
    }
    if download {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = utf8_percent_encode(&name, NON_ALPHANUMERIC);
        insert(fields, CONTENT_DISPOSITION, &format!("attachment; filename*=UTF-8''{name}"));
    }
    Ok(response)
}

fn insert(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    // The values contain ASCII only.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The content type of a file by its extension. A file that is no media is never shown as a page.
fn content_type(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match Container::of_extension(&extension) {
        // Players accept it under this name only.
        Some(Container::Mov) => Container::Mp4.content_type(),
        Some(container) if container.kind().is_some() => container.content_type(),
        _ => Container::Unknown.content_type(),
    }
}

/// The part of a file that a request wants.
#[derive(Debug, PartialEq)]
enum Part {
    Whole,
    /// From `start` to before `end`.
    Bytes {
        start: u64,
        end: u64,
    },
    Unsatisfiable,
}

/// Reads a `Range` header. Several ranges, and what is no range of bytes, mean the whole file.
fn part(header: &str, length: u64) -> Part {
    let Some((first, last)) =
        header.trim().strip_prefix("bytes=").and_then(|it| it.split_once('-'))
    else {
        return Part::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let (start, end) = match (number(first), number(last)) {
        (Ok(start), Ok(last)) if last >= start => (start, last.saturating_add(1).min(length)),
        (Ok(start), Err(_)) if last.trim().is_empty() => (start, length),
        (Err(_), Ok(suffix)) if first.trim().is_empty() => (length.saturating_sub(suffix), length),
        _ => return Part::Whole,
    };
    if start < end { Part::Bytes { start, end } } else { Part::Unsatisfiable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let bytes = |start, end| Part::Bytes { start, end };
        for (header, expected) in [
            ("bytes=0-", bytes(0, 10)),
            ("bytes=2-4", bytes(2, 5)),
            ("bytes=2-400", bytes(2, 10)),
            ("bytes=-3", bytes(7, 10)),
            ("bytes=-30", bytes(0, 10)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=4-2", Part::Whole),
            ("bytes=1-2,4-5", Part::Whole),
            ("items=1-2", Part::Whole),
            ("bytes=18446744073709551615-18446744073709551615", Part::Unsatisfiable),
        ] {
            assert_eq!(part(header, 10), expected, "{header}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Unsatisfiable);
    }

    #[test]
    fn a_file_that_is_no_media_is_no_page() {
        for (name, expected) in [
            ("a.mp4", "video/mp4"),
            ("a.MOV", "video/mp4"),
            ("a.mp3", "audio/mpeg"),
            ("a.html", "application/octet-stream"),
            ("a.svg", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ] {
            assert_eq!(content_type(Path::new(name)), expected, "{name}");
        }
    }
}
