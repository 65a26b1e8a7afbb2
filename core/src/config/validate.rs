//! Validates single settings.

use std::fmt;

use secrecy::SecretString;
use url::Url;

use crate::error::{Error, ErrorKind, Result};

fn config_error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// Returns an error that names a setting and says what is wrong or allowed.
pub(super) fn invalid(setting: &str, problem: impl fmt::Display) -> Error {
    config_error(format!("Invalid value for `{setting}`: {problem}."))
}

/// Returns an error unless the value of a setting is valid.
pub(super) fn require(
    valid: bool,
    setting: &str,
    allowed: &str,
    value: impl fmt::Display,
) -> Result<()> {
    if valid { Ok(()) } else { Err(invalid(setting, format!("must be {allowed}, got {value}"))) }
}

/// Returns the key without surrounding whitespace. An anonymous client may have none.
pub(super) fn api_key(key: Option<SecretString>, anonymous: bool) -> Result<Option<SecretString>> {
    use secrecy::ExposeSecret as _;

    let Some(key) = key.filter(|key| !key.expose_secret().trim().is_empty()) else {
        return if anonymous {
            Ok(None)
        } else {
            Err(config_error(
                "No API key found. Set WAVESPEED_API_KEY or pass `api_key`. To try Viseme without a \
                 key, start the mock server with `viseme mock`.",
            ))
        };
    };
    let trimmed = key.expose_secret().trim();
    if trimmed.starts_with(['"', '\'', '`', '“', '‘', '«']) {
        return Err(invalid(
            "api_key",
            "it is in quotes, which are not part of the key. Remove them (an `.env` file read by \
             Docker keeps them)",
        ));
    }
    // The format of keys is not documented: only values that are invalid in a header are rejected.
    if !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid(
            "api_key",
            "it contains a space or a character that is not printable ASCII. Copy the key again \
             from https://wavespeed.ai/accesskey",
        ));
    }
    Ok(Some(SecretString::from(trimmed)))
}

/// Parses the base URL and removes the API version, which the paths include. `setting` is the
/// setting or the variable that it comes from.
pub(super) fn base_url(setting: &str, text: &str, allow_http: bool) -> Result<Url> {
    let shown = without_secrets(text);
    let mut url = Url::parse(text.trim()).map_err(|error| {
        invalid(setting, format!("must be a URL {EXAMPLE}, got {shown:?} ({error})"))
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(
            setting,
            "must not contain a user or password. Pass `api_key` instead",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid(setting, format!("must not have a query or fragment, got {shown:?}")));
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_loopback(&url) => {}
        "http" => {
            return Err(invalid(
                setting,
                format!(
                    "must use https, got {shown:?}. Plain http to another machine exposes the API \
                     key; set `allow_http` only if the network is safe",
                ),
            ));
        }
        _ => {
            return Err(invalid(setting, format!("must be an https URL {EXAMPLE}, got {shown:?}")));
        }
    }
    // Some tools include the version in their base URL; the paths here include it themselves.
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v3").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Returns what may be a URL without the user, the password, the query and the fragment that it may
/// contain: a message shows it.
fn without_secrets(text: &str) -> String {
    let (head, has_more) = match text.find(['?', '#']) {
        Some(at) => (text.get(..at).unwrap_or_default(), true),
        None => (text, false),
    };
    let start = head.find("//").map_or(0, |at| at + 2);
    let head = match (head.get(..start), head.rfind('@').filter(|at| *at >= start)) {
        (Some(scheme), Some(at)) => {
            format!("{scheme}…{}", head.get(at..).unwrap_or_default())
        }
        _ => head.to_owned(),
    };
    if has_more { format!("{head}…") } else { head }
}

const EXAMPLE: &str = "such as `https://api.wavespeed.ai`";

/// Returns whether a URL points to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        // A client that connects to 0.0.0.0 or [::] reaches this machine.
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => false,
    }
}

/// Parses the proxy's URL.
pub(super) fn proxy(text: &str) -> Result<Url> {
    // The text may contain a password, so no message shows it.
    let url =
        Url::parse(text).map_err(|error| invalid("proxy", format!("must be a URL ({error})")))?;
    match url.scheme() {
        "http" | "https" | "socks" | "socks4" | "socks4a" | "socks5" | "socks5h" => Ok(url),
        other => Err(invalid(
            "proxy",
            format!("its scheme must be http, https or socks5, got `{other}`"),
        )),
    }
}

/// Returns the value of `User-Agent`.
pub(super) fn user_agent(product: Option<String>) -> String {
    let own = concat!("viseme/", env!("CARGO_PKG_VERSION"));
    match product {
        Some(product) => format!("{product} {own}"),
        None => own.to_owned(),
    }
}

/// Returns the text if it is valid in a header.
pub(super) fn header_text(setting: &str, text: String) -> Result<String> {
    let valid = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    require(valid, setting, "printable ASCII", format_args!("{text:?}"))?;
    Ok(text)
}
