//! `viseme mcp`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use viseme::Client;
use viseme_ledger::AnyLedger;
use viseme_mcp::Settings;

use crate::client;
use crate::failure::{Failure, Outcome, Result};
use crate::interrupt::interrupt;
use crate::options::{Options, PacingArgs, parse_interval};
use crate::state_folder::state_folder;

#[derive(Debug, clap::Args)]
pub(crate) struct Mcp {
    /// A folder whose files the tools may read and write; may be given several times. Relative paths begin
    /// in the first. [default: the roots of the client, or else the current folder]
    #[arg(long, value_name = "FOLDER")]
    folder: Vec<PathBuf>,

    /// The ledger of the paid runs: a file, or the URL of a PostgreSQL database for many machines.
    /// [default: a file for each API key in the folder of your user for the state of programs]
    #[arg(long, value_name = "FILE|URL")]
    ledger: Option<String>,

    /// How often to poll the status of a job, at least 0.1s. [default: what suits the model]
    #[arg(long, value_parser = parse_interval, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) poll_every: Option<Duration>,

    #[command(flatten)]
    pub(crate) pacing: PacingArgs,
}

pub(crate) async fn mcp(options: &Options, args: Mcp) -> Result<Outcome> {
    for folder in &args.folder {
        if !folder.is_dir() {
            let folder = folder.display();
            return Err(Failure::Usage(format!("{folder} is not a folder. Pass one that exists.")));
        }
    }
    // The tools that need no key work without one, and the others say what is missing.
    let client = match has_api_key() {
        true => client::online(options)?,
        false => client::anonymous(options)?,
    };
    let ledger = match args.ledger {
        Some(ledger) => Some(ledger),
        None => default_ledger(&client)?,
    };
    let folders = (!args.folder.is_empty()).then_some(args.folder);
    let settings = Settings { client, ledger, folders };
    // Standard output belongs to the protocol.
    let (input, output) = viseme_mcp::standard_streams();
    viseme_mcp::serve(settings, input, output, interrupt())
        .await
        .map_err(|error| Failure::Local(error.to_string()))?;
    Ok(Outcome::Done)
}

fn has_api_key() -> bool {
    std::env::var_os("WAVESPEED_API_KEY")
        .is_some_and(|key| !key.to_string_lossy().trim().is_empty())
}

/// Returns the ledger of the account: a ledger belongs to one API key. `None` without a key.
fn default_ledger(client: &Client) -> Result<Option<String>> {
    let Ok(account) = client.ledger_account() else { return Ok(None) };
    let folder = state_folder("mcp").ok_or_else(|| {
        Failure::Usage(
            "Cannot find a folder of your user for the ledger of paid runs. Pass --ledger FILE."
                .to_owned(),
        )
    })?;
    let create = std::fs::create_dir_all(&folder);
    create.map_err(|error| Failure::local(format!("create {}", folder.display()), &error))?;
    let digest = account.key_digest.get(..16).unwrap_or_default();
    let host: String =
        account.base_url.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    path_text(&folder.join(format!("{}-{digest}.db", host.trim_matches('-')))).map(Some)
}

fn path_text(path: &Path) -> Result<String> {
    let text = path.to_str().map(str::to_owned).filter(|text| !AnyLedger::is_url(text));
    text.ok_or_else(|| {
        Failure::Usage(format!("{} is not UTF-8 text. Pass --ledger FILE.", path.display()))
    })
}
