//! The way of a request into the server: it is checked, then handled by the mocked API or by the router.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures_util::future::Either;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    CONTENT_LENGTH, ORIGIN, VARY,
};
use http::{HeaderValue, Method, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use crate::access::{BaseUrl, X_REQUEST_ID, error, is_control, preflight_response, single_host};
use crate::api::{self, immediate};
use crate::context::{Peer, ServerContext};
use crate::digest::request_id_from;
use crate::response::{HttpBody, HttpResponse};

/// The beginning of the paths of the mocked API.
const API_PATH: &str = "/api/";
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "accept-ranges, content-length, content-range, date, etag, retry-after, x-request-id",
);

/// A response, at once or later.
pub(crate) type GateFuture = Either<
    Ready<Result<HttpResponse, Infallible>>,
    Pin<Box<dyn Future<Output = Result<HttpResponse, Infallible>> + Send>>,
>;

/// Handles the requests of one connection.
pub(crate) struct Gate {
    pub(crate) server: Arc<ServerContext>,
    /// The routes of everything but the mocked API.
    pub(crate) router: Router,
    pub(crate) peer: Peer,
}

impl Gate {
    /// Responds to a request, at once if it has to wait for nothing.
    pub(crate) fn respond(self: &Arc<Self>, request: http::Request<Incoming>) -> GateFuture {
        // The connection waits for no other request until this one is handled.
        let active = self.peer.activity.start();
        match immediate::respond(&self.peer, request) {
            Ok(response) => Either::Left(ready(Ok(response))),
            Err(request) => {
                let gate = Arc::clone(self);
                Either::Right(Box::pin(async move {
                    let response = gate.respond_later(request.map(Body::new)).await;
                    drop(active);
                    response
                }))
            }
        }
    }

    /// Refuses a request with a wrong `Host` or `Origin`. Adds the headers of CORS to the response of
    /// any other, and a request id to that of the mocked API.
    async fn respond_later(&self, request: Request) -> Result<HttpResponse, Infallible> {
        let is_control = is_control(&request);
        let mut response = self.check(request).await?;
        // A world gives its requests an id. These belong to none.
        if !is_control && !response.headers().contains_key(X_REQUEST_ID) {
            let number = self.server.requests.fetch_add(1, Ordering::Relaxed);
            if let Ok(id) = HeaderValue::try_from(request_id_from("", 0, number)) {
                response.headers_mut().insert(X_REQUEST_ID, id);
            }
        }
        Ok(response)
    }

    async fn check(&self, request: Request) -> Result<HttpResponse, Infallible> {
        let host = match single_host(request.headers(), request.version()) {
            Ok(host) => host.cloned(),
            Err(message) => return Ok(own(error(StatusCode::BAD_REQUEST, message))),
        };
        let addresses = &self.server.addresses;
        let base_url = match &host {
            Some(host) => self.peer.base_url(addresses, host),
            None => Some(addresses.base_url().into()),
        };
        let host = host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or_default();
        let Some(base_url) = base_url else {
            let message = format!(
                "The mock server does not accept the Host {host:?}. Start it with --allow-host to add a name."
            );
            return Ok(own(error(StatusCode::FORBIDDEN, &message)));
        };
        let Some(origin) = request.headers().get(ORIGIN).cloned() else {
            return self.dispatch(request, base_url).await;
        };
        let text = origin.to_str().unwrap_or_default();
        if is_control(&request) {
            if addresses.is_own_origin(text, host) {
                return self.dispatch(request, base_url).await;
            }
            let message = "The control API does not accept requests of other origins.";
            return Ok(own(error(StatusCode::FORBIDDEN, message)));
        }
        if !addresses.allows_origin(text) {
            return self.dispatch(request, base_url).await;
        }
        let preflight = (*request.method() == Method::OPTIONS)
            .then(|| request.headers().get(ACCESS_CONTROL_REQUEST_METHOD))
            .flatten()
            .is_some();
        let mut response = if preflight {
            own(preflight_response(request.headers()))
        } else {
            self.dispatch(request, base_url).await?
        };
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        headers.append(VARY, HeaderValue::from_static("origin"));
        Ok(response)
    }

    /// Passes the request on. Those of the mocked API do not go through the router, which would take a
    /// large part of their time.
    async fn dispatch(
        &self,
        mut request: Request,
        base_url: Arc<str>,
    ) -> Result<HttpResponse, Infallible> {
        if request.uri().path().starts_with(API_PATH) {
            let is_head = *request.method() == Method::HEAD;
            let mut response = api::handle(&self.server, &self.peer, base_url, request).await;
            // As the router does, also for a response without its body. Any other length comes from hyper.
            let has_no_body = is_head || matches!(response.status().as_u16(), 204 | 304);
            if let (true, Some(length)) = (has_no_body, response.body().size_hint().exact()) {
                response.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| length.into());
            }
            return Ok(response);
        }
        request.extensions_mut().insert(self.peer.clone());
        request.extensions_mut().insert(BaseUrl(base_url));
        let response = TowerToHyperService::new(self.router.clone()).call(request).await;
        response.map(own)
    }
}

fn own(response: Response) -> HttpResponse {
    response.map(HttpBody::Right)
}
