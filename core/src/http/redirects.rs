//! Redirects, followed by hand so that every hop can be looked at.

use http::HeaderMap;
use http::header::LOCATION;
use url::Url;

/// How many redirects are followed.
pub(super) const MAX_REDIRECTS: u32 = 5;

/// Why a redirect is not followed; the clause completes "it was …".
pub(super) type NotFollowed = &'static str;

/// More than [`MAX_REDIRECTS`].
pub(super) const TOO_MANY: NotFollowed = "redirected too many times";

/// Whether the status tells to look elsewhere.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect leads, unless that is from `https` to less.
pub(super) fn target(from: &Url, headers: &HeaderMap) -> Result<Url, NotFollowed> {
    let location = headers.get(LOCATION).and_then(|to| to.to_str().ok());
    let to =
        location.and_then(|location| from.join(location).ok()).ok_or("redirected to nowhere")?;
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err("redirected from https to an unsafe address");
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
            ("https://a.example/", "https://", Err("nowhere")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, HeaderValue::from_static(location));
            match (target(&Url::parse(from).unwrap(), &headers), expected) {
                (Ok(to), Ok(expected)) => assert_eq!(to.as_str(), expected),
                (Err(why), Err(expected)) => assert!(why.contains(expected), "{why}"),
                (found, _) => panic!("{from} {location}: {found:?}"),
            }
        }
        let from = Url::parse("https://a.example/").unwrap();
        assert!(target(&from, &HeaderMap::new()).is_err());
    }
}
