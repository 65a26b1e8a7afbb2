//! `viseme mock`.

use serde_json::json;
use viseme_mock::{DEFAULT_KEY, MockServer, Scenario};

use crate::args::Mock;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::interrupt::interrupt;

pub(crate) async fn mock(mock: Mock) -> Result<Ending> {
    let scenario = match &mock.scenario {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::local(format_args!("read the scenario {}", path.display()), &error)
            })?;
            Scenario::parse(&text).map_err(Failure::Local)?
        }
        None => Scenario::default(),
    };
    let server = MockServer::builder()
        .port(mock.port)
        .scenario(scenario)
        .start()
        .await
        .map_err(|error| Failure::local("start the mock server", &error))?;
    println!(
        "{}",
        json!({
            "url": server.url(),
            "port": server.port(),
            "version": env!("CARGO_PKG_VERSION"),
            "key": DEFAULT_KEY,
        })
    );
    eprintln!("In another shell:");
    eprintln!("  export WAVESPEED_BASE_URL={} WAVESPEED_API_KEY={DEFAULT_KEY}", server.url());
    eprintln!("Ctrl-C stops the server.");
    interrupt().await;
    Ok(Ending::Done)
}
