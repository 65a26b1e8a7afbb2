//! Reads the environment variables of the official clients.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::validate::invalid;
use crate::error::Result;

/// The settings from the environment; [`ConfigBuilder`](super::ConfigBuilder) has the table.
#[derive(Default)]
pub(super) struct Env {
    pub(super) api_key: Option<SecretString>,
    pub(super) base_url: Option<String>,
    pub(super) client_name: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) deadline: Option<Duration>,
    pub(super) max_retries: Option<u32>,
    pub(super) retry_interval: Option<Duration>,
}

pub(super) fn read(var: &dyn Fn(&str) -> Option<String>) -> Result<Env> {
    let var = |name: &str| var(name).filter(|text| !text.trim().is_empty());
    let seconds = |name: &str| var(name).map(|text| parse_seconds(name, &text)).transpose();
    let count = |name: &str| var(name).map(|text| parse_count(name, &text)).transpose();

    if count("WAVESPEED_MAX_RETRIES")?.is_some_and(|retries| retries > 0) {
        tracing::warn!(
            "WAVESPEED_MAX_RETRIES is ignored: running a task again could charge you twice"
        );
    }
    Ok(Env {
        api_key: var("WAVESPEED_API_KEY").map(SecretString::from),
        base_url: var("WAVESPEED_BASE_URL"),
        client_name: var("WAVESPEED_CLIENT_NAME"),
        connect_timeout: seconds("WAVESPEED_CONNECTION_TIMEOUT")?,
        deadline: seconds("WAVESPEED_TIMEOUT")?,
        max_retries: count("WAVESPEED_MAX_CONNECTION_RETRIES")?,
        retry_interval: seconds("WAVESPEED_RETRY_INTERVAL")?,
    })
}

/// Returns a variable of the process that names a proxy. These are read even if the configuration
/// ignores the environment, as other programs do.
pub(crate) fn proxy_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns the certificate file in `SSL_CERT_FILE`, if one is set.
pub(crate) fn certificate_file() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn parse_seconds(name: &str, text: &str) -> Result<Duration> {
    text.trim()
        .parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| {
            invalid(name, format!("must be a non-negative number of seconds, got {text:?}"))
        })
}

fn parse_count(name: &str, text: &str) -> Result<u32> {
    text.trim()
        .parse()
        .map_err(|_| invalid(name, format!("must be a non-negative whole number, got {text:?}")))
}
