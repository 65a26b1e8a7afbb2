//! The files of the page.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use viseme_web::{Asset, asset, base_asset};

/// The page.
const INDEX: Asset = asset!("index.html", "../assets/index.html");
/// The page that a link opens; it continues to the page itself.
const OPEN: Asset = asset!("open.html", "../assets/open.html");
/// The page for a browser that was not opened with a link.
const CLOSED: Asset = asset!("closed.html", "../assets/closed.html");

/// The style and the modules of the page.
const FILES: &[Asset] = &[
    asset!("dub.css", "../assets/dub.css"),
    asset!("form.css", "../assets/form.css"),
    asset!("fit.css", "../assets/fit.css"),
    asset!("result.css", "../assets/result.css"),
    asset!("playground.css", "../assets/playground.css"),
    asset!("app.js", "../assets/app.js"),
    asset!("api.js", "../assets/api.js"),
    asset!("dub-panel.js", "../assets/dub-panel.js"),
    asset!("dub-plan.js", "../assets/dub-plan.js"),
    asset!("dub-view.js", "../assets/dub-view.js"),
    asset!("fields.js", "../assets/fields.js"),
    asset!("fit-panel.js", "../assets/fit-panel.js"),
    asset!("history.js", "../assets/history.js"),
    asset!("job.js", "../assets/job.js"),
    asset!("media-field.js", "../assets/media-field.js"),
    asset!("pcm-worklet.js", "../assets/pcm-worklet.js"),
    asset!("recorder.js", "../assets/recorder.js"),
    asset!("results.js", "../assets/results.js"),
    asset!("snippets.js", "../assets/snippets.js"),
    asset!("wav.js", "../assets/wav.js"),
];

pub(crate) fn index() -> Response {
    response(&INDEX)
}

pub(crate) fn open() -> Response {
    response(&OPEN)
}

pub(crate) fn closed() -> Response {
    response(&CLOSED)
}

/// Returns the file with this name, without the leading slash.
pub(crate) fn file(name: &str) -> Option<Response> {
    FILES.iter().find(|asset| asset.name == name).or_else(|| base_asset(name)).map(response)
}

fn response(asset: &Asset) -> Response {
    ([(CONTENT_TYPE, asset.content_type())], asset.content).into_response()
}
