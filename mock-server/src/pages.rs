//! The web pages: the list of worlds, and the dashboard of one world.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use viseme_web::{Asset, SECURITY_HEADERS, asset, base_asset};

use crate::context::ServerContext;

const INDEX: Asset = asset!("index.html", "../assets/dashboard/index.html");
const WORLD: Asset = asset!("world.html", "../assets/dashboard/world.html");

/// The files of the pages.
const ASSETS: &[Asset] = &[
    asset!("dashboard.css", "../assets/dashboard/dashboard.css"),
    asset!("requests.css", "../assets/dashboard/requests.css"),
    asset!("side.css", "../assets/dashboard/side.css"),
    asset!("api.js", "../assets/dashboard/api.js"),
    asset!("clock.js", "../assets/dashboard/clock.js"),
    asset!("detail.js", "../assets/dashboard/detail.js"),
    asset!("faults.js", "../assets/dashboard/faults.js"),
    asset!("filter.js", "../assets/dashboard/filter.js"),
    asset!("index.js", "../assets/dashboard/index.js"),
    asset!("jobs.js", "../assets/dashboard/jobs.js"),
    asset!("requests.js", "../assets/dashboard/requests.js"),
    asset!("vocabulary.js", "../assets/dashboard/vocabulary.js"),
    asset!("webhooks.js", "../assets/dashboard/webhooks.js"),
    asset!("world.js", "../assets/dashboard/world.js"),
];

pub(crate) fn router() -> Router<Arc<ServerContext>> {
    Router::new()
        .route("/", get(|| async { respond(&INDEX) }))
        .route("/worlds", get(|| async { respond(&INDEX) }))
        .route("/worlds/{id}", get(|| async { respond(&WORLD) }))
        .route("/_mock/ui/{*name}", get(file))
}

async fn file(Path(name): Path<String>) -> Response {
    let own = ASSETS.iter().find(|asset| asset.name == name);
    match own.or_else(|| base_asset(&name)) {
        Some(asset) => respond(asset),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn respond(asset: &Asset) -> Response {
    let mut response = asset.content.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type()));
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
