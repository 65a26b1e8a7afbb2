//! Mutants that spoil the traffic: a place between the client and the service.

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

/// The most bytes that are passed on at once.
const MOST: usize = 64 * 1024 * 1024;

/// A spoiling proxy in front of a server.
pub(crate) struct Proxy {
    address: SocketAddr,
}

struct Between {
    mutant: Mutant,
    upstream: String,
    own: String,
    client: Client<HttpConnector, Body>,
    /// The last submit's input, the last ticket, the last key.
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    input: Option<Value>,
    ticket: Option<Bytes>,
    key: Option<String>,
    put: Option<String>,
}

/// A request that can be sent more than once.
#[derive(Clone)]
struct Kept {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Proxy {
    /// Starts one.
    pub(crate) async fn start(mutant: Mutant, upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let between = Between {
            mutant,
            upstream: upstream.trim_end_matches('/').to_owned(),
            own: format!("http://{address}"),
            client: Client::builder(TokioExecutor::new()).build_http(),
            memory: Mutex::default(),
        };
        let router = Router::new().fallback(pass).with_state(Arc::new(between));
        tokio::spawn(async move {
            // It ends with the driver.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn pass(State(between): State<Arc<Between>>, request: Request) -> Response {
    match between.answer(request).await {
        Ok(response) => response,
        // A body that breaks resets the connection, as the server's did.
        Err(error) => Response::new(Body::from_stream(futures_util::stream::once(async move {
            Err::<Bytes, _>(std::io::Error::other(error))
        }))),
    }
}

impl Between {
    async fn answer(&self, request: Request) -> Result<Response> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let mut kept = Kept {
            method: parts.method,
            path,
            headers: parts.headers,
            body: to_bytes(body, MOST).await?,
        };
        kept.headers.remove(HOST);
        kept.headers.remove(TRANSFER_ENCODING);
        self.remember(&kept);
        self.spoil_request(&mut kept);
        let is_submit = kept.method == Method::POST
            && (kept.path.contains("kling") || kept.path.contains("infinitetalk"));
        let (head, body) = match (self.mutant, is_submit) {
            (Mutant::SubmitTwice, true) => {
                self.send(kept.clone()).await?;
                self.send(kept.clone()).await?
            }
            (Mutant::SubmitAgainAfterReset, true) => match self.send(kept.clone()).await {
                Ok(answer) => answer,
                Err(_) => self.send(kept.clone()).await?,
            },
            (Mutant::SubmitAgainAfterTrouble, true) => match self.send(kept.clone()).await {
                Ok((head, body)) if !head.status.is_server_error() => (head, body),
                _ => self.send(kept.clone()).await?,
            },
            _ => self.send(kept.clone()).await?,
        };
        self.spoil_response(&kept, head, body)
    }

    async fn send(&self, kept: Kept) -> Result<(axum::http::response::Parts, Bytes)> {
        let uri: Uri = format!("{}{}", self.upstream, kept.path).parse()?;
        let mut request =
            Request::builder().method(kept.method).uri(uri).body(Body::from(kept.body))?;
        *request.headers_mut() = kept.headers;
        request.headers_mut().remove(CONTENT_LENGTH);
        let response = self.client.request(request).await.context("the server")?;
        let (head, body) = response.into_parts();
        Ok((head, to_bytes(Body::new(body), MOST).await?))
    }

    fn remember(&self, kept: &Kept) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let bearer = kept.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(key) = bearer {
            memory.key = Some(key.to_owned());
        }
        if kept.path.contains("kling") {
            memory.input = serde_json::from_slice(&kept.body).ok();
        }
    }

    fn spoil_request(&self, kept: &mut Kept) {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match self.mutant {
            Mutant::KeyInUrl if kept.path.ends_with("/result") => {
                let key = memory.key.as_deref().unwrap_or_default();
                kept.path.push_str(&format!("?api_key={}", key.trim_start_matches("Bearer ")));
            }
            Mutant::KeyToUploadHost if kept.method == Method::PUT => {
                if let Some(put) = &memory.put {
                    kept.path.clone_from(put);
                }
                if let Some(Ok(key)) = memory.key.as_ref().map(|key| key.parse()) {
                    kept.headers.insert(AUTHORIZATION, key);
                }
            }
            Mutant::DecodeUrls => {
                let text =
                    String::from_utf8_lossy(&kept.body).replace("%2F", "/").replace("%2B", "+");
                kept.body = Bytes::from(text);
            }
            Mutant::ForgetTheWebhook => {
                if let Some((path, _)) = kept.path.clone().split_once("?webhook=") {
                    path.clone_into(&mut kept.path);
                }
            }
            _ => {}
        }
    }

    fn spoil_response(
        &self,
        kept: &Kept,
        mut head: axum::http::response::Parts,
        mut body: Bytes,
    ) -> Result<Response> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ticket = kept.path.ends_with("/media/uploads");
        match self.mutant {
            Mutant::IgnoreRetryAfter => drop(head.headers.remove(RETRY_AFTER)),
            Mutant::StopOnUnknownStatus => {
                body = edited(&body, |json| {
                    let status = json.pointer("/data/status").and_then(Value::as_str);
                    let known = ["created", "processing", "completed", "failed"];
                    if status.is_some_and(|status| !known.contains(&status)) {
                        put(json, "/data/status", Value::from("failed"));
                    }
                });
            }
            Mutant::AdoptAnyJob if kept.path == "/api/v3/predictions" => {
                let input = memory.input.clone().unwrap_or_default();
                body = edited(&body, |json| {
                    let jobs = json.pointer_mut("/data/items").and_then(Value::as_array_mut);
                    for job in jobs.into_iter().flatten().filter_map(Value::as_object_mut) {
                        job.insert("input".to_owned(), input.clone());
                        job.insert("inputs".to_owned(), input.clone());
                    }
                });
            }
            Mutant::SameTicketAgain if is_ticket && head.status.is_success() => {
                body = memory.ticket.get_or_insert(body).clone();
            }
            Mutant::KeyToUploadHost if is_ticket => {
                let own = self.own.clone();
                let mut path = None;
                body = edited(&body, |json| {
                    let url = json.pointer("/data/upload/url").and_then(Value::as_str);
                    path = url.and_then(|url| {
                        url.parse::<Uri>().ok()?.path_and_query().map(ToString::to_string)
                    });
                    put(json, "/data/upload/url", Value::from(format!("{own}/upload")));
                });
                memory.put = path;
            }
            _ => {}
        }
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(TRANSFER_ENCODING);
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

/// JSON with a change; what is no JSON stays as it is.
fn edited(body: &Bytes, change: impl FnOnce(&mut Value)) -> Bytes {
    let Ok(mut json) = serde_json::from_slice(body) else { return body.clone() };
    change(&mut json);
    serde_json::to_vec(&json).map_or_else(|_| body.clone(), Bytes::from)
}

fn put(json: &mut Value, place: &str, value: Value) {
    if let Some(old) = json.pointer_mut(place) {
        *old = value;
    }
}
