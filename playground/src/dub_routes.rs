//! The routes of dubs.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::app::{App, unknown_dub};
use crate::dub_runner::{self, DubRequest};
use crate::dubs::RunRequest;
use crate::file_response::file_response;
use crate::request::{JsonBody, Result, parsed, query};

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/dubs", post(create))
        .route("/dubs/{id}/run", post(run))
        .route("/dubs/{id}/stop", post(stop))
        .route("/dubs/{id}/remove", post(remove))
        .route("/dubs/{id}/source", get(get_source))
        .route("/dubs/{id}/output", get(get_output))
}

async fn create(
    State(app): State<Arc<App>>,
    body: JsonBody<DubRequest>,
) -> Result<(StatusCode, Json<Value>)> {
    let dub = dub_runner::create(&app, parsed(body)?).await?;
    Ok((StatusCode::ACCEPTED, Json(dub)))
}

/// Runs a dub. Only this request and that which starts a job can cost money.
async fn run(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: JsonBody<RunRequest>,
) -> Result<Json<Value>> {
    dub_runner::run(&app, &id, &parsed(body)?).map(Json)
}

async fn stop(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>> {
    dub_runner::stop(&app, &id).map(Json)
}

/// Removes a dub that does not run, with its result.
async fn remove(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>> {
    app.delete_dub(&id)?;
    Ok(Json(json!({ "id": id, "is_removed": true })))
}

async fn get_source(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let (folder, saved, _) = app.dub(&id).ok_or_else(unknown_dub)?;
    file_response(&folder.video(&saved), &headers, false).await
}

async fn get_output(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response> {
    let path =
        app.dubs().iter().find(|dub| dub.id == id).and_then(|dub| Some(dub.output()?.path.clone()));
    let path = path.ok_or_else(|| ApiError::not_found("This dub has no result here."))?;
    file_response(&path, &headers, query(&uri).contains_key("download")).await
}
