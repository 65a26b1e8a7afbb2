//! The set-up of a client, as it comes over the border.

use std::collections::HashMap;

use serde::Deserialize;
use viseme::{Backoff, Config, Pacing, Result, SubmitLimits};

use crate::time::Millis;

/// Everything a client can be told when it is made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Settings {
    /// The environment as the host sees it, which may be another than the process has.
    env: HashMap<String, String>,
    api_key: Option<String>,
    base_url: Option<String>,
    anonymous: Option<bool>,
    allow_http: Option<bool>,
    connect_timeout_ms: Option<Millis>,
    request_timeout_ms: Option<Millis>,
    stall_timeout_ms: Option<Millis>,
    timeout_ms: Option<Millis>,
    pacing: Option<PacingForm>,
    max_polls_per_second: Option<f64>,
    max_connections: Option<usize>,
    max_poll_failures: Option<u32>,
    max_submit_attempts: Option<u32>,
    backoff: Option<BackoffForm>,
    max_retry_after_ms: Option<Millis>,
    recovery_window_ms: Option<Millis>,
    submit_limits: Option<LimitsForm>,
    proxy: Option<String>,
    ca_bundle: Option<String>,
    check_remote_media: Option<bool>,
    remote_check_timeout_ms: Option<Millis>,
    allow_private_addresses: Option<bool>,
    client_name: Option<String>,
    user_agent: Option<String>,
    #[cfg(feature = "testing")]
    lockstep: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PacingForm {
    first_ms: Option<Millis>,
    interval_ms: Millis,
    growth: Option<f64>,
    max_ms: Option<Millis>,
    jitter: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BackoffForm {
    base_ms: Millis,
    max_ms: Millis,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum LimitsForm {
    Tier(Tier),
    #[serde(rename_all = "camelCase")]
    Numbers {
        per_minute: u32,
        concurrent: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tier {
    Bronze,
    Silver,
    Gold,
    Ultra,
}

impl Settings {
    pub(crate) fn build(self) -> Result<Config> {
        let mut to = Config::builder().env(self.env);
        macro_rules! pass {
            ($($setting:ident)*) => {$(
                if let Some(value) = self.$setting {
                    to = to.$setting(value);
                }
            )*};
        }
        macro_rules! pass_time {
            ($($setting:ident => $method:ident)*) => {$(
                if let Some(Millis(time)) = self.$setting {
                    to = to.$method(time);
                }
            )*};
        }
        pass!(api_key base_url allow_http max_polls_per_second max_connections);
        pass!(max_poll_failures max_submit_attempts proxy ca_bundle check_remote_media);
        pass!(allow_private_addresses client_name user_agent);
        #[cfg(feature = "testing")]
        pass!(lockstep);
        pass_time!(
            connect_timeout_ms => connect_timeout
            request_timeout_ms => request_timeout
            stall_timeout_ms => stall_timeout
            timeout_ms => deadline
            max_retry_after_ms => max_retry_after
            recovery_window_ms => recovery_window
            remote_check_timeout_ms => remote_check_timeout
        );
        if self.anonymous == Some(true) {
            to = to.anonymous();
        }
        if let Some(pacing) = self.pacing {
            to = to.pacing(pacing.into());
        }
        if let Some(BackoffForm { base_ms, max_ms }) = self.backoff {
            to = to.backoff(Backoff { base: base_ms.0, max: max_ms.0 });
        }
        if let Some(limits) = self.submit_limits {
            to = to.submit_limits(limits.into());
        }
        to.build()
    }
}

impl From<PacingForm> for Pacing {
    fn from(form: PacingForm) -> Self {
        let even = Self::every(form.interval_ms.0);
        Self {
            first: form.first_ms.map_or(even.first, |first| first.0),
            interval: even.interval,
            growth: form.growth.unwrap_or(even.growth),
            max: form.max_ms.map_or(even.max, |max| max.0),
            jitter: form.jitter.unwrap_or(even.jitter),
        }
    }
}

impl From<LimitsForm> for SubmitLimits {
    fn from(form: LimitsForm) -> Self {
        match form {
            LimitsForm::Tier(Tier::Bronze) => Self::BRONZE,
            LimitsForm::Tier(Tier::Silver) => Self::SILVER,
            LimitsForm::Tier(Tier::Gold) => Self::GOLD,
            LimitsForm::Tier(Tier::Ultra) => Self::ULTRA,
            LimitsForm::Numbers { per_minute, concurrent } => Self { per_minute, concurrent },
        }
    }
}
