//! Any head of a response from an untrusted server.

use http::HeaderMap;

use super::range_response::{RangeResponse, read, size, validator};

/// A part lies within the file, and its end is a number.
pub(crate) fn head(headers: &HeaderMap) {
    for status in [200, 206, 416, 500] {
        if let RangeResponse::Part { start, length, total } = read(status, headers) {
            let end = start.checked_add(length);
            assert!(length > 0 && end.is_some_and(|end| total.is_none_or(|total| end <= total)));
        }
        let _ = size(status, headers);
    }
    let _ = validator(headers);
}
