//! Redirects: the client follows them itself, so that it can check every hop.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::LOCATION;
use percent_encoding::{CONTROLS, percent_encode};
use url::Url;

/// Maximum number of redirects.
pub(super) const MAX_REDIRECTS: u32 = 5;

/// Why a redirect is not followed; the clause completes "it was …".
pub(super) type NotFollowed = String;

/// The clause for more than [`MAX_REDIRECTS`].
pub(super) fn too_many() -> NotFollowed {
    "redirected too many times".to_owned()
}

/// Returns whether the status is that of a redirect.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Returns the `Location` as text. Servers send it in UTF-8, or in any other encoding, whose bytes
/// are percent-encoded here.
pub(super) fn location(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let bytes = headers.get(LOCATION)?.as_bytes();
    Some(match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => percent_encode(bytes, CONTROLS).into(),
    })
}

/// Returns where a redirect leads, unless that is from `https` to something less safe.
pub(super) fn target(from: &Url, headers: &HeaderMap) -> Result<Url, NotFollowed> {
    let location = location(headers).ok_or("redirected without an address")?;
    let unusable = |_| format!("redirected to {location:?}, which is not a URL");
    let to = from.join(&location).map_err(unusable)?;
    if from.scheme() == "https" && to.scheme() != "https" {
        let (scheme, host) = (to.scheme(), to.host_str().unwrap_or_default());
        return Err(format!("redirected from https to the unsafe address {scheme}://{host}"));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn targets() {
        for (from, location, expected) in [
            ("https://a.example/x/y?z", "/b", Ok("https://a.example/b")),
            ("https://a.example/x/y", "b", Ok("https://a.example/x/b")),
            ("https://a.example/", "//b.example/c", Ok("https://b.example/c")),
            ("http://a.example/", "https://b.example/", Ok("https://b.example/")),
            ("http://a.example/", "http://b.example/", Ok("http://b.example/")),
            ("https://a.example/", "http://a.example/", Err("unsafe")),
            ("https://a.example/", "ftp://a.example/", Err("unsafe")),
            ("https://a.example/", "https://", Err("\"https://\"")),
            ("https://a.example/", "/caf\u{e9}.mp4", Ok("https://a.example/caf%C3%A9.mp4")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, HeaderValue::from_bytes(location.as_bytes()).unwrap());
            match (target(&Url::parse(from).unwrap(), &headers), expected) {
                (Ok(to), Ok(expected)) => assert_eq!(to.as_str(), expected),
                (Err(why), Err(expected)) => assert!(why.contains(expected), "{why}"),
                (found, _) => panic!("{from} {location}: {found:?}"),
            }
        }
        let from = Url::parse("https://a.example/").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_bytes(b"/caf\xe9.mp4").unwrap());
        assert_eq!(target(&from, &headers).unwrap().as_str(), "https://a.example/caf%E9.mp4");
        assert!(target(&from, &HeaderMap::new()).is_err());
    }
}
