//! The command line's grammar.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::commands::delete::Delete;
use crate::commands::history::History;
use crate::commands::models::Models;
use crate::commands::price::Price;
use crate::commands::schema::Schema;
use crate::commands::webhook::Webhook;
use crate::input::InputArgs;

/// What stands below the options in the long help.
const AFTER_HELP: &str = "\
Results go to standard output, everything else to standard error.

Environment: WAVESPEED_API_KEY is the key; WAVESPEED_BASE_URL is where the API lives;
WAVESPEED_TIMEOUT is how long to wait, in seconds. docs/cli.md lists the others.

Exit codes:
    0  done
    1  the network or this machine failed
    2  wrong use, or input that breaks the model's rules: nothing was spent
    3  refused by the service, or a webhook that is not genuine
    4  the job failed, or the service ended it
    5  the job still ran when the waiting ended
    6  a submit whose fate is not known: a job may exist
  130  interrupted";

/// Moves the lips of a video to a voice, with Kling LipSync on WaveSpeedAI.
///
/// Try it without an account: `viseme demo`.
#[derive(Debug, Parser)]
#[command(name = "viseme", version, arg_required_else_help = true, after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print one JSON object to standard output, errors included; docs/cli.md has the shapes.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Say nothing while working; only the result or the error.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Log what the client does to standard error; the key is never in it.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,

    /// Where the API lives, in place of WAVESPEED_BASE_URL or the service itself.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Allow plain http to another machine: the key and the media can be read on the way.
    #[arg(long, global = true)]
    pub(crate) allow_http: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check, upload, submit and wait; save the output.
    Run(Run),
    /// Check a video and a voice against the model's rules; needs no key and spends nothing.
    Check(InputArgs),
    /// Upload one file and print its URL.
    Upload(Upload),
    /// Check, upload and submit; print the job's id and do not wait.
    Submit(Submit),
    /// Look for the job of a submit whose answer was lost; print the job's id. Spends nothing.
    Recover(Recover),
    /// Print the state of a job.
    Status(JobArg),
    /// Wait for a job that was submitted before.
    Wait(Wait),
    /// Download the output of a job, or a URL.
    Download(Download),
    /// Ask what a run would cost.
    Price(Price),
    /// List the service's models.
    Models(Models),
    /// Print what a model takes, as the service's catalogue has it.
    Schema(Schema),
    /// List past jobs, the newest first.
    History(History),
    /// Delete past jobs and their outputs, for good.
    Delete(Delete),
    /// Print what is left on the account.
    Balance,
    /// Run a mock of the service on this machine, for offline development.
    Mock(Mock),
    /// Look at webhooks.
    #[command(subcommand)]
    Webhook(Webhook),
    /// See a whole job from two files to a finished video, offline and without an account.
    Demo(Demo),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Save the video here: a file, which is replaced if it is there, or a folder. Without it, the
    /// output's URL is printed.
    #[arg(long, short, value_name = "FILE|FOLDER")]
    pub(crate) out: Option<PathBuf>,

    /// Run against a mock server of its own: no account, no network, no lips moved.
    #[arg(long, requires = "out", conflicts_with = "base_url")]
    pub(crate) offline: bool,

    #[command(flatten)]
    pub(crate) submitting: Submitting,

    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Submit {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    #[command(flatten)]
    pub(crate) submitting: Submitting,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Submitting {
    /// Upload the media even if they break the model's rules.
    #[arg(long)]
    pub(crate) no_check: bool,

    /// Have the service call this URL when the job has completed or failed: https, or http to this
    /// machine.
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<String>,

    /// Write what is submitted to this file just before it is sent. If the answer never comes, even
    /// because this program was killed, `viseme recover FILE` finds the job.
    #[arg(long, value_name = "FILE")]
    pub(crate) save_record: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Recover {
    /// The record: a file that `--save-record` wrote, or the JSON of exit code 6; `-` reads
    /// standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) record: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Upload {
    /// The file.
    pub(crate) file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct JobArg {
    /// The job's id.
    pub(crate) job: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Wait {
    /// The job's id.
    pub(crate) job: String,

    /// Save the video here: a file, which is replaced if it is there, or a folder. Without it, the
    /// output's URL is printed.
    #[arg(long, short, value_name = "FILE|FOLDER")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Waiting {
    /// How long to wait for the result, such as `90s`, `10m` or `1h 30m`; the job goes on after
    /// it. [default: WAVESPEED_TIMEOUT, else 1h]
    #[arg(long, value_parser = parse_time, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) deadline: Option<Duration>,

    /// How often to ask for the job's state, at least 0.1 s. [default: what fits the model]
    #[arg(long, value_parser = parse_interval, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) poll_every: Option<Duration>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Download {
    /// A job's id, or a URL.
    pub(crate) source: String,

    /// Save it here: a file, which is replaced if it is there, or a folder.
    #[arg(long, short, default_value = ".", value_name = "FILE|FOLDER")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Mock {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,

    /// A scenario in YAML or JSON: how jobs go, and what breaks.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Save the video here: a file, which is replaced if it is there, or a folder.
    #[arg(long, short, default_value = "viseme-demo.mp4", value_name = "FILE|FOLDER")]
    pub(crate) out: PathBuf,
}

/// A time with units, or a plain number of seconds.
pub(crate) fn parse_time(text: &str) -> Result<Duration, String> {
    let time = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    time.ok_or_else(|| "a time looks like `90s`, `10m` or `1h 30m`".to_owned())
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    let time = parse_time(text)?;
    if time < Duration::from_millis(100) { Err("at least 0.1s".to_owned()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn times() {
        assert_eq!(parse_time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_time("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_time("1h 30m"), Ok(Duration::from_secs(5400)));
        for text in ["-1", "soon", "", "nan", "1e300"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
        assert_eq!(parse_interval("100ms"), Ok(Duration::from_millis(100)));
        assert!(parse_interval("0").is_err());
    }
}
