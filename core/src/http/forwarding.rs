//! HTTP clients that pass the requests of others on.

use url::Url;

use super::reqwest_transport::{builder, unusable};
use super::tls;
use super::transport::{Sent, TransportError, is_unprocessed};
use crate::config::{Config, is_loopback};
use crate::error::Result;

/// HTTP clients with the certificates, the proxies and the connect timeout of a [`Config`]. They follow no
/// redirects, repeat nothing and add no headers of their own but `accept`.
///
/// For `viseme-recorder`. Not covered by semantic versioning.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Forwarding {
    /// For requests to this machine: never uses a proxy of the system.
    local: reqwest::Client,
    remote: reqwest::Client,
}

impl Forwarding {
    /// Creates the clients.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        let client = |is_local: bool| {
            let tls = tls::client_config(config.ca_bundle.as_deref())?;
            builder(config, tls, is_local)?.build().map_err(unusable)
        };
        Ok(Self { local: client(true)?, remote: client(false)? })
    }

    /// Returns the client for a URL.
    #[must_use]
    pub fn client(&self, url: &Url) -> &reqwest::Client {
        if is_loopback(url) { &self.local } else { &self.remote }
    }
}

/// Returns whether a request was certainly not received, and why it failed, as a clause without its URL.
#[doc(hidden)]
#[must_use]
pub fn forwarding_failure(error: reqwest::Error) -> (bool, String) {
    let is_unsent = error.is_connect() || error.is_builder() || is_unprocessed(&error);
    let sent = if is_unsent { Sent::No } else { Sent::Maybe };
    let failure = TransportError::from_chain(sent, error.is_timeout(), &error.without_url());
    (is_unsent, failure.to_string())
}
