//! The names under which a server is reached: which `Host` and `Origin` headers it accepts, and which
//! base URL it puts into responses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::uri::Authority;
use http::{HeaderValue, Uri};

/// Names that no public domain can have. A web page cannot use them for DNS rebinding.
const PRIVATE_SUFFIXES: [&str; 6] =
    [".localhost", ".local", ".internal", ".test", ".home.arpa", ".docker"];

/// The names under which a server is reached.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    /// The URL of the listener on this machine.
    local_url: String,
    public_url: Option<String>,
    /// Whether other machines can connect.
    is_public: bool,
    allowed_hosts: Vec<String>,
    cors_origins: Vec<String>,
}

impl Addresses {
    /// Returns the names of a server that listens on `address`.
    pub(crate) fn new(
        address: SocketAddr,
        public_url: Option<&str>,
        allowed_hosts: &[String],
        cors_origins: &[String],
    ) -> Result<Self, String> {
        let reachable = match address.ip() {
            ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            ip => ip,
        };
        let mut allowed_hosts: Vec<String> =
            allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        let public_url = public_url.map(public_base_url).transpose()?;
        let public_host = public_url.as_deref().and_then(|url| url.parse::<Uri>().ok());
        allowed_hosts.extend(public_host.and_then(|uri| Some(uri.host()?.to_ascii_lowercase())));
        for origin in cors_origins {
            check_origin(origin)?;
        }
        Ok(Self {
            local_url: format!("http://{}", SocketAddr::new(reachable, address.port())),
            public_url,
            is_public: !address.ip().is_loopback(),
            allowed_hosts,
            cors_origins: cors_origins
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_ascii_lowercase())
                .collect(),
        })
    }

    /// Returns the URL of the listener on this machine.
    pub(crate) fn local_url(&self) -> &str {
        &self.local_url
    }

    /// Returns the base URL for clients that no request has named.
    pub(crate) fn base_url(&self) -> &str {
        self.public_url.as_deref().unwrap_or(&self.local_url)
    }

    /// Returns the base URL of the response to a request with this `Host`: the public URL, or else
    /// the name that the client used. Returns `None` if the host is not accepted.
    pub(crate) fn base_url_for(&self, host: &str) -> Option<String> {
        if !self.accepts_host(host) {
            return None;
        }
        Some(self.public_url.clone().unwrap_or_else(|| format!("http://{host}")))
    }

    fn accepts_host(&self, host: &str) -> bool {
        let Some(name) = host_name(host) else { return false };
        if self.allowed_hosts.contains(&name) || is_loopback(&name) {
            return true;
        }
        self.is_public
            && (name.parse::<IpAddr>().is_ok()
                || !name.contains('.')
                || PRIVATE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)))
    }

    /// Returns whether pages of this origin may call the mocked API: those on this machine, and those
    /// that were allowed.
    pub(crate) fn allows_origin(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let is_listed = |allowed: &String| allowed == "*" || *allowed == origin;
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let is_local = authority.and_then(host_name).is_some_and(|name| is_loopback(&name));
        is_local || self.cors_origins.iter().any(is_listed)
    }

    /// Returns whether the origin is this server itself, as the client named it.
    pub(crate) fn is_own_origin(&self, origin: &str, host: &str) -> bool {
        origin.eq_ignore_ascii_case(&format!("http://{host}"))
            || self.public_url.as_deref().is_some_and(|url| url.eq_ignore_ascii_case(origin))
    }
}

/// Returns the name of a `host` or `host:port`, in lower case and without brackets.
fn host_name(host: &str) -> Option<String> {
    let authority: Authority = host.parse().ok()?;
    let has_user = authority.as_str().contains('@');
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let bare = bare.trim_end_matches('.');
    (!has_user && !bare.is_empty()).then(|| bare.to_ascii_lowercase())
}

fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn public_base_url(url: &str) -> Result<String, String> {
    let invalid = || format!("the public URL must be such as http://mock:8080, got {url:?}");
    let base = url.strip_suffix('/').unwrap_or(url);
    let uri: Uri = base.parse().map_err(|_| invalid())?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_path = uri.path() != "/" || uri.query().is_some() || base.contains('#');
    let name = uri.authority().map(Authority::as_str).and_then(host_name);
    if !is_http || has_path || name.is_none() {
        return Err(invalid());
    }
    Ok(base.to_owned())
}

fn check_origin(origin: &str) -> Result<(), String> {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let authority = authority.map(|authority| authority.trim_end_matches('/'));
    let is_valid = authority.is_some_and(|authority| {
        host_name(authority).is_some() && HeaderValue::from_str(origin).is_ok()
    });
    if origin == "*" || is_valid {
        return Ok(());
    }
    Err(format!("a CORS origin must be such as http://localhost:5173 or *, got {origin:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(listen: &str, public: Option<&str>, hosts: &[&str], cors: &[&str]) -> Addresses {
        let owned = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect::<Vec<_>>();
        Addresses::new(listen.parse().unwrap(), public, &owned(hosts), &owned(cors)).unwrap()
    }

    #[test]
    fn a_loopback_server_accepts_names_of_this_machine() {
        let local = addresses("127.0.0.1:80", None, &["mock.example"], &[]);
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1",
            "127.9.9.9:8080",
            "[::1]:1",
            "mock.example:9",
        ] {
            assert_eq!(local.base_url_for(host), Some(format!("http://{host}")));
        }
        for host in
            ["", "example.com", "127.0.0.1.example.com:80", "10.0.0.1", "mock", "a@localhost"]
        {
            assert_eq!(local.base_url_for(host), None, "{host}");
        }
    }

    #[test]
    fn a_public_server_accepts_names_that_no_web_page_can_have() {
        let public = addresses("0.0.0.0:8080", None, &[], &[]);
        assert_eq!(public.base_url(), "http://127.0.0.1:8080");
        for host in
            ["mock:8080", "10.0.2.2:8080", "host.docker.internal:1", "mac.local", "[fe80::1]:80"]
        {
            assert_eq!(public.base_url_for(host), Some(format!("http://{host}")));
        }
        for host in ["evil.example", "rebind.network:8080", ""] {
            assert_eq!(public.base_url_for(host), None, "{host}");
        }
    }

    #[test]
    fn a_public_url_is_in_every_response_and_its_host_is_accepted() {
        let public = addresses("127.0.0.1:80", Some("https://mock.example/"), &[], &[]);
        for host in ["localhost:80", "mock.example"] {
            assert_eq!(public.base_url_for(host).as_deref(), Some("https://mock.example"));
        }
        for url in
            ["mock:80", "ftp://mock", "http://mock/path", "http://mock?x", "http://", "http://a@b"]
        {
            assert!(public_base_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn local_and_listed_origins_are_allowed() {
        let some = addresses("127.0.0.1:80", None, &[], &["https://App.example/"]);
        for origin in
            ["http://localhost:5173", "https://127.0.0.1", "http://[::1]:3", "https://app.example"]
        {
            assert!(some.allows_origin(origin), "{origin}");
        }
        for origin in [
            "null",
            "https://evil.example",
            "http://app.example",
            "file://",
            "http://localhost.evil.example",
        ] {
            assert!(!some.allows_origin(origin), "{origin}");
        }
        assert!(addresses("127.0.0.1:80", None, &[], &["*"]).allows_origin("null"));
        assert!(check_origin("app.example").is_err() && check_origin("http://").is_err());
    }
}
