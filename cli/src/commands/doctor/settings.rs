//! The settings from the environment and the command line. Nothing of a secret is shown.

use std::path::Path;

use super::finding::Finding;
use crate::options::Options;
use crate::output::in_cli_words;
use crate::{client, dotenv};

const KEY: &str = "WAVESPEED_API_KEY";
/// The variables of proxies, in capitals and in small letters.
const PROXIES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Returns a variable that is not empty.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(value).filter(|value| !value.trim().is_empty())
}

pub(super) fn has_key() -> bool {
    variable(KEY).is_some()
}

pub(super) fn version() -> Finding {
    let (version, os, arch) =
        (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    Finding::ok("version", format!("viseme {version} on {os} {arch}"))
}

/// Checks the shape of the key. Whether the service accepts it, the check of the account says.
pub(super) fn key(options: &Options) -> Finding {
    let Some(key) = variable(KEY) else {
        let finding = Finding::failed("key", format!("{KEY} is not set."));
        return finding.with_advice(dotenv::note().unwrap_or(
            "Create a key at https://wavespeed.ai/accesskey and set the variable to it. `viseme demo` needs \
             no key.",
        ));
    };
    // A key of this shape is refused by every command, with these words.
    if let Err(error) = client::online(options)
        && error.message().contains("api_key")
    {
        return Finding::failed("key", in_cli_words(error.message(), options));
    }
    if key.trim() != key {
        let message =
            format!("{KEY} is set, with blanks or a line break around it, which are ignored.");
        return Finding::warning("key", message, "Set it without them: other programs keep them.");
    }
    Finding::ok("key", format!("{KEY} is set ({} characters)", key.chars().count()))
}

pub(super) fn base_url(options: &Options) -> Finding {
    let source = match (&options.base_url, variable("WAVESPEED_BASE_URL")) {
        (Some(_), _) => "--base-url",
        (None, Some(_)) => "WAVESPEED_BASE_URL",
        (None, None) => "the default",
    };
    match client::base_url(options) {
        Ok(url) => Finding::ok("base URL", format!("{} ({source})", without_secrets(&url))),
        Err(error) => Finding::failed("base URL", in_cli_words(error.message(), options)),
    }
}

/// Lists the proxies. A variable that cannot be used fails the check of the certificates, as it fails every
/// command; here it is named.
pub(super) fn proxies() -> Finding {
    let mut found = Vec::new();
    for name in PROXIES {
        // On Windows, both are the same variable.
        if cfg!(windows) && name.starts_with(char::is_lowercase) {
            continue;
        }
        let Some(value) = variable(name) else { continue };
        found.push(match name {
            "NO_PROXY" | "no_proxy" => format!("{name}={value}"),
            _ => format!("{name}={}", without_secrets(value.trim())),
        });
    }
    if found.is_empty() {
        return Finding::ok("proxy", "none is set");
    }
    Finding::ok("proxy", found.join(", "))
}

/// Checks that a client can be made: it reads the certificates and the proxies.
pub(super) fn certificates(options: &Options) -> Finding {
    let set: Vec<_> = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .filter_map(|name| Some((name, variable(name)?)))
        .collect();
    let sources: Vec<_> = set.iter().map(|(name, path)| format!("{name}={path}")).collect();
    if let Err(error) = client::anonymous(options) {
        let name = if error.message().contains("_PROXY") || error.message().contains("_proxy") {
            "proxy"
        } else {
            "certificates"
        };
        return Finding::failed(name, in_cli_words(error.message(), options));
    }
    let is_missing = |(_, path): &&(&str, String)| !Path::new(path).exists();
    if let Some((name, path)) = set.iter().find(is_missing) {
        let message = format!("{name} is {path}, which does not exist.");
        return Finding::warning("certificates", message, "Correct the variable, or unset it.");
    }
    match sources.as_slice() {
        [] => Finding::ok("certificates", "those of the system"),
        sources => Finding::ok("certificates", sources.join(", ")),
    }
}

/// Returns the address of a URL without its user, its password, its path and its query.
pub(super) fn without_secrets(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    // A password may contain an `@`, or a `/` that ends the authority too early.
    let (has_user, host) = match rest.rsplit_once('@') {
        Some((_, host)) => {
            let end = host.find(['/', '?', '#']).unwrap_or(host.len());
            (true, host.get(..end).unwrap_or_default())
        }
        None => (false, authority),
    };
    format!("{scheme}{host}{}", if has_user { " (with a user)" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets() {
        for (url, expected) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://user:secret@proxy:3128/", "http://proxy:3128 (with a user)"),
            ("user:secret@proxy:3128", "proxy:3128 (with a user)"),
            ("http://user:se/cret@proxy:3128", "http://proxy:3128 (with a user)"),
            ("http://user:se@cret@proxy:3128", "http://proxy:3128 (with a user)"),
            ("https://api.example/v?key=secret", "https://api.example"),
            ("https://api.example#secret", "https://api.example"),
        ] {
            assert_eq!(without_secrets(url), expected);
        }
    }
}
