//! The set-up of a client.

use std::time::Duration;

use viseme::{Backoff, Config, Pacing, Result, SubmitLimits};

/// When a job is asked after.
#[derive(uniffi::Record)]
pub struct NativePacing {
    /// From the submit to the first poll.
    pub first: Duration,
    /// From the first poll to the second.
    pub interval: Duration,
    /// What each further pause is multiplied by.
    pub growth: f64,
    /// The longest pause.
    pub max: Duration,
    /// The random share of a pause, from 0 to 1.
    pub jitter: f64,
}

/// The pauses before failed requests are sent again.
#[derive(uniffi::Record)]
pub struct NativeBackoff {
    /// After the first failure.
    pub base: Duration,
    /// The longest pause.
    pub max: Duration,
}

/// What the account may submit.
#[derive(uniffi::Record)]
pub struct NativeSubmitLimits {
    /// Submits a minute.
    pub per_minute: u32,
    /// Jobs under way at once.
    pub concurrent: u32,
}

/// Everything a client can be told when it is made. What is absent is the core's default.
#[derive(uniffi::Record)]
pub struct NativeSettings {
    /// Where the service, or the app's own backend, is.
    pub base_url: Option<String>,
    /// The bearer token.
    pub token: Option<String>,
    /// Whether `http` to other machines is allowed.
    pub allow_http: Option<bool>,
    /// How long connecting may take.
    pub connect_timeout: Option<Duration>,
    /// How long one request may take.
    pub request_timeout: Option<Duration>,
    /// How long a transfer may stand still.
    pub stall_timeout: Option<Duration>,
    /// How long to wait for a result.
    pub timeout: Option<Duration>,
    /// When a job is asked after.
    pub pacing: Option<NativePacing>,
    /// How many polls a second all jobs may make together.
    pub max_polls_per_second: Option<f64>,
    /// How many connections may be open at once.
    pub max_connections: Option<u32>,
    /// How often a request is retried after a temporary failure.
    pub max_retries: Option<u32>,
    /// The pauses before failed requests are sent again.
    pub backoff: Option<NativeBackoff>,
    /// The longest `Retry-After` that is obeyed.
    pub max_retry_after: Option<Duration>,
    /// How long a lost submit is looked for; zero switches it off.
    pub recovery_window: Option<Duration>,
    /// What the account may submit.
    pub submit_limits: Option<NativeSubmitLimits>,
    /// Whether media behind URLs are looked into.
    pub check_remote_media: Option<bool>,
    /// How long looking into one may take.
    pub remote_check_timeout: Option<Duration>,
    /// Whether URLs of private networks are looked into.
    pub allow_private_addresses: Option<bool>,
    /// The client's name in the requests.
    pub client_name: Option<String>,
    /// The app's name and version in the requests.
    pub user_agent: Option<String>,
    /// Whether the client keeps the mock server's time. Only in a build for tests.
    pub virtual_clock: Option<bool>,
}

impl NativeSettings {
    /// The environment is not read: an app has none of its own.
    pub(crate) fn build(self) -> Result<Config> {
        let mut to = Config::builder().ignore_env();
        macro_rules! pass {
            ($($setting:ident)*) => {$(
                if let Some(value) = self.$setting {
                    to = to.$setting(value);
                }
            )*};
        }
        pass!(base_url allow_http connect_timeout request_timeout stall_timeout);
        pass!(max_polls_per_second max_retries max_retry_after);
        pass!(recovery_window check_remote_media remote_check_timeout);
        pass!(allow_private_addresses user_agent);
        #[cfg(feature = "testing")]
        pass!(virtual_clock);
        to = match self.token {
            Some(token) => to.api_key(token),
            None => to.anonymous(),
        };
        if let Some(timeout) = self.timeout {
            to = to.deadline(timeout);
        }
        if let Some(connections) = self.max_connections {
            to = to.max_connections(many(connections));
        }
        if let Some(NativePacing { first, interval, growth, max, jitter }) = self.pacing {
            to = to.pacing(Pacing { first, interval, growth, max, jitter });
        }
        if let Some(NativeBackoff { base, max }) = self.backoff {
            to = to.backoff(Backoff { base, max });
        }
        if let Some(NativeSubmitLimits { per_minute, concurrent }) = self.submit_limits {
            to = to.submit_limits(SubmitLimits { per_minute, concurrent: many(concurrent) });
        }
        if let Some(name) = self.client_name {
            to = to.client_name(name);
        }
        to.build()
    }
}

fn many(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
