//! Which kind of request it is, by its method and path.

use http::Method;
use viseme_spec::RESERVED_WORDS;

use crate::recording::Endpoint;

/// The path of the API.
const API: &str = "/api/v3/";
/// A request's kind, and the names in its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    /// The path with names in place of ids.
    pub(crate) template: String,
    /// The model of a submit, or the job of a poll.
    pub(crate) id: Option<String>,
}

impl Route {
    /// Returns the route of a request to the API or, if it goes to another host, for a file.
    pub(crate) fn of(method: &Method, path: &str, is_api_host: bool) -> Self {
        let rest = path.strip_prefix(API).filter(|_| is_api_host);
        let Some(rest) = rest else { return Self::of_file(method) };
        let parts: Vec<&str> = rest.split('/').collect();
        let is_get = method == Method::GET || method == Method::HEAD;
        let is_post = method == Method::POST;
        let (endpoint, template, id) = match parts.as_slice() {
            ["predictions", id, "result"] if is_get => {
                (Endpoint::Poll, "predictions/{id}/result", Some(*id))
            }
            ["predictions", id] if is_get => (Endpoint::Poll, "predictions/{id}", Some(*id)),
            ["predictions"] if is_post => (Endpoint::History, "predictions", None),
            ["predictions", "delete"] if is_post => (Endpoint::Delete, rest, None),
            ["media", "uploads"] if is_post => (Endpoint::Presign, rest, None),
            ["media", "upload", "binary"] if is_post => (Endpoint::MultipartUpload, rest, None),
            ["balance"] => (Endpoint::Balance, rest, None),
            ["models"] => (Endpoint::Models, rest, None),
            ["model", "price" | "pricing"] => (Endpoint::Price, rest, None),
            ["webhook", "secret"] => (Endpoint::WebhookSecret, rest, None),
            ["billings", ..] | ["scheduler", ..] => (Endpoint::Billings, rest, None),
            ["user", ..] => (Endpoint::Usage, rest, None),
            [owner, _, ..] if is_post && !RESERVED_WORDS.contains(owner) => {
                (Endpoint::Submit, "{model}", Some(rest))
            }
            _ => (Endpoint::Other, rest, None),
        };
        let decoded =
            |id: &str| percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
        Self { endpoint, template: format!("{API}{template}"), id: id.map(decoded) }
    }

    fn of_file(method: &Method) -> Self {
        let endpoint = match *method {
            Method::PUT => Endpoint::Put,
            Method::GET | Method::HEAD => Endpoint::File,
            _ => Endpoint::Other,
        };
        Self { endpoint, template: "{file}".to_owned(), id: None }
    }

    /// Returns whether its successful responses are recorded without their values.
    pub(crate) fn is_private(&self) -> bool {
        matches!(
            self.endpoint,
            Endpoint::Balance
                | Endpoint::Billings
                | Endpoint::Usage
                | Endpoint::WebhookSecret
                | Endpoint::History
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_by_method_and_path() {
        for (method, path, is_api, endpoint, template, id) in [
            ("POST", "/api/v3/a/b/c", true, Endpoint::Submit, "/api/v3/{model}", Some("a/b/c")),
            (
                "GET",
                "/api/v3/predictions/a%2Fb/result",
                true,
                Endpoint::Poll,
                "/api/v3/predictions/{id}/result",
                Some("a/b"),
            ),
            (
                "GET",
                "/api/v3/predictions/1",
                true,
                Endpoint::Poll,
                "/api/v3/predictions/{id}",
                Some("1"),
            ),
            ("POST", "/api/v3/predictions", true, Endpoint::History, "/api/v3/predictions", None),
            (
                "GET",
                "/api/v3/webhook/secret",
                true,
                Endpoint::WebhookSecret,
                "/api/v3/webhook/secret",
                None,
            ),
            (
                "POST",
                "/api/v3/scheduler/billings/query",
                true,
                Endpoint::Billings,
                "/api/v3/scheduler/billings/query",
                None,
            ),
            ("PUT", "/_storage/a", true, Endpoint::Put, "{file}", None),
            ("POST", "/api/v3/a/b", false, Endpoint::Other, "{file}", None),
            ("GET", "/api/v3/balance", false, Endpoint::File, "{file}", None),
            ("GET", "/api/v3/a/b", true, Endpoint::Other, "/api/v3/a/b", None),
        ] {
            let method: Method = method.parse().unwrap();
            let expected =
                Route { endpoint, template: template.to_owned(), id: id.map(str::to_owned) };
            assert_eq!(Route::of(&method, path, is_api), expected, "{method} {path}");
        }
    }
}
