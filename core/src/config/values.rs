//! Checks of single settings.

use secrecy::SecretString;
use url::Url;

use crate::error::{Error, ErrorKind, Result};

/// An error of the set-up.
pub(super) fn config_error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// An error with this message where something does not hold.
pub(super) fn require(holds: bool, message: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(config_error(format!("{message}."))) }
}

/// The key without the space around it; one is needed, unless the client does without.
pub(super) fn key(key: Option<SecretString>, anonymous: bool) -> Result<Option<SecretString>> {
    use secrecy::ExposeSecret as _;

    let Some(key) = key.filter(|key| !key.expose_secret().trim().is_empty()) else {
        return if anonymous {
            Ok(None)
        } else {
            Err(config_error(
                "There is no API key. Set the environment variable WAVESPEED_API_KEY, or hand the \
                 key to the client; to work without one, start the mock server with `viseme mock`.",
            ))
        };
    };
    let trimmed = key.expose_secret().trim();
    // The shape of a key is not documented; only what cannot stand in a header is refused.
    if !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(config_error(
            "The API key has a space or a character that cannot be part of a key. Copy it again \
             from the access key page.",
        ));
    }
    Ok(Some(SecretString::from(trimmed)))
}

/// The base URL, without the version that the paths bring.
pub(super) fn base_url(text: &str, allow_http: bool) -> Result<Url> {
    let mut url = Url::parse(text.trim()).map_err(|error| {
        config_error(format!("The base URL `{text}` is not a URL: {error}. {HINT}"))
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(config_error(format!(
            "The base URL must not contain a user or password. {HINT}"
        )));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(config_error(format!("The base URL `{text}` must not have a query. {HINT}")));
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_loopback(&url) => {}
        "http" => {
            return Err(config_error(format!(
                "The base URL `{text}` is plain http to another machine: the key could be read on \
                 the way. Use https, or set `allow_http` if you know that the way is safe.",
            )));
        }
        other => {
            return Err(config_error(format!(
                "The base URL `{text}` has the scheme `{other}`. {HINT}"
            )));
        }
    }
    // Some tools' settings include the version; the paths here bring it themselves.
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v3").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

const HINT: &str = "It looks like `https://api.wavespeed.ai`.";

/// Whether a URL names this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The proxy's URL.
pub(super) fn proxy(text: &str) -> Result<Url> {
    // The text may hold a password, so no message repeats it.
    let url = Url::parse(text)
        .map_err(|error| config_error(format!("The proxy is not a URL: {error}.")))?;
    match url.scheme() {
        "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h" => Ok(url),
        other => Err(config_error(format!(
            "The proxy has the scheme `{other}`; use http, https or socks5.",
        ))),
    }
}

/// What stands in `User-Agent`.
pub(super) fn user_agent(product: Option<String>) -> String {
    let own = concat!("viseme/", env!("CARGO_PKG_VERSION"));
    match product {
        Some(product) => format!("{product} {own}"),
        None => own.to_owned(),
    }
}

/// Text that may stand in a header.
pub(super) fn header_text(setting: &str, text: String) -> Result<String> {
    if text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err(config_error(format!("`{setting}` must be plain ASCII, as it is sent in a header.")))
    }
}
