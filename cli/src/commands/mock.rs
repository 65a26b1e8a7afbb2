//! `viseme mock`.

use std::path::Path;

use serde_json::json;
use viseme_mock::{DEFAULT_KEY, MockServer, Scenario};

use crate::args::Mock;
use crate::exit::Ending;
use crate::failure::{Failure, Result, reason};
use crate::interrupt::interrupt;
use crate::options::Options;
use crate::terminal::{print, say};

pub(crate) async fn mock(options: &Options, mock: Mock) -> Result<Ending> {
    let scenario = mock.scenario.as_deref().map(read_scenario).transpose()?.unwrap_or_default();
    let server =
        MockServer::builder().port(mock.port).scenario(scenario).start().await.map_err(
            |error| Failure::local(format_args!("listen on port {}", mock.port), &error),
        )?;
    let stopped = interrupt();
    print(json!({
        "url": server.url(),
        "port": server.port(),
        "version": env!("CARGO_PKG_VERSION"),
        "key": DEFAULT_KEY,
    }))?;
    if !options.is_silent() {
        say("In another shell:");
        say(format_args!(
            "  export WAVESPEED_BASE_URL={} WAVESPEED_API_KEY={DEFAULT_KEY}",
            server.url()
        ));
        say("Ctrl-C stops the server.");
    }
    stopped.await;
    Ok(Ending::Done)
}

fn read_scenario(path: &Path) -> Result<Scenario> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let (path, why) = (path.display(), reason(&error));
        Failure::Usage(format!("The scenario {path} cannot be read: {why}."))
    })?;
    Scenario::parse(&text)
        .map_err(|message| Failure::Usage(format!("{}: {message}", path.display())))
}
