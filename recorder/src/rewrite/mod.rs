//! Which URLs pass through the recorder, and how they are written.
//!
//! URLs of the API keep their path. A file on another host is behind `/_recorder/{scheme}/{host}/`. Paths and
//! queries are copied byte by byte: they can be signed.

mod json_text;

use std::collections::BTreeSet;

use url::Url;

use json_text::replace_texts;

use crate::loopback::is_loopback;

/// The path below which files of other hosts are.
pub(crate) const FILES: &str = "/_recorder/";

/// Fields with URLs that clients use. URLs of other hosts are rewritten only there: in an input that the
/// service repeats, or in a text that a model wrote, they are somebody's data.
const FILE_FIELDS: [&str; 4] = ["outputs", "output", "download_url", "urls"];
/// Fields whose content a client has written.
const CLIENT_FIELDS: [&str; 5] = ["input", "inputs", "webhook", "webhook_url", "callback_url"];

/// A scheme and a host with its port, such as `https://api.wavespeed.ai`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    scheme: String,
    authority: String,
}

impl Site {
    /// Returns the site of a URL, and the rest of it as it is written.
    pub(crate) fn split(url: &str) -> Option<(Self, &str)> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return None;
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = (rest.get(..end)?, rest.get(end..)?);
        let parsed = Url::parse(&format!("{scheme}://{authority}/")).ok()?;
        let is_plain = parsed.username().is_empty() && parsed.password().is_none();
        if !is_plain || authority.contains('@') || authority.contains('\\') {
            return None;
        }
        let host = parsed.host_str()?.to_owned();
        let authority = match parsed.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        Some((Self { scheme, authority }, rest))
    }

    /// Returns it as the beginning of a URL.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }
}

/// The sites that the recorder passes requests on to.
#[derive(Clone, Debug)]
pub(crate) struct Sites {
    upstream: Site,
    /// The port of the recorder.
    port: u16,
    /// Other sites that responses of the service have named.
    files: BTreeSet<Site>,
}

impl Sites {
    /// Returns the sites of a recorder on `port` before any response.
    pub(crate) fn new(upstream: Site, port: u16) -> Self {
        Self { upstream, port, files: BTreeSet::new() }
    }

    /// Returns the site of the API.
    pub(crate) fn upstream(&self) -> &Site {
        &self.upstream
    }

    /// Returns where to send a request with this path and query. `None` if no response has named the host.
    pub(crate) fn target(&self, path_and_query: &str) -> Option<(Site, String)> {
        let Some(rest) = path_and_query.strip_prefix(FILES) else {
            return Some((self.upstream.clone(), path_and_query.to_owned()));
        };
        let (scheme, rest) = rest.split_once('/')?;
        let (site, rest) = Site::split(&format!("{scheme}://{rest}"))
            .map(|(site, rest)| (site, rest.to_owned()))?;
        let rest = if rest.starts_with('/') { rest } else { format!("/{rest}") };
        self.files.contains(&site).then_some((site, rest))
    }

    /// Returns a URL of the service or of a file as a client of the recorder uses it, and allows its host.
    fn through_recorder(&mut self, url: &str, base: &str, is_file: bool) -> Option<String> {
        let (site, rest) = Site::split(url)?;
        if site == self.upstream {
            return Some(format!("{base}{rest}"));
        }
        if !is_file || url.contains(char::is_whitespace) || url.contains(char::is_control) {
            return None;
        }
        let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
        let new = format!("{base}{FILES}{}/{}{rest}", site.scheme, site.authority);
        self.files.insert(site);
        Some(new)
    }

    /// Returns a URL of the recorder as the service knows it.
    fn back_to_upstream(&self, url: &str) -> Option<String> {
        let (site, rest) = Site::split(url)?;
        let (host, port) = site.authority.rsplit_once(':')?;
        let is_own = site.scheme == "http" && port.parse() == Ok(self.port) && is_loopback(host);
        if !is_own {
            return None;
        }
        match rest.strip_prefix(FILES) {
            None => Some(format!("{}{rest}", self.upstream.url())),
            Some(_) => self.target(rest).map(|(site, rest)| format!("{}{rest}", site.url())),
        }
    }

    /// Rewrites the URLs in a response of the API. Returns `None` if it is not JSON.
    pub(crate) fn rewrite_response(&mut self, document: &str, base: &str) -> Option<String> {
        replace_texts(document, |path, text| {
            if has_any(path, &CLIENT_FIELDS) {
                return None;
            }
            let is_ticket = path.ends_with(&["upload".into(), "url".into()]);
            self.through_recorder(text, base, is_ticket || has_any(path, &FILE_FIELDS))
        })
    }

    /// Rewrites the target of a redirect.
    pub(crate) fn rewrite_location(&mut self, location: &str, base: &str) -> Option<String> {
        self.through_recorder(location, base, true)
    }

    /// Rewrites the URLs in the body of a request, except those of webhooks. Returns `None` if it is not
    /// JSON.
    pub(crate) fn rewrite_request(&self, document: &str) -> Option<String> {
        replace_texts(document, |path, text| {
            if has_any(path, &CLIENT_FIELDS[2..]) {
                return None;
            }
            self.back_to_upstream(text)
        })
    }

    /// Rewrites the URLs in a query, except those of webhooks. Everything else is as it was.
    pub(crate) fn rewrite_query(&self, query: &str) -> String {
        let parts = query.split('&').map(|part| {
            let (name, value) = part.split_once('=')?;
            if name.to_ascii_lowercase().contains("webhook") {
                return None;
            }
            let value = value.replace('+', " ");
            let value = percent_encoding::percent_decode_str(&value).decode_utf8().ok()?;
            let url = self.back_to_upstream(&value)?;
            let url =
                percent_encoding::utf8_percent_encode(&url, percent_encoding::NON_ALPHANUMERIC);
            Some(format!("{name}={url}"))
        });
        let parts: Vec<String> = query
            .split('&')
            .zip(parts)
            .map(|(old, new)| new.unwrap_or_else(|| old.to_owned()))
            .collect();
        parts.join("&")
    }
}

fn has_any(path: &[std::borrow::Cow<'_, str>], names: &[&str]) -> bool {
    path.iter().any(|part| names.contains(&part.as_ref()))
}

#[cfg(test)]
mod tests;
