//! `viseme mock`.

use serde_json::json;
use viseme_mock::{DEFAULT_KEY, MockArgs, MockCommand, Signals, exec};

use crate::failure::{Failure, Outcome, Result};
use crate::options::Options;
use crate::output::{eprint_line, print_line};

pub(crate) async fn mock(options: &Options, mock: MockArgs) -> Result<Outcome> {
    let mut signals =
        Signals::listen().map_err(|error| Failure::local("receive signals", &error))?;
    let server = mock.server.start().await.map_err(Failure::Usage)?;
    if let Some(MockCommand::Exec { command }) = &mock.command {
        return match exec(&server, command, signals).await {
            Ok(code) => Ok(Outcome::Exit(code)),
            Err(error) => {
                eprint_line(format_args!("error: {}", error.message));
                Ok(Outcome::Exit(error.code))
            }
        };
    }
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
    mock.stopped(&mut signals).await;
    Ok(Outcome::Done)
}
