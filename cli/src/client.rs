//! The client of a command, for the service or for a local mock server.

use std::time::Duration;

use viseme::{Client, Config, Pacing, SubmitLimits};
use viseme_mock::{MockServer, OutputMode};

use crate::failure::{Failure, Result};
use crate::options::Options;

/// Returns a client for the service, configured from the environment.
pub(crate) fn online(options: &Options) -> viseme::Result<Client> {
    Client::new(config(options).build()?)
}

/// Returns a client for the service that respects the limits of an account, if they are given.
pub(crate) fn online_with_limits(
    options: &Options,
    limits: Option<SubmitLimits>,
) -> viseme::Result<Client> {
    let config = match limits {
        Some(limits) => config(options).submit_limits(limits),
        None => config(options),
    };
    Client::new(config.build()?)
}

/// Returns a client for the service with this API key.
pub(crate) fn with_key(options: &Options, key: &str) -> viseme::Result<Client> {
    Client::new(config(options).api_key(key).build()?)
}

/// Returns a client without an API key, for downloads and checks.
pub(crate) fn anonymous(options: &Options) -> viseme::Result<Client> {
    Client::new(config(options).anonymous().build()?)
}

/// Returns the URL of the API that the clients use.
pub(crate) fn base_url(options: &Options) -> viseme::Result<String> {
    Ok(config(options).anonymous().build()?.base_url().to_string())
}

/// Returns the settings of a recorder, which has no API key of its own.
pub(crate) fn recorder_config(options: &Options) -> viseme::Result<Config> {
    config(options).anonymous().build()
}

fn config(options: &Options) -> viseme::ConfigBuilder {
    let mut builder = Config::builder()
        .user_agent(concat!("viseme-cli/", env!("CARGO_PKG_VERSION")))
        .allow_http(options.allow_http);
    if let Some(url) = &options.base_url {
        builder = builder.base_url(url);
    }
    if let Some(retries) = options.max_retries {
        builder = builder.max_retries(retries);
    }
    if let Some(time) = options.poll_every {
        builder = builder.pacing(Pacing::every(time));
    }
    if let Some(path) = &options.pacing_file {
        builder = builder.pacing_file(path);
    }
    builder
}

/// A mock server that ends with the command, and a client for it.
pub(crate) struct Offline {
    pub(crate) client: Client,
    /// Says that nothing is sent to the service.
    pub(crate) notice: String,
    _server: MockServer,
}

/// Starts a mock server.
pub(crate) async fn offline(options: &Options) -> Result<Offline> {
    let server = MockServer::builder()
        .output(OutputMode::Dubbed)
        .start()
        .await
        .map_err(|error| Failure::local("start the mock server", &error))?;
    let notice = format!(
        "Offline: using a mock server at {}; the output is the input video with the input voice.",
        server.url()
    );
    let world = server.world();
    let mut config = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        // The mock's jobs take seconds, not minutes.
        .pacing(Pacing::every(options.poll_every.unwrap_or(Duration::from_millis(400))));
    if let Some(retries) = options.max_retries {
        config = config.max_retries(retries);
    }
    Ok(Offline { client: Client::new(config.build()?)?, notice, _server: server })
}
