//! The names of this machine.

use std::net::IpAddr;

use http::uri::Authority;

/// Returns the name of a `host` or `host:port`, in lower case and without brackets.
pub(crate) fn host_name(host: &str) -> Option<String> {
    let authority: Authority = host.parse().ok()?;
    let has_user = authority.as_str().contains('@');
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    (!has_user && !bare.is_empty()).then(|| bare.to_ascii_lowercase())
}

/// Returns whether a name or an address, with or without brackets, is that of this machine.
pub(crate) fn is_loopback(name: &str) -> bool {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
