//! The configuration of a client; the only code that reads the environment.

mod builder;
mod env;
mod validate;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

pub use builder::ConfigBuilder;
pub(crate) use env::{certificate_file, proxy_variable};
pub(crate) use validate::is_loopback;

use crate::error::Result;
use crate::ledger::Ledger;
use crate::protocol::{
    Backoff, DEFAULT_MAX_POLL_RETRIES, DEFAULT_MAX_RETRIES, Pacing, RetryPolicy, SubmitLimits,
};

/// The base URL of the WaveSpeedAI API.
pub const DEFAULT_BASE_URL: &str = "https://api.wavespeed.ai";

/// The default of [`ConfigBuilder::deadline`]: one hour, far longer than any lip-sync takes.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(60 * 60);

/// A validated configuration of a client. Create one with [`Config::builder`] or [`Config::from_env`].
#[derive(Clone)]
pub struct Config {
    pub(crate) api_key: Option<SecretString>,
    pub(crate) base_url: Url,
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) stall_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) pacing: Option<Pacing>,
    pub(crate) learned_pacing: bool,
    pub(crate) polls_per_job: Option<f64>,
    pub(crate) pacing_file: Option<PathBuf>,
    pub(crate) max_polls_per_second: f64,
    pub(crate) max_connections: usize,
    /// `None` stands for the defaults, which depend on the request.
    pub(crate) max_retries: Option<u32>,
    pub(crate) backoff: Backoff,
    pub(crate) max_retry_after: Duration,
    pub(crate) recovery_window: Duration,
    pub(crate) submit_limits: Option<SubmitLimits>,
    pub(crate) proxy: Option<Url>,
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) allow_http: bool,
    pub(crate) check_remote_media: bool,
    pub(crate) remote_check_timeout: Duration,
    pub(crate) allow_private_addresses: bool,
    pub(crate) ledger: Option<Arc<dyn Ledger>>,
    pub(crate) client_name: String,
    pub(crate) user_agent: String,
    #[cfg(feature = "testing")]
    pub(crate) virtual_clock: bool,
}

impl Config {
    /// Returns a builder. Settings that you do not set come from the environment, then from the
    /// defaults.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }

    /// Returns the configuration from the environment.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Config`](crate::ErrorKind::Config) if `WAVESPEED_API_KEY` is missing or a
    /// variable is invalid.
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Returns the retry policy for all requests but the polls of a wait.
    pub(crate) fn retry_policy(&self) -> RetryPolicy {
        self.policy(self.max_retries.unwrap_or(DEFAULT_MAX_RETRIES))
    }

    /// Returns the retry policy for the polls of a wait.
    pub(crate) fn poll_retry_policy(&self) -> RetryPolicy {
        self.policy(self.max_retries.unwrap_or(DEFAULT_MAX_POLL_RETRIES))
    }

    fn policy(&self, max_retries: u32) -> RetryPolicy {
        RetryPolicy { max_retries, backoff: self.backoff, max_retry_after: self.max_retry_after }
    }

    /// Returns the base URL of the API.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Returns the default deadline of a wait.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("api_key", &self.api_key.as_ref().map(|_| "…"))
            .field("base_url", &self.base_url.as_str())
            .field("connect_timeout", &self.connect_timeout)
            .field("request_timeout", &self.request_timeout)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
