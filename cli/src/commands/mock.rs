//! `viseme mock`.

use std::path::{Path, PathBuf};

use serde_json::json;
use viseme_mock::{DEFAULT_KEY, MockServer, Scenario};

use crate::failure::{Failure, Outcome, Result, reason};
use crate::interrupt::interrupt;
use crate::options::Options;
use crate::output::{eprint_line, print_line};

#[derive(Debug, clap::Args)]
pub(crate) struct Mock {
    /// The port to listen on; 0 chooses a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// A scenario in YAML or JSON: how jobs proceed, and which requests fail.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
}

pub(crate) async fn mock(options: &Options, mock: Mock) -> Result<Outcome> {
    let scenario = mock.scenario.as_deref().map(read_scenario).transpose()?.unwrap_or_default();
    let server =
        MockServer::builder().port(mock.port).scenario(scenario).start().await.map_err(
            |error| Failure::local(format_args!("listen on port {}", mock.port), &error),
        )?;
    let stopped = interrupt();
    print_line(json!({
        "url": server.url(),
        "port": server.port(),
        "version": env!("CARGO_PKG_VERSION"),
        "key": DEFAULT_KEY,
    }))?;
    if !options.is_silent() {
        eprint_line("In another shell:");
        eprint_line(format_args!(
            "  export WAVESPEED_BASE_URL={} WAVESPEED_API_KEY={DEFAULT_KEY}",
            server.url()
        ));
        eprint_line("Press Ctrl-C to stop the server.");
    }
    stopped.await;
    Ok(Outcome::Done)
}

fn read_scenario(path: &Path) -> Result<Scenario> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let (path, why) = (path.display(), reason(&error));
        Failure::Usage(format!("Cannot read the scenario {path}: {why}."))
    })?;
    Scenario::parse(&text)
        .map_err(|message| Failure::Usage(format!("{}: {message}", path.display())))
}
