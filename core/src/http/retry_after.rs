//! The `Retry-After` header.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// Returns the `Retry-After` of a response: seconds, or a date, which is compared with the `Date` of
/// the response, so that a wrong clock on this machine has no effect. `None` if the header is missing
/// or invalid; zero for a date in the past.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return if seconds >= 0.0 {
            Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
        } else {
            None
        };
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let server_now = headers
        .get(DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        .unwrap_or(now);
    Some(at.duration_since(server_now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_the_header() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (text, date, expected) in [
            ("7", None, Some(7)),
            (" 0 ", None, Some(0)),
            ("99999999999999999999999", None, Some(u64::MAX)),
            ("inf", None, Some(u64::MAX)),
            ("-3", None, None),
            ("NaN", None, None),
            ("soon", None, None),
            ("", None, None),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, Some(30)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("Sun, 06 Nov 1994 08:50:00 GMT"), Some(7)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("nonsense"), Some(30)),
            ("Sat, 06 Nov 1993 08:50:07 GMT", None, Some(0)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            let expected = expected.map(|secs| {
                if secs == u64::MAX { Duration::MAX } else { Duration::from_secs(secs) }
            });
            assert_eq!(retry_after(&headers, now), expected, "{text:?} {date:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
