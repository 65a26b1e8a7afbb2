//! Keeps the reading of strangers' URLs away from this machine's own network.

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::address::is_public;
use crate::config::{Config, is_loopback};

/// Says which URLs may be asked for.
pub(super) struct Guard {
    allow_private: bool,
    proxies: Proxies,
}

/// Which requests would go through a proxy: it resolves names itself, so that the address that is
/// asked cannot be seen from here.
enum Proxies {
    None,
    All,
    System(Box<Matcher>),
}

/// Why a URL is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Scheme,
    Private,
    Proxy,
}

impl Guard {
    pub(super) fn new(config: &Config) -> Self {
        let proxies = if config.proxy.is_some() {
            Proxies::All
        } else if is_loopback(&config.base_url) {
            Proxies::None
        } else {
            Proxies::System(Box::new(Matcher::from_system()))
        };
        Self { allow_private: config.allow_private_addresses, proxies }
    }

    /// Public addresses alone, and no proxy.
    #[cfg(test)]
    pub(super) fn strict() -> Self {
        Self { allow_private: false, proxies: Proxies::None }
    }

    /// Looks at the URL alone; the addresses of a name are looked at by [`PublicOnly`] when it is
    /// resolved.
    pub(super) fn admit(&self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme);
        }
        if self.allow_private {
            return Ok(());
        }
        let is_private = match url.host() {
            Some(Host::Ipv4(address)) => !is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => !is_public(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => false,
        };
        if is_private {
            Err(Refusal::Private)
        } else if self.proxies.take(url) {
            Err(Refusal::Proxy)
        } else {
            Ok(())
        }
    }
}

impl Proxies {
    fn take(&self, url: &Url) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            // What is no URI for the matcher is none for the client.
            Self::System(matcher) => {
                url.as_str().parse().is_ok_and(|uri| matcher.intercept(&uri).is_some())
            }
        }
    }
}

/// Resolves names to their public addresses alone. The connection goes to what it gives, so a name
/// that is resolved to another address a moment later gains nothing.
pub(in crate::http) struct PublicOnly;

/// A name has no public address.
#[derive(Debug)]
pub(in crate::http) struct PrivateAddress;

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to a private address")
    }
}

impl StdError for PrivateAddress {}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| is_public(it.ip())).collect();
            if public.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allow_private: bool, proxies: Proxies) -> Guard {
        Guard { allow_private, proxies }
    }

    #[test]
    fn hosts_are_looked_at_in_every_spelling() {
        let strict = guard(false, Proxies::None);
        let lenient = guard(true, Proxies::None);
        for (url, expected) in [
            ("https://media.example/a.mp4", Ok(())),
            ("http://media.example/a.mp4", Ok(())),
            ("https://1.1.1.1/a.mp4", Ok(())),
            ("https://127.0.0.1/a.mp4", Err(Refusal::Private)),
            ("https://2130706433/a.mp4", Err(Refusal::Private)),
            ("https://0x7f.1/a.mp4", Err(Refusal::Private)),
            ("https://017700000001/a.mp4", Err(Refusal::Private)),
            ("https://[::1]/a.mp4", Err(Refusal::Private)),
            ("https://[::ffff:10.0.0.1]/a.mp4", Err(Refusal::Private)),
            ("http://169.254.169.254/latest/meta-data", Err(Refusal::Private)),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(strict.admit(&url), expected, "{url}");
            assert_eq!(lenient.admit(&url), Ok(()), "{url}");
        }
        for url in ["ftp://media.example/a.mp4", "file:///etc/passwd", "data:audio/mpeg;base64,"] {
            assert_eq!(lenient.admit(&Url::parse(url).unwrap()), Err(Refusal::Scheme), "{url}");
        }
    }

    #[test]
    fn a_proxy_hides_the_address() {
        let inside = Url::parse("https://inside.example/a.mp4").unwrap();
        let outside = Url::parse("https://media.example/a.mp4").unwrap();
        let system = || {
            let matcher = Matcher::builder().all("http://proxy.example:3128").no("inside.example");
            Proxies::System(Box::new(matcher.build()))
        };
        assert_eq!(guard(false, system()).admit(&outside), Err(Refusal::Proxy));
        assert_eq!(guard(false, system()).admit(&inside), Ok(()));
        assert_eq!(guard(true, system()).admit(&outside), Ok(()));
        assert_eq!(guard(false, Proxies::All).admit(&inside), Err(Refusal::Proxy));
    }

    #[tokio::test]
    async fn this_machine_is_not_public() {
        let name = "localhost".parse().unwrap();
        let error = PublicOnly.resolve(name).await.err().unwrap();
        assert!(error.is::<PrivateAddress>(), "{error}");
    }
}
