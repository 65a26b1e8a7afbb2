//! The client of a command, over the network or over a mock of its own.

use std::time::Duration;

use viseme::{Client, Config, Pacing};
use viseme_mock::MockServer;

use crate::args::Options;
use crate::failure::{Failure, Result};

/// The client of the service, set up from the environment.
pub(crate) fn online(options: &Options) -> viseme::Result<Client> {
    Client::new(config(options).build()?)
}

/// A client that needs no key: for downloads.
pub(crate) fn anonymous(options: &Options) -> viseme::Result<Client> {
    Client::new(config(options).anonymous().build()?)
}

fn config(options: &Options) -> viseme::ConfigBuilder {
    let builder = Config::builder().user_agent(concat!("viseme-cli/", env!("CARGO_PKG_VERSION")));
    match &options.base_url {
        Some(url) => builder.base_url(url),
        None => builder,
    }
}

/// A mock server of the command's own, which ends with it, and a client of it.
pub(crate) struct Offline {
    pub(crate) server: MockServer,
    pub(crate) client: Client,
}

pub(crate) async fn offline() -> Result<Offline> {
    let server = MockServer::start()
        .await
        .map_err(|error| Failure::local("start the mock server", &error))?;
    let world = server.world();
    let config = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        // The mock's jobs take seconds, not minutes.
        .pacing(Pacing::every(Duration::from_millis(400)))
        .build()?;
    Ok(Offline { client: Client::new(config)?, server })
}
