//! The requests to the API itself: the only ones that carry the key.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use super::body::{Exchange, exchange};
use super::endpoints::{poll, submit};
use super::redactor::Redactor;
use super::transport::{ConnectionUse, Request, RequestBody, Sent, Transport, TransportError};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::Account;
use crate::protocol::{PollResponse, SubmitResponse};

/// The characters that are not encoded in a path segment (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The timeout of a submit in sync mode: the service holds the response for up to 90 seconds.
const SYNC_TIMEOUT: Duration = Duration::from_secs(150);

/// Headers that the client sets itself. A caller cannot replace them.
const RESERVED_HEADERS: [&str; 17] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-client-name",
    "x-client-os",
    "x-client-version",
];

/// The API at its base URL, with its key. Clones share connections and the key.
#[derive(Clone)]
pub(crate) struct Api {
    shared: Arc<Shared>,
    /// The headers of every request, with the caller's own.
    headers: Arc<HeaderMap>,
}

struct Shared {
    transport: Arc<dyn Transport>,
    connections: Semaphore,
    base_url: Url,
    /// Replaced as a whole, so that a running request keeps its own.
    credential: RwLock<Option<Arc<Credential>>>,
    request_timeout: Duration,
    /// The headers that the client sets.
    headers: HeaderMap,
}

/// The permit for one request to the API.
#[must_use = "it is free again once dropped"]
pub(crate) struct RequestPermit<'a>(
    #[allow(dead_code, reason = "held until dropped")] SemaphorePermit<'a>,
);

/// The header that carries the API key.
struct Credential {
    bearer: HeaderValue,
    account: Account,
    redactor: Redactor,
}

impl Credential {
    fn new(base_url: &Url, key: SecretString) -> Result<Self> {
        let mut bearer = header_value(&format!("Bearer {}", key.expose_secret()))?;
        bearer.set_sensitive(true);
        let account = Account::of_api_key(base_url, key.expose_secret());
        Ok(Self { bearer, account, redactor: Redactor::new(key) })
    }
}

impl Api {
    pub(crate) fn new(transport: Arc<dyn Transport>, config: &Config) -> Result<Self> {
        let headers = headers(config)?;
        let credential = |key| Credential::new(&config.base_url, key);
        let shared = Shared {
            transport,
            connections: Semaphore::new(config.max_connections),
            base_url: config.base_url.clone(),
            credential: RwLock::new(
                config.api_key.clone().map(credential).transpose()?.map(Arc::new),
            ),
            request_timeout: config.request_timeout,
            headers: headers.clone(),
        };
        Ok(Self { shared: Arc::new(shared), headers: Arc::new(headers) })
    }

    /// Returns the same API whose requests have these additional headers, and no others.
    pub(crate) fn with_headers<'a>(
        &self,
        additional: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        let mut headers = self.shared.headers.clone();
        for (name, value) in additional {
            let (name, value) = additional_header(name, value)?;
            headers.append(name, value);
        }
        Ok(Self { shared: Arc::clone(&self.shared), headers: Arc::new(headers) })
    }

    /// Replaces the key for all further requests.
    pub(crate) fn set_key(&self, key: SecretString) -> Result<()> {
        let credential = Arc::new(Credential::new(&self.shared.base_url, key)?);
        *self.shared.credential.write().unwrap_or_else(PoisonError::into_inner) = Some(credential);
        Ok(())
    }

    fn credential(&self) -> Option<Arc<Credential>> {
        self.shared.credential.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the account that pays for submits.
    pub(crate) fn account(&self) -> Result<Account> {
        self.require_key()?;
        let credential = self.credential();
        credential
            .map(|it| it.account.clone())
            .ok_or_else(|| Error::new(ErrorKind::Config, "The client has no API key."))
    }

    /// Returns a permit for one request as soon as one is free.
    pub(crate) async fn connection(&self) -> Result<RequestPermit<'_>> {
        let permit = self.shared.connections.acquire().await;
        permit.map(RequestPermit).map_err(|error| {
            Error::new(ErrorKind::Config, "The client is closed.").with_source(error)
        })
    }

    /// Sends the POST that costs money, once. The service calls `webhook` when the job ends.
    pub(crate) async fn submit(
        &self,
        connection: &RequestPermit<'_>,
        model: &str,
        body: &Value,
        webhook: Option<&Url>,
    ) -> SubmitResponse {
        let mut url = self.url(&format!("api/v3/{}", path_of(model)));
        if let Some(webhook) = webhook {
            url.query_pairs_mut().append_pair("webhook", webhook.as_str());
        }
        // In sync mode the service responds when the job has ended, or after some time.
        let timeout = match body.get("enable_sync_mode") {
            Some(Value::Bool(true)) => self.shared.request_timeout.max(SYNC_TIMEOUT),
            _ => self.shared.request_timeout,
        };
        let mut request = self.request(Method::POST, url, Some(body));
        request.connection = ConnectionUse::KnownAlive;
        let exchange = self.exchange_on(connection, request, timeout).await;
        submit::classify(model, exchange)
    }

    /// Returns the URL of the state of a job.
    pub(crate) fn poll_url(&self, job_id: &str) -> Url {
        self.url(&format!("{}/result", job_path(job_id)))
    }

    /// Requests the state of a job at its URL, within at most `timeout`.
    pub(crate) async fn poll(&self, job_id: &str, url: &Url, timeout: Duration) -> PollResponse {
        let timeout = timeout.min(self.shared.request_timeout);
        let request = || self.request(Method::GET, url.clone(), None);
        let response = self.exchange(request, timeout).await;
        if !poll::is_no_such_route(&response) {
            return poll::classify(job_id, response);
        }
        // The older path.
        poll::classify(job_id, self.send(Method::GET, &job_path(job_id), None, timeout).await)
    }

    /// Gets a path under the base URL.
    pub(crate) async fn get(&self, path: &str) -> Exchange {
        self.send(Method::GET, path, None, self.shared.request_timeout).await
    }

    /// Posts JSON to a path under the base URL.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Exchange {
        self.send(Method::POST, path, Some(body), self.shared.request_timeout).await
    }

    /// Posts any body to a path under the base URL. The caller limits the time.
    pub(crate) async fn post_body(
        &self,
        path: &str,
        content_type: HeaderValue,
        body: RequestBody,
    ) -> Exchange {
        let mut headers = HeaderMap::clone(&self.headers);
        headers.insert(CONTENT_TYPE, content_type);
        let request = Request {
            method: Method::POST,
            url: self.url(path),
            headers,
            body,
            connection: ConnectionUse::Pooled,
        };
        self.exchange(|| request, Duration::MAX).await
    }

    /// Returns an error if the client has no key, before anything is sent.
    pub(crate) fn require_key(&self) -> Result<()> {
        match self.credential() {
            Some(_) => Ok(()),
            None => Err(Error::new(
                ErrorKind::Config,
                "This client was made without an API key, so it cannot call the service. Pass \
                 `api_key` or set WAVESPEED_API_KEY.",
            )),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        timeout: Duration,
    ) -> Exchange {
        self.exchange(|| self.request(method, self.url(path), body), timeout).await
    }

    /// Builds the request when it can be sent, and boxes the exchange: thousands of requests may
    /// wait here, so the memory of each counts.
    async fn exchange(&self, request: impl FnOnce() -> Request, timeout: Duration) -> Exchange {
        let closed = |error: Error| TransportError::new(Sent::No, false, error.message());
        let connection = self.connection().await.map_err(closed)?;
        self.exchange_on(&connection, request(), timeout).await
    }

    async fn exchange_on(
        &self,
        _connection: &RequestPermit<'_>,
        mut request: Request,
        timeout: Duration,
    ) -> Exchange {
        let credential = self.credential();
        if let Some(credential) = &credential {
            request.headers.insert(AUTHORIZATION, credential.bearer.clone());
        }
        let mut exchange = exchange(self.shared.transport.as_ref(), request, timeout).boxed().await;
        let response = match &mut exchange {
            Ok(response) => Some(response),
            Err(error) => error.part.as_deref_mut(),
        };
        if let (Some(response), Some(credential)) = (response, credential) {
            response.redactor = credential.redactor.clone();
        }
        exchange
    }

    fn request(&self, method: Method, url: Url, body: Option<&Value>) -> Request {
        let mut headers = HeaderMap::clone(&self.headers);
        let body = match body {
            Some(json) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                RequestBody::Bytes(Bytes::from(json.to_string()))
            }
            None => RequestBody::Empty,
        };
        Request { method, url, headers, body, connection: ConnectionUse::Pooled }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.shared.base_url.clone();
        let base = self.shared.base_url.path().trim_end_matches('/');
        url.set_path(&format!("{base}/{path}"));
        url
    }
}

fn headers(config: &Config) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert("x-client-name", header_value(&config.client_name)?);
    headers.insert("x-client-version", header_value(env!("CARGO_PKG_VERSION"))?);
    headers.insert("x-client-os", header_value(client_os())?);
    Ok(headers)
}

/// Returns a header of the caller. Errors do not repeat its value, which may be a secret.
fn additional_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let invalid = |problem: &str| {
        let message = format!("Invalid value for `headers`: {problem}.");
        Error::new(ErrorKind::InvalidInput, message)
    };
    let parsed = HeaderName::try_from(name)
        .map_err(|_| invalid(&format!("{name:?} is not a header name")))?;
    if RESERVED_HEADERS.contains(&parsed.as_str()) {
        return Err(invalid(&format!("the client sets `{name}` itself; remove it")));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        invalid(&format!("the value of `{name}` contains a character that no header may have"))
    })?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

fn header_value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| {
        Error::new(ErrorKind::Config, "A setting cannot be sent in a header.".to_owned())
    })
}

/// Returns the name of the operating system as the official clients send it.
fn client_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn job_path(job_id: &str) -> String {
    format!("api/v3/predictions/{}", segment(job_id))
}

fn segment(text: &str) -> String {
    match text {
        // A step up the path, also in encoded form, becomes a name that does not exist.
        "." | ".." => text.replace('.', "%252E"),
        _ => utf8_percent_encode(text, SEGMENT).to_string(),
    }
}

/// Returns a model id as a path; its slashes separate segments.
fn path_of(model: &str) -> String {
    model.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additional_headers_are_validated_and_errors_do_not_repeat_their_values() {
        assert!(additional_header("X-Team", "dubbing").is_ok());
        for (name, value, problem) in [
            ("Authorization", "secret", "the client sets `Authorization` itself"),
            ("content-type", "secret", "the client sets `content-type` itself"),
            ("x team", "secret", "\"x team\" is not a header name"),
            ("", "secret", "\"\" is not a header name"),
            ("x-team", "secret\r\nx: y", "the value of `x-team` contains"),
        ] {
            let error = additional_header(name, value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
            assert!(error.message().contains(problem), "{error}");
            assert!(!error.message().contains("secret"), "{error}");
        }
    }

    #[test]
    fn ids_are_escaped_in_paths() {
        assert_eq!(
            path_of("kwaivgi/kling-lipsync/audio-to-video"),
            "kwaivgi/kling-lipsync/audio-to-video"
        );
        assert_eq!(segment("a/../b?c#d e"), "a%2F..%2Fb%3Fc%23d%20e");
        for step in [".", "..", "%2e", "%2E%2e", ".%2e"] {
            let url = Url::parse(&format!("https://a.example/b/{}/c", segment(step))).unwrap();
            let place = url.path_segments().map(Iterator::count);
            assert!(url.path().starts_with("/b/") && place == Some(3), "{step}: {url}");
            let model =
                Url::parse(&format!("https://a.example/b/{}", path_of(&format!("x/{step}/y"))));
            assert!(model.unwrap().path().starts_with("/b/x/"), "{step}");
        }
    }
}
