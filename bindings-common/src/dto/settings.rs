//! The settings of a client.

use std::collections::HashMap;

use serde::Deserialize;
use viseme::{Config, ConfigBuilder};

use super::{ErrorData, duration};

/// Everything needed to make a client.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientConfig {
    /// The environment variables as the host sees them.
    pub env: HashMap<String, String>,
    /// The settings.
    pub settings: ClientSettings,
}

/// The settings of a client. A missing one comes from the environment, then from the defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClientSettings {
    /// The API key. Default: the environment variable `WAVESPEED_API_KEY`.
    pub api_key: Option<String>,
    /// The URL of the API. Default: `WAVESPEED_BASE_URL`, then `https://api.wavespeed.ai`.
    pub base_url: Option<String>,
    /// Works without an API key: such a client can only check media and download outputs.
    pub anonymous: Option<bool>,
    /// Allows plain `http` to other machines, where others can read the key on the way. Default:
    /// false.
    pub allow_http: Option<bool>,
    /// How long connecting may take. Default: 10 s.
    pub connect_timeout_ms: Option<f64>,
    /// How long one request may take, including its response body. Default: 60 s.
    pub request_timeout_ms: Option<f64>,
    /// How long an upload or a download may make no progress. Default: 60 s.
    pub stall_timeout_ms: Option<f64>,
    /// How long to wait for a job. Default: `WAVESPEED_TIMEOUT` (in seconds), then one hour.
    /// Infinity means no limit. The job continues after the timeout: wait for it again by its id.
    pub timeout_ms: Option<f64>,
    /// When to poll. Default: depends on the model, and the client learns.
    pub pacing: Option<Pacing>,
    /// Whether the client learns how long the jobs of each model take, and polls when they end. It starts with
    /// `pacing` and needs five jobs of a model. Default: true, but false if `pacing` is the only one of these
    /// settings.
    pub learned_pacing: Option<bool>,
    /// How many polls a job takes on average once its duration is learned: more of them show its end sooner.
    /// Default: about one for every two seconds that jobs take, up to 66, but at least 6.75, and as many as without
    /// learning.
    #[cfg_attr(test, schemars(extend("minimum" = 1, "maximum" = 1000)))]
    pub polls_per_job: Option<f64>,
    /// The path of a file that keeps the learned durations for later clients, and for others that use it at the
    /// same time. It is created if it does not exist. Default: none.
    pub pacing_file: Option<String>,
    /// How many polls a second the client sends at most, over all jobs. Default: 100.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    pub max_polls_per_second: Option<f64>,
    /// How many requests the client sends at the same time. Default: 100.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub max_connections: Option<u32>,
    /// How often a request is retried after a temporary failure. A submit that the service may have
    /// accepted is never sent again. Default: 11 for the polls of a wait, 4 for other requests.
    pub max_retries: Option<u32>,
    /// The pauses before retries. Default: 1 s, doubling up to 30 s.
    pub backoff: Option<Backoff>,
    /// The longest `Retry-After` that the client obeys. Default: 300 s.
    pub max_retry_after_ms: Option<f64>,
    /// How long to search for a job whose submit got no response. Default: 120 s; 0 turns the
    /// search off.
    pub recovery_window_ms: Option<f64>,
    /// The limits of the account: submits wait until the limits allow them. Default: no limits.
    pub submit_limits: Option<SubmitLimits>,
    /// The proxy for all requests: an `http://`, `https://` or `socks5://` URL.
    pub proxy: Option<String>,
    /// The path of a PEM file with the certificates to trust instead of the system's.
    pub ca_bundle: Option<String>,
    /// Whether to read media behind a URL to check them before a run. Default: true.
    pub check_remote_media: Option<bool>,
    /// How long reading one medium behind a URL may take. Default: 15 s.
    pub remote_check_timeout_ms: Option<f64>,
    /// Allows reading media from URLs that lead to a private address. Default: false.
    pub allow_private_addresses: Option<bool>,
    /// The ledger, which makes a submit with a `key` idempotent: the path of a file, which is created if it
    /// does not exist, or the URL of a PostgreSQL database. Default: none.
    pub ledger: Option<String>,
    /// The client's name in the header `X-Client-Name`. Default: `viseme`.
    pub client_name: Option<String>,
    /// The product that precedes `viseme/VERSION` in `User-Agent`, such as `my-app/1.0`.
    pub user_agent: Option<String>,
    /// Uses the clock of the mock server's world.
    #[cfg(feature = "testing")]
    #[cfg_attr(test, schemars(skip))]
    pub virtual_clock: Option<bool>,
}

/// When to poll a job that runs normally.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pacing {
    /// The time from the submit to the first poll. Default: `interval_ms`.
    pub first_ms: Option<f64>,
    /// The time from the first poll to the second.
    pub interval_ms: f64,
    /// The factor that lengthens each further pause. Default: 1.
    #[cfg_attr(test, schemars(extend("minimum" = 0)))]
    pub growth: Option<f64>,
    /// The longest pause. Default: `interval_ms`.
    pub max_ms: Option<f64>,
    /// The random share of a pause, from 0 (none) to 1. Default: 0.1.
    #[cfg_attr(test, schemars(extend("minimum" = 0, "maximum" = 1)))]
    pub jitter: Option<f64>,
}

/// The pauses before retries: the first is `base_ms`, each further one is twice as long.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backoff {
    /// The first pause.
    pub base_ms: f64,
    /// The longest pause.
    pub max_ms: f64,
}

/// What the account may submit: the name of its tier, or the numbers.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SubmitLimits {
    /// The limits of a tier.
    Tier(Tier),
    /// Limits of its own.
    #[serde(rename_all = "camelCase")]
    Numbers {
        /// Submits a minute.
        #[cfg_attr(test, schemars(range(min = 1)))]
        per_minute: u32,
        /// Jobs that run at the same time.
        #[cfg_attr(test, schemars(range(min = 1)))]
        concurrent: u32,
    },
}

/// A tier of accounts.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The first tier.
    Bronze,
    /// The second.
    Silver,
    /// The third.
    Gold,
    /// The highest.
    Ultra,
}

impl ClientConfig {
    /// Returns the builder of the core's configuration, and the path or the URL of the ledger.
    ///
    /// # Errors
    /// Names the setting that has no valid value.
    pub fn into_builder(self) -> Result<(ConfigBuilder, Option<String>), Box<ErrorData>> {
        let Self { env, settings } = self;
        let mut config = Config::builder().env(env);
        macro_rules! set {
            ($($setting:ident)*) => {$(
                if let Some(value) = settings.$setting {
                    config = config.$setting(value);
                }
            )*};
        }
        macro_rules! set_duration {
            ($($setting:ident $name:literal => $method:ident)*) => {$(
                if let Some(time) = settings.$setting {
                    config = config.$method(duration($name, time)?);
                }
            )*};
        }
        set!(api_key base_url allow_http max_polls_per_second);
        set!(learned_pacing polls_per_job pacing_file);
        set!(max_retries proxy ca_bundle check_remote_media);
        set!(allow_private_addresses client_name user_agent);
        #[cfg(feature = "testing")]
        set!(virtual_clock);
        set_duration!(
            connect_timeout_ms "connectTimeoutMs" => connect_timeout
            request_timeout_ms "requestTimeoutMs" => request_timeout
            stall_timeout_ms "stallTimeoutMs" => stall_timeout
            timeout_ms "timeoutMs" => deadline
            max_retry_after_ms "maxRetryAfterMs" => max_retry_after
            recovery_window_ms "recoveryWindowMs" => recovery_window
            remote_check_timeout_ms "remoteCheckTimeoutMs" => remote_check_timeout
        );
        if let Some(connections) = settings.max_connections {
            config = config.max_connections(connections as usize);
        }
        if settings.anonymous == Some(true) {
            config = config.anonymous();
        }
        if let Some(pacing) = settings.pacing {
            config = config.pacing(pacing.build()?);
        }
        if let Some(Backoff { base_ms, max_ms }) = settings.backoff {
            config = config.backoff(viseme::Backoff {
                base: duration("backoff.baseMs", base_ms)?,
                max: duration("backoff.maxMs", max_ms)?,
            });
        }
        if let Some(limits) = settings.submit_limits {
            config = config.submit_limits(limits.into());
        }
        Ok((config, settings.ledger))
    }
}

impl Pacing {
    fn build(self) -> Result<viseme::Pacing, Box<ErrorData>> {
        let even = viseme::Pacing::every(duration("pacing.intervalMs", self.interval_ms)?);
        let first = self.first_ms.map(|first| duration("pacing.firstMs", first)).transpose()?;
        let max = self.max_ms.map(|max| duration("pacing.maxMs", max)).transpose()?;
        Ok(viseme::Pacing {
            first: first.unwrap_or(even.first),
            interval: even.interval,
            growth: self.growth.unwrap_or(even.growth),
            max: max.unwrap_or(even.max),
            jitter: self.jitter.unwrap_or(even.jitter),
        })
    }
}

impl From<SubmitLimits> for viseme::SubmitLimits {
    fn from(limits: SubmitLimits) -> Self {
        match limits {
            SubmitLimits::Tier(Tier::Bronze) => Self::BRONZE,
            SubmitLimits::Tier(Tier::Silver) => Self::SILVER,
            SubmitLimits::Tier(Tier::Gold) => Self::GOLD,
            SubmitLimits::Tier(Tier::Ultra) => Self::ULTRA,
            SubmitLimits::Numbers { per_minute, concurrent } => {
                Self { per_minute, concurrent: concurrent as usize }
            }
        }
    }
}
