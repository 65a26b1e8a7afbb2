//! The client of a command, over the network or over a mock of its own.

use std::time::Duration;

use viseme::{Client, Config, Pacing};
use viseme_mock::MockServer;

use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::terminal::say;

/// The client of the service, set up from the environment.
pub(crate) fn online(options: &Options) -> viseme::Result<Client> {
    Client::new(config(options).build()?)
}

/// A client that needs no key: for downloads.
pub(crate) fn anonymous(options: &Options) -> viseme::Result<Client> {
    Client::new(config(options).anonymous().build()?)
}

fn config(options: &Options) -> viseme::ConfigBuilder {
    let mut builder = Config::builder()
        .user_agent(concat!("viseme-cli/", env!("CARGO_PKG_VERSION")))
        .allow_http(options.allow_http);
    if let Some(url) = &options.base_url {
        builder = builder.base_url(url);
    }
    if let Some(time) = options.poll_every {
        builder = builder.pacing(Pacing::every(time));
    }
    builder
}

/// A mock server of the command's own, which ends with it, and a client of it.
pub(crate) struct Offline {
    pub(crate) client: Client,
    _server: MockServer,
}

pub(crate) async fn offline(options: &Options) -> Result<Offline> {
    let server = MockServer::start()
        .await
        .map_err(|error| Failure::local("start the mock server", &error))?;
    if !options.is_silent() {
        say(format_args!(
            "Offline: a mock server at {} plays the service, and gives back the video as it is.",
            server.url()
        ));
    }
    let world = server.world();
    let config = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        // The mock's jobs take seconds, not minutes.
        .pacing(Pacing::every(options.poll_every.unwrap_or(Duration::from_millis(400))))
        .build()?;
    Ok(Offline { client: Client::new(config)?, _server: server })
}
