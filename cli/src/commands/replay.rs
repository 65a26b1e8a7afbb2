//! `viseme replay`.

use std::path::PathBuf;

use serde_json::json;
use viseme_recorder::scenario;

use super::drift::read_recording;
use crate::failure::{Failure, Outcome, Result};
use crate::options::{Options, quoted};
use crate::output::{eprint_line, print_line};
use crate::output_path;

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The folders of recordings that `viseme record` made. One is played as it was, several as a
    /// distribution of how long jobs take.
    #[arg(required = true, value_name = "DIR")]
    recordings: Vec<PathBuf>,

    /// Write the scenario to this file, which is replaced if it exists; `-` is standard output.
    #[arg(long, short, value_name = "FILE|-", default_value = "-")]
    out: PathBuf,
}

pub(crate) fn replay(options: &Options, args: &ReplayArgs) -> Result<Outcome> {
    let recordings = args.recordings.iter().map(|folder| read_recording(folder));
    let recordings = recordings.collect::<Result<Vec<_>>>()?;
    let text = scenario::to_yaml(&recordings);
    if output_path::is_stdout(&args.out) {
        if options.json {
            let message = "--json needs --out FILE: the scenario is YAML.";
            return Err(Failure::Usage(message.to_owned()));
        }
        print_line(text.trim_end())?;
        return Ok(Outcome::Done);
    }
    let doing = format!("write {}", args.out.display());
    std::fs::write(&args.out, &text).map_err(|error| Failure::local(doing, &error))?;
    if options.json {
        print_line(json!({ "scenario": args.out }))?;
    } else {
        print_line(args.out.display())?;
        if !options.is_silent() {
            let file = quoted(&args.out.to_string_lossy());
            eprint_line(format_args!("Play it: viseme mock --scenario {file}"));
        }
    }
    Ok(Outcome::Done)
}
