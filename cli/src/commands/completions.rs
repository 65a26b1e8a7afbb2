//! `viseme completions`.

use clap_complete::Shell;
use serde_json::json;

use crate::failure::{Outcome, Result};
use crate::options::Options;
use crate::output::{print_line, print_text};

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell that runs the script.
    shell: Shell,
}

/// Prints the script that completes the commands and options of `grammar`.
pub(crate) fn completions(
    options: &Options,
    args: &Completions,
    mut grammar: clap::Command,
) -> Result<Outcome> {
    let mut script = Vec::new();
    let name = grammar.get_name().to_owned();
    clap_complete::generate(args.shell, &mut grammar, name, &mut script);
    let script = String::from_utf8_lossy(&script);
    if options.json {
        print_line(json!({"shell": args.shell.to_string(), "script": script}))?;
    } else {
        print_text(&script)?;
    }
    Ok(Outcome::Done)
}
