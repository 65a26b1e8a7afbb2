//! The proxy between the client and the service, for mutants that alter the traffic.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, RETRY_AFTER, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::net::TcpListener;

use super::Mutant;

/// The largest body that is forwarded.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// A proxy in front of a server that alters the traffic.
pub(crate) struct Proxy {
    address: SocketAddr,
}

struct ProxyState {
    mutant: Mutant,
    upstream: String,
    own: String,
    client: Client<HttpConnector, Body>,
    /// The last submitted input, presigned upload and API key.
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    input: Option<Value>,
    presigned: Option<Bytes>,
    key: Option<String>,
    upload_path: Option<String>,
}

/// A buffered request, which can be sent more than once.
#[derive(Clone)]
struct BufferedRequest {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Proxy {
    /// Starts the proxy.
    pub(crate) async fn start(mutant: Mutant, upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = ProxyState {
            mutant,
            upstream: upstream.trim_end_matches('/').to_owned(),
            own: format!("http://{address}"),
            client: Client::builder(TokioExecutor::new()).build_http(),
            seen: Mutex::default(),
        };
        let router = Router::new().fallback(forward).with_state(Arc::new(state));
        tokio::spawn(async move {
            // Ends with the driver.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn forward(State(state): State<Arc<ProxyState>>, request: Request) -> Response {
    match state.respond(request).await {
        Ok(response) => response,
        // A failing body resets the connection, as the server did.
        Err(error) => Response::new(Body::from_stream(futures_util::stream::once(async move {
            Err::<Bytes, _>(std::io::Error::other(error))
        }))),
    }
}

impl ProxyState {
    async fn respond(&self, request: Request) -> Result<Response> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let mut buffered = BufferedRequest {
            method: parts.method,
            path,
            headers: parts.headers,
            body: to_bytes(body, MAX_BODY_BYTES).await?,
        };
        buffered.headers.remove(HOST);
        buffered.headers.remove(TRANSFER_ENCODING);
        self.remember(&buffered);
        self.alter_request(&mut buffered);
        let is_submit = buffered.method == Method::POST
            && (buffered.path.contains("kling") || buffered.path.contains("infinitetalk"));
        let (head, body) = match (self.mutant, is_submit) {
            (Mutant::SubmitTwice, true) => {
                self.send(buffered.clone()).await?;
                self.send(buffered.clone()).await?
            }
            (Mutant::ResubmitAfterReset, true) => match self.send(buffered.clone()).await {
                Ok(response) => response,
                Err(_) => self.send(buffered.clone()).await?,
            },
            (Mutant::ResubmitAfterServerError, true) => match self.send(buffered.clone()).await {
                Ok((head, body)) if !head.status.is_server_error() => (head, body),
                _ => self.send(buffered.clone()).await?,
            },
            _ => self.send(buffered.clone()).await?,
        };
        self.alter_response(&buffered, head, body)
    }

    async fn send(
        &self,
        buffered: BufferedRequest,
    ) -> Result<(axum::http::response::Parts, Bytes)> {
        let uri: Uri = format!("{}{}", self.upstream, buffered.path).parse()?;
        let mut request =
            Request::builder().method(buffered.method).uri(uri).body(Body::from(buffered.body))?;
        *request.headers_mut() = buffered.headers;
        request.headers_mut().remove(CONTENT_LENGTH);
        let response = self.client.request(request).await.context("the server")?;
        let (head, body) = response.into_parts();
        Ok((head, to_bytes(Body::new(body), MAX_BODY_BYTES).await?))
    }

    fn remember(&self, buffered: &BufferedRequest) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let bearer = buffered.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(key) = bearer {
            seen.key = Some(key.to_owned());
        }
        if buffered.path.contains("kling") {
            seen.input = serde_json::from_slice(&buffered.body).ok();
        }
    }

    fn alter_request(&self, buffered: &mut BufferedRequest) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match self.mutant {
            Mutant::KeyInUrl if buffered.path.ends_with("/result") => {
                let key = seen.key.as_deref().unwrap_or_default();
                buffered.path.push_str(&format!("?api_key={}", key.trim_start_matches("Bearer ")));
            }
            Mutant::KeyToStorageHost if buffered.method == Method::PUT => {
                if let Some(path) = &seen.upload_path {
                    buffered.path.clone_from(path);
                }
                if let Some(Ok(key)) = seen.key.as_ref().map(|key| key.parse()) {
                    buffered.headers.insert(AUTHORIZATION, key);
                }
            }
            Mutant::DecodeUrls => {
                let text =
                    String::from_utf8_lossy(&buffered.body).replace("%2F", "/").replace("%2B", "+");
                buffered.body = Bytes::from(text);
            }
            Mutant::OmitDefaultVoice if buffered.path.ends_with("/text-to-video") => {
                buffered.body = edit_json(&buffered.body, |json| {
                    if let Some(input) = json.as_object_mut() {
                        input.remove("voice_id");
                    }
                });
            }
            Mutant::OmitWebhook => {
                if let Some((path, _)) = buffered.path.clone().split_once("?webhook=") {
                    path.clone_into(&mut buffered.path);
                }
            }
            _ => {}
        }
    }

    fn alter_response(
        &self,
        buffered: &BufferedRequest,
        mut head: axum::http::response::Parts,
        mut body: Bytes,
    ) -> Result<Response> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_presign = buffered.path.ends_with("/media/uploads");
        match self.mutant {
            Mutant::IgnoreRetryAfter => drop(head.headers.remove(RETRY_AFTER)),
            Mutant::StopOnUnknownStatus => {
                body = edit_json(&body, |json| {
                    let status = json.pointer("/data/status").and_then(Value::as_str);
                    let known = ["created", "processing", "completed", "failed"];
                    if status.is_some_and(|status| !known.contains(&status)) {
                        set(json, "/data/status", Value::from("failed"));
                    }
                });
            }
            Mutant::AdoptAnyJob if buffered.path == "/api/v3/predictions" => {
                let input = seen.input.clone().unwrap_or_default();
                body = edit_json(&body, |json| {
                    let jobs = json.pointer_mut("/data/items").and_then(Value::as_array_mut);
                    for job in jobs.into_iter().flatten().filter_map(Value::as_object_mut) {
                        job.insert("input".to_owned(), input.clone());
                        job.insert("inputs".to_owned(), input.clone());
                    }
                });
            }
            Mutant::ReusePresignedUrl if is_presign && head.status.is_success() => {
                body = seen.presigned.get_or_insert(body).clone();
            }
            Mutant::KeyToStorageHost if is_presign => {
                let own = self.own.clone();
                let mut path = None;
                body = edit_json(&body, |json| {
                    let url = json.pointer("/data/upload/url").and_then(Value::as_str);
                    path = url.and_then(|url| {
                        url.parse::<Uri>().ok()?.path_and_query().map(ToString::to_string)
                    });
                    set(json, "/data/upload/url", Value::from(format!("{own}/upload")));
                });
                seen.upload_path = path;
            }
            _ => {}
        }
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(TRANSFER_ENCODING);
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

/// Edits a JSON body. Returns any other body unchanged.
fn edit_json(body: &Bytes, change: impl FnOnce(&mut Value)) -> Bytes {
    let Ok(mut json) = serde_json::from_slice(body) else { return body.clone() };
    change(&mut json);
    serde_json::to_vec(&json).map_or_else(|_| body.clone(), Bytes::from)
}

fn set(json: &mut Value, place: &str, value: Value) {
    if let Some(old) = json.pointer_mut(place) {
        *old = value;
    }
}
