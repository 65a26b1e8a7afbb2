//! Who may use the playground: only pages of its own, opened with a link that works once.

use std::sync::{Mutex, PoisonError};

use http::header::{COOKIE, HOST, ORIGIN};
use http::{HeaderMap, Method};

use crate::api_error::ApiError;
use crate::random;

/// The most links that wait to be opened; a further one replaces the oldest.
const MAX_LINKS: usize = 16;

/// The secrets of one playground, and the names under which a browser may address it.
pub(crate) struct Access {
    port: u16,
    /// The value of the cookie.
    session: String,
    /// The tokens of links that were not opened yet.
    links: Mutex<Vec<String>>,
}

impl Access {
    pub(crate) fn new(port: u16, session: String) -> Self {
        Self { port, session, links: Mutex::default() }
    }

    /// Makes a link that opens the page once.
    pub(crate) fn add_link(&self, token: String) -> String {
        let url = format!("http://127.0.0.1:{}/open?token={token}", self.port);
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= MAX_LINKS {
            links.remove(0);
        }
        links.push(token);
        url
    }

    /// Uses the token of a link. Returns the cookie, or `None` if the token is unknown or was used.
    pub(crate) fn open(&self, token: &str) -> Option<String> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let index = links.iter().position(|link| random::equal(link, token))?;
        links.remove(index);
        let (name, value) = (self.cookie_name(), &self.session);
        Some(format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict"))
    }

    /// Browsers send a cookie to every port of a host, so its name contains the port.
    fn cookie_name(&self) -> String {
        format!("viseme-playground-{}", self.port)
    }

    /// Checks that a request is addressed to this server by a name of this machine. A page of
    /// another site that resolves to this machine has another name (DNS rebinding).
    ///
    /// # Errors
    /// 403.
    pub(crate) fn check_host(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let host = one(headers, &HOST);
        if host.is_some_and(|host| self.hosts().iter().any(|own| host.eq_ignore_ascii_case(own))) {
            return Ok(());
        }
        let port = self.port;
        let message =
            format!("The playground is only available as http://127.0.0.1:{port} on this machine.");
        Err(ApiError::forbidden(message))
    }

    /// Checks that a request comes from a page of the playground, or from no page at all if it only
    /// reads.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn check_origin(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<(), ApiError> {
        let refused = || ApiError::forbidden("Requests of other web pages are not allowed.");
        let reads = method == Method::GET || method == Method::HEAD;
        let origin = headers.contains_key(ORIGIN).then(|| one(headers, &ORIGIN));
        let own_origin = one(headers, &HOST).map(|host| format!("http://{host}"));
        match origin {
            // More than one value, or none that is text, is no origin of a browser.
            Some(origin) if origin.is_none() || origin != own_origin.as_deref() => {
                return Err(refused());
            }
            None if !reads => return Err(refused()),
            _ => {}
        }
        let site = headers.get("sec-fetch-site").map(|value| value.as_bytes());
        match site {
            None | Some(b"same-origin") => Ok(()),
            // The address was typed, or opened from outside of the browser.
            Some(b"none") if reads => Ok(()),
            Some(_) => Err(refused()),
        }
    }

    /// Checks the cookie of a request.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn check_cookie(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let name = self.cookie_name();
        let mut pairs = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        if pairs.any(|(key, value)| key == name && random::equal(value, &self.session)) {
            return Ok(());
        }
        let message = "Open the playground with its link. A link works once: press Enter in the \
                       terminal of `viseme playground` for a new one.";
        Err(ApiError::forbidden(message))
    }

    fn hosts(&self) -> [String; 2] {
        ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.port))
    }
}

/// Whether a browser loads a page in a window: the user followed a link, also on a page of another
/// origin, which cannot read the response. Browsers send the cookie only if that page is on this machine.
pub(crate) fn is_page_load(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &str, expected: &[u8]| {
        headers.get(name).is_some_and(|value| value.as_bytes() == expected)
    };
    method == Method::GET && is("sec-fetch-mode", b"navigate") && is("sec-fetch-dest", b"document")
}

/// The value of a header that stands once.
fn one<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn access() -> Access {
        Access::new(8080, "secret".to_owned())
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_names_of_this_machine_with_the_right_port_are_hosts() {
        let allowed = |host: &'static str| access().check_host(&headers(&[("host", host)])).is_ok();
        assert!(allowed("127.0.0.1:8080"));
        assert!(allowed("LOCALHOST:8080"));
        for host in ["127.0.0.1", "127.0.0.1:80", "evil.example:8080", "127.0.0.1:8080.evil", ""] {
            assert!(!allowed(host), "{host}");
        }
        assert!(access().check_host(&HeaderMap::new()).is_err());
        let twice = headers(&[("host", "127.0.0.1:8080"), ("host", "evil.example")]);
        assert!(access().check_host(&twice).is_err());
    }

    #[test]
    fn a_request_that_changes_something_must_come_from_the_page_itself() {
        const HOST: (&str, &str) = ("host", "127.0.0.1:8080");
        const OWN: (&str, &str) = ("origin", "http://127.0.0.1:8080");
        let allowed = |method: Method, pairs: &[(&'static str, &'static str)]| {
            access().check_origin(&method, &headers(pairs)).is_ok()
        };
        assert!(allowed(Method::POST, &[HOST, OWN]));
        assert!(allowed(Method::POST, &[HOST, OWN, ("sec-fetch-site", "same-origin")]));
        assert!(!allowed(Method::POST, &[HOST]));
        assert!(!allowed(Method::DELETE, &[HOST]));
        assert!(!allowed(Method::POST, &[HOST, OWN, OWN]));
        assert!(!allowed(Method::POST, &[HOST, OWN, ("sec-fetch-site", "none")]));
        for origin in
            ["null", "http://evil.example", "https://127.0.0.1:8080", "http://localhost:8080"]
        {
            assert!(!allowed(Method::POST, &[HOST, ("origin", origin)]), "{origin}");
            assert!(!allowed(Method::GET, &[HOST, ("origin", origin)]), "{origin}");
        }
        assert!(allowed(Method::GET, &[HOST]));
        assert!(allowed(Method::GET, &[HOST, ("sec-fetch-site", "none")]));
        for site in ["cross-site", "same-site", "other"] {
            assert!(!allowed(Method::GET, &[HOST, ("sec-fetch-site", site)]), "{site}");
            assert!(!allowed(Method::POST, &[HOST, OWN, ("sec-fetch-site", site)]), "{site}");
        }
    }

    #[test]
    fn only_the_window_of_a_browser_loads_a_page() {
        const NAVIGATE: (&str, &str) = ("sec-fetch-mode", "navigate");
        const DOCUMENT: (&str, &str) = ("sec-fetch-dest", "document");
        let load = |method: Method, pairs: &[(&'static str, &'static str)]| {
            is_page_load(&method, &headers(pairs))
        };
        assert!(load(Method::GET, &[NAVIGATE, DOCUMENT]));
        assert!(!load(Method::POST, &[NAVIGATE, DOCUMENT]));
        assert!(!load(Method::GET, &[NAVIGATE, ("sec-fetch-dest", "iframe")]));
        assert!(!load(Method::GET, &[("sec-fetch-mode", "cors"), DOCUMENT]));
        assert!(!load(Method::GET, &[]));
    }

    #[test]
    fn a_link_opens_once_and_gives_the_cookie() {
        let access = access();
        assert_eq!(access.add_link("abc".to_owned()), "http://127.0.0.1:8080/open?token=abc");
        assert_eq!(access.open("abd"), None);
        let cookie = access.open("abc").unwrap();
        assert_eq!(cookie, "viseme-playground-8080=secret; Path=/; HttpOnly; SameSite=Strict");
        assert_eq!(access.open("abc"), None);
    }

    #[test]
    fn the_cookie_of_another_port_or_value_is_not_accepted() {
        let allowed =
            |cookie: &'static str| access().check_cookie(&headers(&[("cookie", cookie)])).is_ok();
        assert!(allowed("viseme-playground-8080=secret"));
        assert!(allowed("a=b; viseme-playground-8080=secret"));
        assert!(!allowed("viseme-playground-8081=secret"));
        assert!(!allowed("viseme-playground-8080=other"));
        assert!(!allowed("viseme-playground-8080="));
        assert!(access().check_cookie(&HeaderMap::new()).is_err());
    }
}
