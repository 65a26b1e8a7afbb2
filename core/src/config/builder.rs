//! Builds a configuration from the caller's settings, the environment and the defaults.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::validate::{api_key, base_url, header_text, proxy, require, user_agent};
use super::{Config, DEFAULT_BASE_URL, DEFAULT_DEADLINE, env};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::protocol::{Backoff, Pacing, SubmitLimits};

/// The largest number of polls of a job that may be asked for.
const MAX_POLLS_PER_JOB: f64 = 1000.0;

/// Builds a [`Config`]; [`build`](Self::build) validates the settings.
///
/// | setting | variable | default |
/// |---|---|---|
/// | [`api_key`](Self::api_key) | `WAVESPEED_API_KEY` | none: an error |
/// | [`base_url`](Self::base_url) | `WAVESPEED_BASE_URL` | `https://api.wavespeed.ai` |
/// | [`client_name`](Self::client_name) | `WAVESPEED_CLIENT_NAME`, which wins as it does in the official clients | `viseme` |
/// | [`connect_timeout`](Self::connect_timeout) | `WAVESPEED_CONNECTION_TIMEOUT` (seconds) | 10 s |
/// | [`deadline`](Self::deadline) | `WAVESPEED_TIMEOUT` (seconds) | 1 h |
/// | [`max_retries`](Self::max_retries) | `WAVESPEED_MAX_CONNECTION_RETRIES` | 11 for the polls of a wait, 4 for other requests |
/// | first delay after a failure, [`backoff`](Self::backoff) | `WAVESPEED_RETRY_INTERVAL` (seconds) | 1 s |
///
/// `WAVESPEED_MAX_RETRIES`, which makes some official clients run a paid task again, is ignored
/// with a warning through `tracing`.
#[derive(Clone, Default)]
#[must_use]
pub struct ConfigBuilder {
    api_key: Option<SecretString>,
    anonymous: bool,
    ignore_env: bool,
    variables: Option<HashMap<String, String>>,
    base_url: Option<String>,
    allow_http: bool,
    connect_timeout: Option<Duration>,
    request_timeout: Option<Duration>,
    stall_timeout: Option<Duration>,
    deadline: Option<Duration>,
    pacing: Option<Pacing>,
    learned_pacing: Option<bool>,
    polls_per_job: Option<f64>,
    pacing_file: Option<PathBuf>,
    max_polls_per_second: Option<f64>,
    max_connections: Option<usize>,
    max_retries: Option<u32>,
    backoff: Option<Backoff>,
    max_retry_after: Option<Duration>,
    recovery_window: Option<Duration>,
    submit_limits: Option<SubmitLimits>,
    proxy: Option<String>,
    ca_bundle: Option<PathBuf>,
    skip_remote_media: bool,
    remote_check_timeout: Option<Duration>,
    allow_private_addresses: bool,
    ledger: Option<Arc<dyn Ledger>>,
    client_name: Option<String>,
    user_agent: Option<String>,
    #[cfg(feature = "testing")]
    virtual_clock: bool,
}

impl ConfigBuilder {
    /// Sets the API key, from the access key page of your account. Surrounding whitespace is
    /// removed.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(SecretString::from(key.into()));
        self
    }

    /// Allows a client without an API key, which can only check media and download outputs.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Ignores the environment variables above. (The proxy variables `HTTPS_PROXY`, `NO_PROXY` and the
    /// certificate variables `SSL_CERT_FILE`, `SSL_CERT_DIR` are still read.)
    pub fn ignore_env(mut self) -> Self {
        self.ignore_env = true;
        self
    }

    /// Reads the environment variables above from this list instead of the process: for hosts with
    /// an environment of their own, such as a worker thread of Node.
    pub fn env<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.variables = Some(variables.collect());
        self
    }

    /// Sets the base URL of the API: `https`, or `http` on this machine. A path before `/api/v3` is
    /// kept.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Allows plain `http` to other machines, which exposes the key and the media on the network.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Sets the timeout for establishing a connection. Default 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Sets the timeout for one request to the API, including the response body. Default 60 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// Sets how long an upload or a download may make no progress. Default 60 s.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = Some(timeout);
        self
    }

    /// Sets the maximum duration of a wait, which starts with the submit in a `run`. Default 1 h.
    /// The job itself continues, and you can wait for it again with its id.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets when to poll. The default depends on the model, and the client learns; see
    /// [`learned_pacing`](Self::learned_pacing).
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = Some(pacing);
        self
    }

    /// Sets whether the client learns how long the jobs of each model take, and polls when they end. It starts
    /// with [`pacing`](Self::pacing) and needs five jobs of a model. Default: `true`, but `false` if you set
    /// [`pacing`](Self::pacing) and neither [`polls_per_job`](Self::polls_per_job) nor
    /// [`pacing_file`](Self::pacing_file).
    pub fn learned_pacing(mut self, enabled: bool) -> Self {
        self.learned_pacing = Some(enabled);
        self
    }

    /// Sets how many polls a job may take on average once its duration is learned: more of them show its end
    /// sooner. Default: about one for every two seconds that jobs take, up to 66, but at least 6.75, and as many as
    /// without learning.
    pub fn polls_per_job(mut self, polls: f64) -> Self {
        self.polls_per_job = Some(polls);
        self
    }

    /// Sets a file that keeps the learned durations for later clients, and for others that use it at the same
    /// time. It is created if it does not exist; in a folder it is called `viseme-pacing.json`. It is read by
    /// [`Client::new`](crate::Client::new) and written after jobs. A file that is damaged, or cannot be read or
    /// written, is logged and stops no job. A file that something else wrote is never replaced: `Client::new` returns an
    /// error. Default: none.
    pub fn pacing_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.pacing_file = Some(path.into());
        self
    }

    /// Sets the maximum number of polls per second of all jobs of the client. Default 100.
    pub fn max_polls_per_second(mut self, polls: f64) -> Self {
        self.max_polls_per_second = Some(polls);
        self
    }

    /// Sets the maximum number of concurrent requests to the API. Default 100.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// Sets how often a request is retried after a temporary failure: no connection, HTTP 408, 425,
    /// 429 or 5xx. Holds for polls, uploads, downloads, reads, and submits that the service provably
    /// did not accept. A submit that may have been accepted is never sent again. Default 11 for the
    /// polls of a wait, which is about three and a half minutes, and 4 for other requests. The retries
    /// of polls start again after each poll that succeeds.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// Sets the delays after failures. Default 1 s, doubling up to 30 s.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// Sets the longest `Retry-After` that the client obeys. Default 5 min.
    pub fn max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = Some(longest);
        self
    }

    /// Sets how long the client searches the history for a submit whose response was lost: a job
    /// may appear there late. Default 2 min. Zero disables the search, and a lost submit is an error
    /// at once.
    pub fn recovery_window(mut self, window: Duration) -> Self {
        self.recovery_window = Some(window);
        self
    }

    /// Sets the limits of the account's tier: submits wait until they are allowed. Off by default.
    /// The concurrency limit counts runs, which know when their job ends, but not bare submits.
    pub fn submit_limits(mut self, limits: SubmitLimits) -> Self {
        self.submit_limits = Some(limits);
        self
    }

    /// Sets the proxy for all requests (`http://`, `https://` or `socks5://`). Default: the proxy
    /// variables and settings of the system, but none for a base URL on this machine.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Sets a PEM file with the trusted certificates, which replace those of the system.
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_bundle = Some(path.into());
        self
    }

    /// Sets whether media URLs are validated before a run, like local files. Default `true`. This
    /// takes a few requests, and seldom more than 0.1 MB per file; no key is sent. An unknown
    /// property is only a warning.
    pub fn check_remote_media(mut self, check: bool) -> Self {
        self.skip_remote_media = !check;
        self
    }

    /// Sets the timeout for validating one media URL. Default 15 s. A property that is unknown by
    /// then is only a warning.
    pub fn remote_check_timeout(mut self, timeout: Duration) -> Self {
        self.remote_check_timeout = Some(timeout);
        self
    }

    /// Allows requests to media URLs with a private address (this machine, a local network), or
    /// through a proxy, which hides the address. Default `false`, which protects a server whose users
    /// choose the URLs against server-side request forgery (SSRF).
    pub fn allow_private_addresses(mut self, allow: bool) -> Self {
        self.allow_private_addresses = allow;
        self
    }

    /// Sets the ledger, which makes a submit with a [key](crate::Submit::key) idempotent. The crate
    /// `viseme-ledger` has one in a file and one in a database. Default: none.
    pub fn ledger(mut self, ledger: impl Ledger) -> Self {
        self.ledger = Some(Arc::new(ledger));
        self
    }

    /// Sets the header `X-Client-Name`. Default `viseme`.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// Sets the product before `viseme/VERSION` in `User-Agent`, such as `my-app/1.0`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Makes the client use the virtual clock of the mock server's world; see
    /// [`VirtualClock`](crate::VirtualClock).
    #[cfg(feature = "testing")]
    #[doc(hidden)]
    pub fn virtual_clock(mut self, enabled: bool) -> Self {
        self.virtual_clock = enabled;
        self
    }

    /// Validates the settings and returns the configuration.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Config`](crate::ErrorKind::Config) if a setting is invalid. The message
    /// names the setting and says what is allowed.
    pub fn build(mut self) -> Result<Config> {
        if self.ignore_env {
            self.build_with(&|_| None)
        } else if let Some(variables) = self.variables.take() {
            self.build_with(&|name| variables.get(name).cloned())
        } else {
            self.build_with(&|name| std::env::var(name).ok())
        }
    }

    pub(super) fn build_with(self, var: &dyn Fn(&str) -> Option<String>) -> Result<Config> {
        let env = env::read(var)?;
        let backoff = self.backoff.unwrap_or(Backoff {
            base: env.retry_interval.unwrap_or(Duration::from_secs(1)),
            max: Duration::from_secs(30),
        });
        let base_url_setting = match self.base_url {
            None if env.base_url.is_some() => "WAVESPEED_BASE_URL",
            _ => "base_url",
        };
        let client_name_setting = match env.client_name {
            Some(_) => "WAVESPEED_CLIENT_NAME",
            None => "client_name",
        };
        let config = Config {
            api_key: api_key(self.api_key.or(env.api_key), self.anonymous)?,
            base_url: base_url(
                base_url_setting,
                self.base_url.or(env.base_url).as_deref().unwrap_or(DEFAULT_BASE_URL),
                self.allow_http,
            )?,
            connect_timeout: self
                .connect_timeout
                .or(env.connect_timeout)
                .unwrap_or(Duration::from_secs(10)),
            request_timeout: self.request_timeout.unwrap_or(Duration::from_secs(60)),
            stall_timeout: self.stall_timeout.unwrap_or(Duration::from_secs(60)),
            deadline: self.deadline.or(env.deadline).unwrap_or(DEFAULT_DEADLINE),
            pacing: self.pacing,
            // Who sets the pauses alone wants exactly these.
            learned_pacing: self.learned_pacing.unwrap_or(
                self.pacing.is_none() || self.polls_per_job.is_some() || self.pacing_file.is_some(),
            ),
            polls_per_job: self.polls_per_job,
            pacing_file: self.pacing_file,
            max_polls_per_second: self.max_polls_per_second.unwrap_or(100.0),
            max_connections: self.max_connections.unwrap_or(100),
            max_retries: self.max_retries.or(env.max_retries),
            backoff,
            max_retry_after: self.max_retry_after.unwrap_or(Duration::from_secs(5 * 60)),
            recovery_window: self.recovery_window.unwrap_or(Duration::from_secs(2 * 60)),
            submit_limits: self.submit_limits,
            proxy: self.proxy.as_deref().map(proxy).transpose()?,
            ca_bundle: self.ca_bundle,
            allow_http: self.allow_http,
            check_remote_media: !self.skip_remote_media,
            remote_check_timeout: self.remote_check_timeout.unwrap_or(Duration::from_secs(15)),
            allow_private_addresses: self.allow_private_addresses,
            ledger: self.ledger,
            client_name: header_text(
                client_name_setting,
                env.client_name.or(self.client_name).unwrap_or_else(|| "viseme".to_owned()),
            )?,
            user_agent: user_agent(
                self.user_agent.map(|product| header_text("user_agent", product)).transpose()?,
            ),
            #[cfg(feature = "testing")]
            virtual_clock: self.virtual_clock,
        };
        require(
            config.max_polls_per_second.is_finite() && config.max_polls_per_second > 0.0,
            "max_polls_per_second",
            "a number greater than 0",
            config.max_polls_per_second,
        )?;
        if let Some(polls) = config.polls_per_job {
            let valid = (1.0..=MAX_POLLS_PER_JOB).contains(&polls);
            require(valid, "polls_per_job", "a number from 1 to 1000", polls)?;
        }
        let no_file = config.pacing_file.as_ref().is_some_and(|path| path.as_os_str().is_empty());
        require(!no_file, "pacing_file", "the path of a file", "an empty one")?;
        let connections = config.max_connections;
        require(connections > 0, "max_connections", "at least 1", connections)?;
        require(!config.request_timeout.is_zero(), "request_timeout", "longer than 0 s", "0 s")?;
        Ok(config)
    }
}
