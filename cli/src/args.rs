//! The grammar of the command line.

use clap::{Parser, Subcommand};

use crate::commands::account::{Delete, History};
use crate::commands::batch::BatchCommand;
use crate::commands::check::Check;
use crate::commands::completions::Completions;
use crate::commands::doctor::Doctor;
use crate::commands::drift::DriftArgs;
use crate::commands::dub::DubArgs;
use crate::commands::fit::Fit;
use crate::commands::job::{Download, Status, Wait};
use crate::commands::ledger::LedgerCommand;
use crate::commands::man::Man;
use crate::commands::mcp::Mcp;
use crate::commands::models::{Models, Price, Schema};
use crate::commands::playground::PlaygroundArgs;
use crate::commands::record::RecordArgs;
use crate::commands::replay::ReplayArgs;
use crate::commands::run::{Demo, Run};
use crate::commands::submit::{Recover, Submit};
use crate::commands::upload::Upload;
use crate::commands::webhook::Webhook;
use crate::options::{Options, PacingArgs, parse_whole};

/// The text below the options in the long help.
const AFTER_HELP: &str = "\
Results go to standard output, everything else to standard error.

Environment: WAVESPEED_API_KEY is the API key, WAVESPEED_BASE_URL the URL of the API, and
WAVESPEED_TIMEOUT how long to wait, in seconds. docs/cli.md lists the others.

Exit codes:
    0  success
    1  the network or this machine failed
    2  wrong usage or invalid input: nothing was charged
    3  rejected by the service, or a webhook that is not genuine
    4  the job failed, or the service cancelled it
    5  the job was still running when the wait ended
    6  the response to a submit was lost: a job may exist
  130  interrupted";

/// Lip-sync a video to an audio track with Kling LipSync on WaveSpeedAI.
///
/// Try it without an account: `viseme demo`.
#[derive(Debug, Parser)]
#[command(name = "viseme", version, arg_required_else_help = true, after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print one JSON object to standard output, also for errors; docs/cli.md documents it.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print only the result or the error.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Log the client's requests to standard error. The log never contains the API key.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,

    /// The URL of the API. [default: WAVESPEED_BASE_URL, or else https://api.wavespeed.ai]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Allow plain http to another machine. Everyone on the way can read the key and the media.
    #[arg(long, global = true)]
    pub(crate) allow_http: bool,

    /// How often to retry a request after a temporary failure. [default: 11 for the polls of a wait,
    /// 4 for other requests]
    #[arg(long, global = true, value_name = "N", value_parser = parse_whole::<u32>, allow_hyphen_values = true)]
    pub(crate) max_retries: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check, upload, submit and wait; save the output.
    Run(Run),
    /// Check a video and an audio track, or one of them; needs no API key and costs nothing.
    Check(Check),
    /// Make a video and an audio track acceptable for the model, or one of them. Needs ffmpeg and no API
    /// key, and costs nothing.
    Fit(Fit),
    /// Upload a file and print its URL.
    Upload(Upload),
    /// Check, upload and submit; print the job's id and do not wait.
    Submit(Submit),
    /// Find the job of a submit whose response was lost; print the job's id. Costs nothing.
    Recover(Recover),
    /// List the submits of a ledger, and decide about those with an unknown outcome.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Run many rows of a manifest: resumable, with a limit of cost, each paid for once.
    #[command(subcommand)]
    Batch(BatchCommand),
    /// Lip-sync a clip of any length: cut it, run its segments, and join the results. Resumable.
    Dub(Box<DubArgs>),
    /// Print the status of a job.
    Status(Status),
    /// Wait for a job that was submitted before.
    Wait(Wait),
    /// Download the output of a job, or a URL.
    Download(Download),
    /// Print the price of a run.
    Price(Price),
    /// List the models of the service.
    Models(Models),
    /// Print the parameters of a model.
    Schema(Schema),
    /// List past jobs, the newest first.
    History(History),
    /// Delete past jobs and their outputs permanently.
    Delete(Delete),
    /// Print the balance of the account.
    Balance,
    /// Run a mock of the service on this machine for offline development.
    Mock(viseme_mock::MockArgs),
    /// Record what the service answers to any client, without keys: a proxy on this machine.
    Record(RecordArgs),
    /// Write the scenario that lets the mock play recordings again.
    Replay(ReplayArgs),
    /// Compare a recording with the API contract that viseme and its mock are built on.
    Drift(DriftArgs),
    /// Open a web page on this machine to try the models: choose a face and a voice, run, and play.
    Playground(PlaygroundArgs),
    /// Verify webhooks.
    #[command(subcommand)]
    Webhook(Webhook),
    /// Run a complete job on two bundled samples against a local mock server.
    Demo(Demo),
    /// Find out why this machine cannot use the service: key, proxy, certificates, clock, ffmpeg.
    Doctor(Doctor),
    /// Serve the commands as tools for an agent (MCP) on standard input and output.
    Mcp(Mcp),
    /// Print a script that completes commands and options in a shell.
    Completions(Completions),
    /// Write the manual pages of all commands to a folder.
    Man(Man),
}

impl Args {
    /// Returns why the options cannot be used with the command: it has no use for one of them.
    pub(crate) fn unused_option(&self) -> Option<String> {
        let base_url = (self.base_url.is_some(), "--base-url");
        let allow_http = (self.allow_http, "--allow-http");
        let max_retries = (self.max_retries.is_some(), "--max-retries");
        let pacing_file = |args: &PacingArgs| (args.pacing_file.is_some(), "--pacing-file");
        let (command, unused) = match &self.command {
            Command::Mock(_) => ("viseme mock", vec![base_url, allow_http, max_retries]),
            Command::Demo(_) => ("viseme demo", vec![base_url, allow_http]),
            Command::Run(run) if run.offline => {
                ("viseme run --offline", vec![allow_http, pacing_file(&run.pacing)])
            }
            Command::Dub(dub) if dub.offline => {
                ("viseme dub --offline", vec![base_url, allow_http, pacing_file(&dub.pacing)])
            }
            // `--base-url` has a message of its own there.
            Command::Playground(playground) if !playground.live => {
                ("viseme playground", vec![allow_http, max_retries])
            }
            _ => return None,
        };
        let (_, option) = unused.into_iter().find(|(is_given, _)| *is_given)?;
        Some(format!(
            "`{option}` has no effect on `{command}`, which uses a mock server. Leave it out."
        ))
    }
}

impl From<&Args> for Options {
    fn from(args: &Args) -> Self {
        let common = Self {
            json: args.json,
            quiet: args.quiet,
            verbose: args.verbose,
            base_url: args.base_url.clone(),
            allow_http: args.allow_http,
            max_retries: args.max_retries,
            ..Self::default()
        };
        match &args.command {
            Command::Run(run) => Self {
                offline: run.offline,
                out: run.wait.out.clone(),
                poll_every: run.wait.poll_every,
                pacing_file: run.pacing.pacing_file.clone(),
                record: run.submit.save_record.clone(),
                media_options: run.input.media_options(),
                fits_media: run.fit.is_given(),
                strict: run.input.strict,
                ..common
            },
            Command::Submit(submit) => Self {
                record: submit.submit.save_record.clone(),
                media_options: submit.input.media_options(),
                fits_media: submit.fit.is_given(),
                strict: submit.input.strict,
                ..common
            },
            Command::Price(price) => Self { media_options: price.input.media_options(), ..common },
            Command::Check(check) => Self {
                media_options: check.input.media_options(),
                strict: check.input.strict,
                ..common
            },
            Command::Fit(fit) => Self {
                media_options: fit.input.media_options(),
                fits_media: true,
                strict: fit.input.strict,
                ..common
            },
            Command::Recover(recover) => Self { record: Some(recover.record.clone()), ..common },
            Command::Wait(wait) => {
                Self { out: wait.wait.out.clone(), poll_every: wait.wait.poll_every, ..common }
            }
            Command::Download(download) => Self { out: Some(download.out.clone()), ..common },
            Command::Batch(BatchCommand::Run(run)) => Self {
                poll_every: run.poll_every,
                pacing_file: run.pacing.pacing_file.clone(),
                fits_media: run.manifest.fit.is_given(),
                strict: run.manifest.strict,
                ..common
            },
            Command::Batch(BatchCommand::Check(check)) => Self {
                fits_media: check.manifest.fit.is_given(),
                strict: check.manifest.strict,
                ..common
            },
            Command::Dub(dub) => Self {
                offline: dub.offline,
                poll_every: dub.poll_every,
                pacing_file: dub.pacing.pacing_file.clone(),
                ..common
            },
            Command::Record(record) => {
                Self { base_url: record.upstream.clone().or(common.base_url), ..common }
            }
            Command::Mcp(mcp) => Self {
                poll_every: mcp.poll_every,
                pacing_file: mcp.pacing.pacing_file.clone(),
                ..common
            },
            Command::Demo(demo) => Self { offline: true, out: Some(demo.out.clone()), ..common },
            _ => common,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_valid() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}
