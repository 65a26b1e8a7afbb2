//! The routes of the page and of its API.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{CONTENT_LENGTH, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use viseme_web::SECURITY_HEADERS;

use crate::api_error::ApiError;
use crate::app::App;
use crate::checks::{PageInput, check_file, check_input};
use crate::dubs::DubEntry;
use crate::events::Event;
use crate::file_response::file_response;
use crate::fitting::{self, FitRequest};
use crate::request::{JsonBody, Result, parsed, query};
use crate::samples::sample;
use crate::{access, assets, dub_routes, runner, snippets};

pub(crate) fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/session", get(session))
        .route("/account", get(account))
        .route("/events", get(events))
        .route("/files", post(add_file))
        .route("/files/{id}", get(get_file))
        .route("/samples", post(add_sample))
        .route("/check", post(check))
        .route("/fit", post(fit))
        .route("/fit/plan", post(plan_fit))
        .route("/quotes", post(add_quote))
        .route("/quotes/{id}", get(get_quote))
        .route("/jobs", post(add_job))
        .route("/jobs/{id}/resume", post(resume_job))
        .route("/jobs/{id}/output", get(get_output))
        .route("/snippets", post(get_snippets))
        .merge(dub_routes::router())
        .fallback(async || ApiError::not_found("The playground has no such API."));
    Router::new()
        .route("/", get(async || assets::index()))
        .route("/open", get(open))
        .nest("/api", api)
        .fallback(asset)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), guard))
        .with_state(app)
}

/// Checks who asks, before anything else, and adds the security headers to every response.
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match check_access(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(error) if request.uri().path() == "/" => {
            (error.status, assets::closed()).into_response()
        }
        Err(error) => error.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let devices = "camera=(self), microphone=(self), geolocation=(), usb=()";
    headers.insert("permissions-policy", HeaderValue::from_static(devices));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    response
}

fn check_access(app: &App, request: &Request) -> Result<()> {
    let headers = request.headers();
    app.access.check_host(headers)?;
    let path = request.uri().path();
    // A link may be clicked on any page, such as a terminal in a browser: its token is the proof.
    if path == "/open" && request.method() == Method::GET {
        return Ok(());
    }
    // The page of the mock server links to the page.
    if !(path == "/" && access::is_page_load(request.method(), headers)) {
        app.access.check_origin(request.method(), headers)?;
    }
    // Styles and scripts are no secret.
    if path == "/" || path.starts_with("/api/") { app.access.check_cookie(headers) } else { Ok(()) }
}

async fn asset(uri: Uri) -> Response {
    assets::file(uri.path().trim_start_matches('/'))
        .unwrap_or_else(|| ApiError::not_found("The playground has no such page.").into_response())
}

/// Exchanges the token of a link for the cookie. The response is a page, not a redirect: browsers
/// send no strict cookie after a redirect that began on another page.
async fn open(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let token = query(&uri).remove("token").unwrap_or_default();
    match app.access.open(&token).and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        Some(cookie) => ([(SET_COOKIE, cookie)], assets::open()).into_response(),
        // The link is opened again in the browser that opened it.
        None if app.access.check_cookie(&headers).is_ok() => assets::open(),
        None => (StatusCode::FORBIDDEN, assets::closed()).into_response(),
    }
}

async fn session(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.session())
}

async fn account(State(app): State<Arc<App>>) -> Result<Json<Value>> {
    let balance = app.client.balance().await?;
    Ok(Json(json!({ "balance": balance, "currency": "USD" })))
}

async fn events(
    State(app): State<Arc<App>>,
) -> Sse<impl Stream<Item = std::result::Result<SseEvent, Infallible>>> {
    // Subscribed before the state is read, so that no change is missed.
    let receiver = app.events.subscribe();
    let first = stream::iter(whole_state(&app));
    let changes = stream::unfold((app, receiver), |(app, mut receiver)| async move {
        let events = next_events(&app, &mut receiver).await?;
        Some((stream::iter(events), (app, receiver)))
    });
    let events = first
        .chain(changes.flatten())
        .map(|event| Ok(SseEvent::default().event(event.name).data(event.data.to_string())));
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn next_events(app: &App, receiver: &mut Receiver<Event>) -> Option<Vec<Event>> {
    match receiver.recv().await {
        Ok(event) => Some(vec![event]),
        Err(RecvError::Lagged(_)) => Some(whole_state(app)),
        Err(RecvError::Closed) => None,
    }
}

fn whole_state(app: &App) -> Vec<Event> {
    let jobs = {
        let jobs = app.jobs();
        app.events.event("jobs", &Value::Array(jobs.views()))
    };
    let dubs = app.dubs();
    let views = dubs.iter().map(DubEntry::view).collect();
    vec![jobs, app.events.event("dubs", &Value::Array(views))]
}

/// Stores a file and checks it as the parameter of a model: `?model=…&field=…&name=…`.
async fn add_file(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>> {
    let query = query(&uri);
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let file = app.files.store(text("name"), length, body.into_data_stream()).await?;
    check_file(text("model"), text("field"), &file).await.map(Json)
}

#[derive(Deserialize)]
struct SampleRequest {
    model: String,
    field: String,
}

async fn add_sample(
    State(app): State<Arc<App>>,
    body: JsonBody<SampleRequest>,
) -> Result<Json<Value>> {
    let SampleRequest { model, field } = parsed(body)?;
    let (name, content) = sample(&model, &field)
        .ok_or_else(|| ApiError::not_found("There is no sample for this parameter."))?;
    let content = stream::iter([Ok::<_, Infallible>(content)]);
    let file = app.files.store(name, None, content).await?;
    check_file(&model, &field, &file).await.map(Json)
}

async fn get_file(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let file = app
        .files
        .get(&id)
        .ok_or_else(|| ApiError::not_found("This file is gone. Choose it again."))?;
    file_response(&file.path, &headers, false).await
}

async fn check(State(app): State<Arc<App>>, body: JsonBody<PageInput>) -> Result<Json<Value>> {
    check_input(&parsed(body)?, &app.files).await.map(Json)
}

async fn plan_fit(State(app): State<Arc<App>>, body: JsonBody<FitRequest>) -> Result<Json<Value>> {
    fitting::plan(&app, &parsed(body)?).await.map(Json)
}

/// Makes the files acceptable. It ends with the connection.
async fn fit(State(app): State<Arc<App>>, body: JsonBody<FitRequest>) -> Result<Json<Value>> {
    fitting::run(&app, &parsed(body)?).await.map(Json)
}

async fn add_quote(
    State(app): State<Arc<App>>,
    body: JsonBody<PageInput>,
) -> Result<(StatusCode, Json<Value>)> {
    let quote = runner::create_quote(&app, parsed(body)?).await?;
    Ok((StatusCode::ACCEPTED, Json(quote)))
}

async fn get_quote(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>> {
    let quote = app.quotes().view(&id);
    quote.map(Json).ok_or_else(|| ApiError::not_found("This quote is unknown."))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobRequest {
    quote: String,
}

/// Starts the job of a quote. This is the only request that can cost money.
async fn add_job(
    State(app): State<Arc<App>>,
    body: JsonBody<JobRequest>,
) -> Result<(StatusCode, Json<Value>)> {
    let job = runner::start_job(&app, &parsed(body)?.quote)?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// Resumes a job whose wait or download failed; it is not submitted again.
async fn resume_job(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>> {
    runner::resume_job(&app, &id).map(Json)
}

async fn get_output(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response> {
    let output = app.jobs().get(&id).and_then(|job| job.output.clone());
    let output = output.ok_or_else(|| ApiError::not_found("This job has no output here."))?;
    file_response(&output.path, &headers, query(&uri).contains_key("download")).await
}

#[derive(Deserialize)]
struct SnippetRequest {
    model: String,
    values: serde_json::Map<String, Value>,
}

async fn get_snippets(body: JsonBody<SnippetRequest>) -> Result<Json<Value>> {
    let SnippetRequest { model, values } = parsed(body)?;
    let snippets = snippets::all(&model, &values)
        .ok_or_else(|| ApiError::invalid(format!("The playground has no model `{model}`.")))?;
    Ok(Json(snippets))
}
