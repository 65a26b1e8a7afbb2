//! The requests of many runs by reqwest alone: the same number, schedule and connections. Of a
//! response only the bytes are read, and of a submit's the job's id.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use memchr::memmem;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use super::Server;
use super::measure::measure;

/// The time between two polls of a job, varied by a tenth as in the core: otherwise jobs that started
/// together would poll together, which is cheaper.
const PAUSE: Duration = Duration::from_secs(1);
/// The core's default.
const CONNECTIONS: usize = 100;
const SUBMIT: &str = "api/v3/kwaivgi/kling-lipsync/audio-to-video";

struct Api {
    http: reqwest::Client,
    base: Url,
    key: String,
    connections: Semaphore,
}

pub(crate) fn run(server: &Server, jobs: usize, polls: usize) -> Result<Value> {
    let runtime = server.runtime()?;
    let api = Api {
        http: client()?,
        base: Url::parse(&server.url)?,
        key: server.key.clone(),
        connections: Semaphore::new(CONNECTIONS),
    };
    let (outcome, cost) = measure(&runtime, all(Arc::new(api), jobs, polls))?;
    outcome?;
    Ok(json!({"cost": cost.json(), "errors": 0}))
}

fn client() -> Result<reqwest::Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build()?)
}

async fn all(api: Arc<Api>, jobs: usize, polls: usize) -> Result<()> {
    let mut running = JoinSet::new();
    for number in 0..jobs {
        let own = polls * (number + 1) / jobs - polls * number / jobs;
        running.spawn(job(Arc::clone(&api), number, own));
    }
    while let Some(outcome) = running.join_next().await {
        outcome??;
    }
    Ok(())
}

async fn job(api: Arc<Api>, number: usize, polls: usize) -> Result<()> {
    let body = format!(
        r#"{{"audio":"https://example.com/{number}/voice.mp3","video":"https://example.com/{number}/face.mp4"}}"#
    );
    let submit = api.http.post(api.base.join(SUBMIT)?).header("content-type", "application/json");
    let response = exchange(&api, submit.body(body)).await?;
    let poll = api.base.join(&format!("api/v3/predictions/{}/result", id(&response)?))?;
    for _ in 0..polls {
        tokio::time::sleep(PAUSE.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
        exchange(&api, api.http.get(poll.clone())).await?;
    }
    Ok(())
}

async fn exchange(api: &Api, request: reqwest::RequestBuilder) -> Result<impl AsRef<[u8]> + use<>> {
    let _permit = api.connections.acquire().await?;
    let response = request.bearer_auth(&api.key).send().await?;
    if response.status() != 200 {
        bail!("HTTP {}", response.status());
    }
    Ok(response.bytes().await?)
}

/// The value of `"id":"…"`.
fn id(response: &impl AsRef<[u8]>) -> Result<String> {
    const BEFORE: &[u8] = br#""id":""#;
    let response = response.as_ref();
    let start = memmem::find(response, BEFORE).context("no id in the response")? + BEFORE.len();
    let rest = response.get(start..).unwrap_or_default();
    let end = memchr::memchr(b'"', rest).context("no end of the id")?;
    Ok(String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned())
}
