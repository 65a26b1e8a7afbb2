//! Guards against server-side request forgery: requests to URLs from untrusted sources must not
//! reach this machine or its local network.

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::proxy::SystemProxies;
use crate::config::{Config, is_loopback};
use crate::error::Result;

/// Decides which URLs may be requested.
pub(super) struct SsrfGuard {
    allow_private: bool,
    proxies: Proxies,
}

/// Which requests go through a proxy. A proxy resolves names itself, so the client cannot check
/// the address.
enum Proxies {
    #[cfg(test)]
    None,
    All,
    System(Box<Matcher>),
}

/// Why a URL must not be requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    Scheme,
    Private,
    Proxy,
}

impl SsrfGuard {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let proxies = if config.proxy.is_some() {
            Proxies::All
        } else {
            Proxies::System(Box::new(SystemProxies::from_env()?.matcher()))
        };
        Ok(Self { allow_private: config.allow_private_addresses, proxies })
    }

    /// Allows only public addresses and uses no proxy.
    #[cfg(test)]
    pub(super) fn strict() -> Self {
        Self { allow_private: false, proxies: Proxies::None }
    }

    /// Checks the URL itself. [`PublicResolver`] checks the addresses of a name when it is resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), Blocked> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Blocked::Scheme);
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
            Err(Blocked::Private)
        } else if self.proxies.intercept(url) {
            Err(Blocked::Proxy)
        } else {
            Ok(())
        }
    }
}

impl Proxies {
    fn intercept(&self, url: &Url) -> bool {
        match self {
            #[cfg(test)]
            Self::None => false,
            Self::All => true,
            // A URL that the matcher cannot parse is also invalid for the client.
            Self::System(matcher) => {
                !is_loopback(url)
                    && url.as_str().parse().is_ok_and(|uri| matcher.intercept(&uri).is_some())
            }
        }
    }
}

/// Resolves names to their public addresses only. The client connects to the addresses returned
/// here, so a second resolution to another address (DNS rebinding) has no effect.
pub(super) struct PublicResolver;

/// The error for a name without a public address.
#[derive(Debug)]
pub(super) struct PrivateAddress;

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name resolves to a private address")
    }
}

impl StdError for PrivateAddress {}

impl Resolve for PublicResolver {
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

/// A network: its first address and its prefix length.
type Network<A> = (A, u32);

/// IANA's special-purpose registry, multicast and reserved ranges.
const NOT_PUBLIC_V4: &[Network<Ipv4Addr>] = &[
    // This network, unspecified.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // Private.
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Shared by the customers of a carrier.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local, the metadata services of clouds among them.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Protocol assignments, documentation, benchmarks, former relays.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved, broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Global unicast addresses.
const GLOBAL_V6: Network<Ipv6Addr> = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Ranges of `GLOBAL_V6` that are not public.
const NOT_PUBLIC_V6: &[Network<Ipv6Addr>] = &[
    // Protocol assignments, tunnels (Teredo) and identifiers.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // 6to4, which leads to any IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The NAT64 prefix, which maps IPv4 addresses into IPv6.
const TRANSLATED: Network<Ipv6Addr> = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Returns whether an address belongs to the public internet: it is neither loopback, local nor
/// reserved. An IPv6 address that embeds an IPv4 address is treated as that IPv4 address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(v4) => is_public_v4(v4),
            None => {
                holds_v6(GLOBAL_V6, address)
                    && !NOT_PUBLIC_V6.iter().any(|network| holds_v6(*network, address))
            }
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let holds = |(first, bits): &Network<Ipv4Addr>| {
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        address.to_bits() & mask == first.to_bits()
    };
    !NOT_PUBLIC_V4.iter().any(holds)
}

fn holds_v6((first, bits): Network<Ipv6Addr>, address: Ipv6Addr) -> bool {
    let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
    address.to_bits() & mask == first.to_bits()
}

/// Returns the IPv4 address in a mapped (`::ffff:a.b.c.d`) or translated one.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    let translated = || holds_v6(TRANSLATED, address).then(|| Ipv4Addr::new(a, b, c, d));
    address.to_ipv4_mapped().or_else(translated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allow_private: bool, proxies: Proxies) -> SsrfGuard {
        SsrfGuard { allow_private, proxies }
    }

    #[test]
    fn private_hosts_are_blocked_in_every_notation() {
        let strict = guard(false, Proxies::None);
        let lenient = guard(true, Proxies::None);
        for (url, expected) in [
            ("https://media.example/a.mp4", Ok(())),
            ("http://media.example/a.mp4", Ok(())),
            ("https://1.1.1.1/a.mp4", Ok(())),
            ("https://127.0.0.1/a.mp4", Err(Blocked::Private)),
            ("https://2130706433/a.mp4", Err(Blocked::Private)),
            ("https://0x7f.1/a.mp4", Err(Blocked::Private)),
            ("https://017700000001/a.mp4", Err(Blocked::Private)),
            ("https://[::1]/a.mp4", Err(Blocked::Private)),
            ("https://[::ffff:10.0.0.1]/a.mp4", Err(Blocked::Private)),
            ("http://169.254.169.254/latest/meta-data", Err(Blocked::Private)),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(strict.check(&url), expected, "{url}");
            assert_eq!(lenient.check(&url), Ok(()), "{url}");
        }
        for url in ["ftp://media.example/a.mp4", "file:///etc/passwd", "data:audio/mpeg;base64,"] {
            assert_eq!(lenient.check(&Url::parse(url).unwrap()), Err(Blocked::Scheme), "{url}");
        }
    }

    #[test]
    fn a_url_that_goes_through_a_proxy_is_blocked() {
        let inside = Url::parse("https://inside.example/a.mp4").unwrap();
        let outside = Url::parse("https://media.example/a.mp4").unwrap();
        let system = || {
            let matcher = Matcher::builder().all("http://proxy.example:3128").no("inside.example");
            Proxies::System(Box::new(matcher.build()))
        };
        assert_eq!(guard(false, system()).check(&outside), Err(Blocked::Proxy));
        assert_eq!(guard(false, system()).check(&inside), Ok(()));
        assert_eq!(guard(true, system()).check(&outside), Ok(()));
        assert_eq!(guard(false, Proxies::All).check(&inside), Err(Blocked::Proxy));
    }

    #[tokio::test]
    async fn localhost_resolves_to_no_public_address() {
        let name = "localhost".parse().unwrap();
        let error = PublicResolver.resolve(name).await.err().unwrap();
        assert!(error.is::<PrivateAddress>(), "{error}");
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2600:9000::1",
            "2a00:1450:4001::200e",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn special_addresses_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456:789a::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
