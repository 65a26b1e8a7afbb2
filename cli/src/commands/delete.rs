//! `viseme delete`.

use std::io::{self, BufRead as _, IsTerminal as _};

use serde_json::json;

use crate::connect;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::terminal::{print, say};

#[derive(Debug, clap::Args)]
pub(crate) struct Delete {
    /// The jobs' ids.
    #[arg(required = true)]
    jobs: Vec<String>,

    /// Do not ask. Deleting cannot be undone.
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn delete(options: &Options, delete: Delete) -> Result<Ending> {
    let count = delete.jobs.len();
    if !delete.yes && !confirmed(count)? {
        say("Nothing was deleted.");
        return Ok(Ending::Done);
    }
    let client = connect::online(options)?;
    let deleted = client.delete(delete.jobs).await.map_err(Failure::question)?;
    if options.json {
        print(json!({"asked": count, "deleted": deleted}))?;
    } else {
        print(format_args!("{deleted} of {count} deleted"))?;
    }
    Ok(Ending::Done)
}

/// Asks the person, where there is one.
fn confirmed(count: usize) -> Result<bool> {
    if !io::stdin().is_terminal() {
        let message = "Deleting cannot be undone, and there is nobody to ask: pass --yes.";
        return Err(Failure::Usage(message.to_owned()));
    }
    let what = if count == 1 { "this job" } else { "these jobs" };
    say(format_args!("Delete {what} and the outputs, for good? Type `yes`:"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Failure::local("read the answer", &error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
