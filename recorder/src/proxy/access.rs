//! Decides which requests get in: by their `Host` header, and by their `Origin`.
//!
//! A web page can make requests to this machine under a name of its own (DNS rebinding), or from its own
//! origin. The recorder would send them to the service.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Version};

use crate::loopback::{host_name, is_loopback};

/// Returns the base URL by which the client knows the recorder, or why the request is refused.
pub(super) fn base_url(headers: &HeaderMap, version: Version, port: u16) -> Result<String, String> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().unwrap_or_default().to_owned(),
        (None, _) if version == Version::HTTP_10 => format!("127.0.0.1:{port}"),
        _ => return Err("A request must have one Host header.".to_owned()),
    };
    if !is_own(&host, port) {
        return Err(format!(
            "The recorder does not accept the Host {host:?}. Use http://127.0.0.1:{port}."
        ));
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let is_allowed = origins.all(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        authority.and_then(host_name).is_some_and(|name| is_loopback(&name))
    });
    if !is_allowed {
        return Err(
            "The recorder does not accept requests of web pages from other hosts.".to_owned()
        );
    }
    Ok(format!("http://{host}"))
}

fn is_own(host: &str, port: u16) -> bool {
    let authority: Result<Authority, _> = host.parse();
    let has_port = authority.is_ok_and(|authority| authority.port_u16().unwrap_or(80) == port);
    has_port && host_name(host).is_some_and(|name| is_loopback(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_pages_of_this_machine_get_in() {
        for (host, origin, expected) in [
            ("127.0.0.1:4000", None, true),
            ("LocalHost:4000", None, true),
            ("[::1]:4000", None, true),
            ("localhost:4001", None, false),
            ("localhost", None, false),
            ("evil.example:4000", None, false),
            ("localhost.evil.example:4000", None, false),
            ("user@localhost:4000", None, false),
            ("", None, false),
            ("localhost:4000", Some("http://localhost:5173"), true),
            ("localhost:4000", Some("https://evil.example"), false),
            ("localhost:4000", Some("null"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            let found = base_url(&headers, Version::HTTP_11, 4000);
            assert_eq!(found.is_ok(), expected, "{host} {origin:?}");
            headers.append(HOST, "localhost:4000".parse().unwrap());
            assert!(base_url(&headers, Version::HTTP_11, 4000).is_err());
        }
        assert!(base_url(&HeaderMap::new(), Version::HTTP_11, 4000).is_err());
        assert!(base_url(&HeaderMap::new(), Version::HTTP_10, 4000).is_ok());
    }
}
