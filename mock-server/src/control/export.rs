//! Exports of a world.

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::header::CONTENT_TYPE;

use super::query::Query;
use super::worlds::find;
use super::{Context, ControlError};
use crate::access::BaseUrl;
use crate::export::har;

const YAML: &str = "application/yaml";

/// Returns the world as a scenario, as a conformance case, or as an HTTP archive.
pub(super) async fn export(
    State(server): Context,
    Extension(BaseUrl(base_url)): Extension<BaseUrl>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ControlError> {
    let world = find(&server, &id)?;
    let query = Query::parse(query.as_deref(), &["format"])?;
    match query.get("format") {
        Some("scenario") => Ok(([(CONTENT_TYPE, YAML)], world.export_scenario()).into_response()),
        Some("case") => {
            let case = world.export_case().map_err(ControlError::conflict)?;
            Ok(([(CONTENT_TYPE, YAML)], case).into_response())
        }
        Some("har") => Ok(Json(har(&world, &base_url)).into_response()),
        other => {
            let found = other.unwrap_or_default();
            let message = format!("`format` must be scenario, case or har, got {found:?}");
            Err(ControlError::bad_request(message))
        }
    }
}
