//! Collects a set-up, from the caller, the environment and the defaults.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::values::{base_url, header_text, key, proxy, require, user_agent};
use super::{Config, DEFAULT_BASE_URL, DEFAULT_DEADLINE, env};
use crate::error::Result;
use crate::protocol::{Backoff, Pacing, SubmitLimits};

/// Collects a set-up; [`build`](Self::build) checks it.
///
/// | setting | variable | default |
/// |---|---|---|
/// | [`api_key`](Self::api_key) | `WAVESPEED_API_KEY` | none: an error |
/// | [`base_url`](Self::base_url) | `WAVESPEED_BASE_URL` | `https://api.wavespeed.ai` |
/// | [`client_name`](Self::client_name) | `WAVESPEED_CLIENT_NAME`, which wins as it does in the official clients | `viseme` |
/// | [`connect_timeout`](Self::connect_timeout) | `WAVESPEED_CONNECTION_TIMEOUT` (seconds) | 10 s |
/// | [`deadline`](Self::deadline) | `WAVESPEED_TIMEOUT` (seconds) | 1 h |
/// | [`max_poll_failures`](Self::max_poll_failures) | `WAVESPEED_MAX_CONNECTION_RETRIES` (retries, one less) | 12 |
/// | first pause after a failure, [`backoff`](Self::backoff) | `WAVESPEED_RETRY_INTERVAL` (seconds) | 1 s |
///
/// `WAVESPEED_MAX_RETRIES`, which makes some official clients run a whole paid task again, is
/// read only to warn (through `tracing`) that it is not obeyed.
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
    max_polls_per_second: Option<f64>,
    max_connections: Option<usize>,
    max_poll_failures: Option<u32>,
    max_submit_attempts: Option<u32>,
    backoff: Option<Backoff>,
    max_retry_after: Option<Duration>,
    recovery_window: Option<Duration>,
    submit_limits: Option<SubmitLimits>,
    proxy: Option<String>,
    ca_bundle: Option<PathBuf>,
    skip_remote_media: bool,
    remote_check_timeout: Option<Duration>,
    allow_private_addresses: bool,
    client_name: Option<String>,
    user_agent: Option<String>,
    #[cfg(feature = "testing")]
    lockstep: bool,
}

impl ConfigBuilder {
    /// The API key, from the access key page of your account. Space around it is removed.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(SecretString::from(key.into()));
        self
    }

    /// Does without a key: such a client can check media and download outputs, no more.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Reads no environment variable. (The proxy variables `HTTPS_PROXY`, `NO_PROXY` and the
    /// certificate variables `SSL_CERT_FILE`, `SSL_CERT_DIR` still count.)
    pub fn ignore_env(mut self) -> Self {
        self.ignore_env = true;
        self
    }

    /// Takes the environment variables of the table above from here, and none from the process: for
    /// hosts whose idea of the environment is another, such as a worker thread of Node.
    pub fn env<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.variables = Some(variables.collect());
        self
    }

    /// Where the API lives; `https`, or `http` on this machine. A path before `/api/v3` is kept.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Allows plain `http` to other machines: the key and the media can be read on the way.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// How long setting up a connection may take. Default 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How long one request to the API may take, its answer's body included. Default 60 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// How long an upload or a download may stand still. Default 60 s.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = Some(timeout);
        self
    }

    /// How long a wait lasts, counted from the submit in a `run`. Default 1 h. After it the job
    /// goes on, and can be waited for again by its id.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// When to poll; the default is chosen by the model.
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = Some(pacing);
        self
    }

    /// How many polls a second all jobs of the client may make together. Default 100.
    pub fn max_polls_per_second(mut self, polls: f64) -> Self {
        self.max_polls_per_second = Some(polls);
        self
    }

    /// How many requests to the API may be under way at once. Default 100.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// How many polls of a job may fail in a row before its wait ends. Default 12, which is about
    /// three and a half minutes.
    pub fn max_poll_failures(mut self, failures: u32) -> Self {
        self.max_poll_failures = Some(failures);
        self
    }

    /// How many times a submit is sent that provably was not taken (no connection, HTTP 429).
    /// Default 5. A submit that may have been taken is never sent again.
    pub fn max_submit_attempts(mut self, attempts: u32) -> Self {
        self.max_submit_attempts = Some(attempts);
        self
    }

    /// The pauses after failures. Default 1 s, doubling up to 30 s.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// The longest `Retry-After` that is obeyed. Default 5 min.
    pub fn max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = Some(longest);
        self
    }

    /// How long a submit whose answer was lost is looked for in the history, where a job may show
    /// up late. Default 2 min; zero turns the search off, and a lost submit is an error at once.
    pub fn recovery_window(mut self, window: Duration) -> Self {
        self.recovery_window = Some(window);
        self
    }

    /// Keeps to what the account's tier allows: submits wait for their turn. Off by default. The
    /// number at once counts runs, which know when their job ends, and not bare submits.
    pub fn submit_limits(mut self, limits: SubmitLimits) -> Self {
        self.submit_limits = Some(limits);
        self
    }

    /// The proxy for all requests (`http://`, `https://` or `socks5://`). Default: the proxy
    /// variables and settings of the system; never a proxy for a base URL on this machine.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// A PEM file with the certificates to trust, in place of the system's.
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_bundle = Some(path.into());
        self
    }

    /// Whether media behind a URL are read before a run, to judge them as local files are.
    /// Default `true`. That takes a few requests and seldom more than 0.1 MB for a file; no key is
    /// sent. What cannot be found out is a warning and stops nothing.
    pub fn check_remote_media(mut self, check: bool) -> Self {
        self.skip_remote_media = !check;
        self
    }

    /// How long reading one medium behind a URL may take. Default 15 s; what is not known by then
    /// is a warning.
    pub fn remote_check_timeout(mut self, timeout: Duration) -> Self {
        self.remote_check_timeout = Some(timeout);
        self
    }

    /// Lets media be read whose URL leads to a private address (this machine, a local network), or
    /// through a proxy, which hides the address. Default `false`: on a server, where others choose
    /// the URLs, such a request could reach what they cannot.
    pub fn allow_private_addresses(mut self, allow: bool) -> Self {
        self.allow_private_addresses = allow;
        self
    }

    /// What the client calls itself in `X-Client-Name`. Default `viseme`.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// What stands before `viseme/VERSION` in `User-Agent`, such as `my-app/1.0`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Has the client keep the time of the mock server's world, whose clock is in lockstep; see
    /// [`VirtualClock`](crate::VirtualClock).
    #[cfg(feature = "testing")]
    #[doc(hidden)]
    pub fn lockstep(mut self, lockstep: bool) -> Self {
        self.lockstep = lockstep;
        self
    }

    /// Checks the set-up.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with a sentence that names the setting and what to do.
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
        let config = Config {
            api_key: key(self.api_key.or(env.api_key), self.anonymous)?,
            base_url: base_url(
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
            max_polls_per_second: self.max_polls_per_second.unwrap_or(100.0),
            max_connections: self.max_connections.unwrap_or(100),
            max_poll_failures: self.max_poll_failures.or(env.max_poll_failures).unwrap_or(12),
            max_submit_attempts: self.max_submit_attempts.unwrap_or(5),
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
            client_name: header_text(
                "client_name",
                env.client_name.or(self.client_name).unwrap_or_else(|| "viseme".to_owned()),
            )?,
            user_agent: header_text("user_agent", user_agent(self.user_agent))?,
            #[cfg(feature = "testing")]
            lockstep: self.lockstep,
        };
        require(
            config.max_polls_per_second.is_finite() && config.max_polls_per_second > 0.0,
            "max_polls_per_second must be a number above 0",
        )?;
        require(config.max_connections > 0, "max_connections must be at least 1")?;
        require(config.max_poll_failures > 0, "max_poll_failures must be at least 1")?;
        require(config.max_submit_attempts > 0, "max_submit_attempts must be at least 1")?;
        require(!config.request_timeout.is_zero(), "request_timeout must be longer than 0")?;
        Ok(config)
    }
}
