//! Reads the head of a response to a range request.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG};

/// What the response contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RangeResponse {
    /// A part of the file.
    Part { start: u64, length: u64, total: Option<u64> },
    /// The file from its beginning; the server does not support ranges or ignores them.
    Whole { length: Option<u64> },
    /// Nothing: the file ends before the range.
    Nothing { total: Option<u64> },
    /// An error.
    Status(u16),
    /// An unusable response; the clause completes "the server …".
    Unusable(&'static str),
}

pub(super) fn read(status: u16, headers: &HeaderMap) -> RangeResponse {
    match status {
        200 | 206 if is_encoded(headers) => RangeResponse::Unusable("sends it compressed"),
        200 => RangeResponse::Whole { length: number(headers) },
        206 => content_range(headers)
            .and_then(|range| part(&range))
            .unwrap_or(RangeResponse::Unusable("does not say which part of it it sends")),
        416 => {
            let total = content_range(headers)
                .and_then(|range| range.strip_prefix("*/")?.trim().parse().ok());
            RangeResponse::Nothing { total }
        }
        other => RangeResponse::Status(other),
    }
}

/// Returns the size in a response to a HEAD request.
pub(super) fn size(status: u16, headers: &HeaderMap) -> Option<u64> {
    (status == 200 && !is_encoded(headers)).then(|| number(headers)).flatten()
}

/// Returns the validator of a version of a file. A weak one does not guarantee equal bytes.
pub(super) fn validator(headers: &HeaderMap) -> Option<http::HeaderValue> {
    headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")).cloned()
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_ENCODING)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn number(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Returns the text after the unit in `bytes 0-99/1000`.
fn content_range(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim();
    let (unit, range) = value.split_once(' ')?;
    unit.eq_ignore_ascii_case("bytes").then(|| range.trim().to_owned())
}

fn part(range: &str) -> Option<RangeResponse> {
    let (span, total) = range.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (start, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse::<u64>().ok()?),
    };
    // The next range starts at `end`, so it must be a number.
    let end = last.checked_add(1)?;
    let length = end.checked_sub(start).filter(|length| *length > 0)?;
    (total.is_none_or(|total| last < total)).then_some(RangeResponse::Part { start, length, total })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn parts() {
        let odd = RangeResponse::Unusable("does not say which part of it it sends");
        let part = |start, length, total| RangeResponse::Part { start, length, total };
        for (range, expected) in [
            ("bytes 0-99/1000", part(0, 100, Some(1000))),
            ("Bytes  900-999/1000", part(900, 100, Some(1000))),
            ("bytes 0-99/*", part(0, 100, None)),
            ("bytes 0-0/1", part(0, 1, Some(1))),
            ("bytes 0-99/99", odd),
            ("bytes 9-0/99", odd),
            ("bytes 0-18446744073709551615/*", odd),
            ("bytes 5-18446744073709551615/*", odd),
            ("bytes 5-4/99", odd),
            ("bytes 0-99/99999999999999999999999", odd),
            ("bytes -5-9/99", odd),
            ("bytes */1000", odd),
            ("lines 0-99/1000", odd),
            ("bytes", odd),
            ("", odd),
        ] {
            assert_eq!(read(206, &headers(&[(CONTENT_RANGE, range)])), expected, "{range}");
        }
        assert_eq!(read(206, &HeaderMap::new()), odd);
    }

    #[test]
    fn others() {
        let length = |value| headers(&[(CONTENT_LENGTH, value)]);
        assert_eq!(read(200, &length("12")), RangeResponse::Whole { length: Some(12) });
        assert_eq!(read(200, &length("twelve")), RangeResponse::Whole { length: None });
        assert_eq!(read(200, &HeaderMap::new()), RangeResponse::Whole { length: None });
        let outside = headers(&[(CONTENT_RANGE, "bytes */0")]);
        assert_eq!(read(416, &outside), RangeResponse::Nothing { total: Some(0) });
        assert_eq!(read(416, &HeaderMap::new()), RangeResponse::Nothing { total: None });
        assert_eq!(read(404, &length("12")), RangeResponse::Status(404));
        let packed = headers(&[(CONTENT_ENCODING, "gzip"), (CONTENT_LENGTH, "12")]);
        assert_eq!(read(200, &packed), RangeResponse::Unusable("sends it compressed"));
        assert_eq!((size(200, &packed), size(200, &length("12"))), (None, Some(12)));
        assert_eq!(size(404, &length("12")), None);
    }

    #[test]
    fn only_a_strong_validator_counts() {
        assert!(validator(&headers(&[(ETAG, "\"v1\"")])).is_some());
        assert!(validator(&headers(&[(ETAG, "W/\"v1\"")])).is_none());
        assert!(validator(&HeaderMap::new()).is_none());
    }
}
