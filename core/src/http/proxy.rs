//! The proxies from the environment. reqwest ignores a variable that it does not understand, and
//! then connects directly; here that is an error.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::config::proxy_variable;
use crate::error::{Error, ErrorKind, Result};

/// The variables, each with its lower-case form, in the order in which they are read.
const VARIABLES: [[&str; 2]; 3] =
    [["HTTP_PROXY", "http_proxy"], ["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];
const SCHEMES: [&str; 7] = ["http", "https", "socks", "socks4", "socks4a", "socks5", "socks5h"];

/// The proxies from the environment and the system.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SystemProxies {
    /// reqwest reads them itself.
    Automatic,
    /// A `socks://` URL is among them, which reqwest does not know.
    Explicit { http: Option<Url>, https: Option<Url> },
}

impl SystemProxies {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] with the name of a variable that is no proxy URL.
    pub(super) fn from_env() -> Result<Self> {
        read(&proxy_variable)
    }

    /// Sets the proxies of an HTTP client.
    pub(super) fn apply(
        &self,
        mut builder: reqwest::ClientBuilder,
    ) -> reqwest::Result<reqwest::ClientBuilder> {
        if let Self::Explicit { http, https } = self {
            builder = builder.no_proxy();
            if let Some(url) = http {
                let proxy = reqwest::Proxy::http(url.clone())?;
                builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()));
            }
            if let Some(url) = https {
                let proxy = reqwest::Proxy::https(url.clone())?;
                builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()));
            }
        }
        Ok(builder)
    }

    /// Returns the rules that decide which requests go through a proxy.
    pub(super) fn matcher(&self) -> Matcher {
        let Self::Explicit { http, https } = self else { return Matcher::from_system() };
        let text = |url: &Option<Url>| url.as_ref().map(Url::to_string).unwrap_or_default();
        let exceptions = ["NO_PROXY", "no_proxy"].iter().find_map(|name| proxy_variable(name));
        Matcher::builder()
            .http(text(http))
            .https(text(https))
            .no(exceptions.unwrap_or_default())
            .build()
    }
}

fn read(var: &dyn Fn(&str) -> Option<String>) -> Result<SystemProxies> {
    // A CGI server sets HTTP_PROXY from a header of the request.
    let is_cgi = var("REQUEST_METHOD").is_some();
    let mut has_socks = false;
    let mut proxies = [None, None, None];
    for (names, proxy) in VARIABLES.iter().zip(&mut proxies) {
        let found = names.iter().find_map(|name| Some((*name, var(name)?)));
        let Some((name, text)) = found else { continue };
        if text.trim().is_empty() || (is_cgi && name == "HTTP_PROXY") {
            continue;
        }
        has_socks |= text.trim().to_ascii_lowercase().starts_with("socks://");
        let parsed = parse(&text).map_err(|problem| {
            // The text may contain a password, so no message shows it.
            let message = format!(
                "Invalid value for `{name}`: {problem}. Set it to a URL such as \
                 `http://proxy.example:3128`, or unset it."
            );
            Error::new(ErrorKind::Config, message)
        })?;
        *proxy = Some(parsed);
    }
    if !has_socks {
        return Ok(SystemProxies::Automatic);
    }
    let [http, https, all] = proxies;
    Ok(SystemProxies::Explicit { http: http.or_else(|| all.clone()), https: https.or(all) })
}

/// Parses the URL of a proxy; without a scheme it is `http`.
fn parse(text: &str) -> Result<Url, String> {
    let text = text.trim();
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&url).map_err(|error| format!("it is not a URL ({error})"))?;
    let scheme = url.scheme();
    if !SCHEMES.contains(&scheme) {
        return Err(format!("its scheme must be http, https or socks5, got `{scheme}`"));
    }
    if url.host_str().is_none_or(str::is_empty) || !matches!(url.path(), "" | "/") {
        return Err("it is not the address of a proxy".to_owned());
    }
    Ok(known_to_reqwest(url))
}

/// Replaces `socks` by `socks5h`, which is what it means to most programs.
pub(super) fn known_to_reqwest(mut url: Url) -> Url {
    if url.scheme() == "socks" {
        // Cannot fail between two schemes that are not special.
        let _ = url.set_scheme("socks5h");
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(variables: &[(&str, &str)]) -> Result<SystemProxies> {
        read(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn proxies_that_reqwest_understands_are_left_to_it() {
        for value in
            ["", "proxy:3128", "http://u:p@proxy:3128/", "HTTPS://proxy", "socks5://[::1]:1080"]
        {
            for name in VARIABLES.concat() {
                assert_eq!(
                    read_all(&[(name, value)]).unwrap(),
                    SystemProxies::Automatic,
                    "{value}"
                );
            }
        }
    }

    #[test]
    fn socks_means_socks5_with_names_resolved_by_the_proxy() {
        let url = |text: &str| Some(Url::parse(text).unwrap());
        assert_eq!(
            read_all(&[("ALL_PROXY", "socks://proxy:1080/"), ("http_proxy", "other:1")]).unwrap(),
            SystemProxies::Explicit {
                http: url("http://other:1"),
                https: url("socks5h://proxy:1080/"),
            }
        );
    }

    #[test]
    fn a_value_that_is_not_understood_is_an_error_with_the_variable() {
        for (value, problem) in [
            ("ftp://proxy", "`ftp`"),
            ("htp://proxy:1", "`htp`"),
            ("http//proxy:3128", "not the address"),
            ("http://", "not a URL"),
            ("http://proxy:99999", "not a URL"),
            ("http://proxy/path", "not the address"),
            ("socks://", "not the address"),
        ] {
            for name in VARIABLES.concat() {
                let error = read_all(&[(name, value)]).unwrap_err();
                let message = error.message();
                assert!(message.contains(name) && message.contains(problem), "{message}");
            }
        }
        let secret = read_all(&[("HTTPS_PROXY", "ftp://user:password@proxy")]).unwrap_err();
        assert!(!secret.message().contains("password"));
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "ftp://x")];
        assert_eq!(read_all(&cgi).unwrap(), SystemProxies::Automatic);
    }
}
