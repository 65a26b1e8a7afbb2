//! `viseme submit` and `viseme recover`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::fit::FitArgs;
use super::{listener, run_displayed, save_record};
use crate::failure::{Outcome, Phase, Result};
use crate::input::InputArgs;
use crate::interrupt::PhaseTracker;
use crate::options::{Options, SubmitArgs, parse_duration};
use crate::output::print_job;
use crate::progress::ProgressDisplay;
use crate::{client, record};

#[derive(Debug, clap::Args)]
pub(crate) struct Submit {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    #[command(flatten)]
    pub(crate) submit: SubmitArgs,

    #[command(flatten)]
    pub(crate) fit: FitArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Recover {
    /// The record: a file that `--save-record` wrote, or the JSON output of exit code 6; `-` is
    /// standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) record: PathBuf,

    /// A job that belongs to another submit; may be given several times.
    #[arg(long, value_name = "JOB_ID")]
    pub(crate) exclude: Vec<String>,

    /// How long after the time of the record the submit may have been sent. [default: at once]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) sent_within: Option<Duration>,

    /// Adopt the only job of the same model and time if the history contains no inputs. It may belong
    /// to another program of the account.
    #[arg(long)]
    pub(crate) match_by_time: bool,
}

pub(crate) async fn submit(options: &Options, submit: Submit) -> Result<Outcome> {
    if let Some(path) = &options.record {
        record::require_writable(path)?;
    }
    let input = submit.input.read()?;
    // The temporary files live until they are uploaded.
    let (input, _fitted) = submit.fit.apply_once(options, input, submit.input.strict).await?;
    let (client, key) = submit.submit.key_of(client::online(options)?).await?;
    let display = Arc::new(ProgressDisplay::new(options));
    let tracker = PhaseTracker::new(Phase::BeforeSubmit);
    let mut operation = client
        .submit(input)
        .check_media(!submit.submit.no_check)
        .strict(submit.input.strict)
        .validate(submit.input.validate)
        .on_progress(listener(&display, &tracker))
        .before_submit(save_record(options));
    if let Some(url) = submit.submit.webhook {
        operation = operation.webhook(url);
    }
    if let Some(key) = key {
        operation = operation.key(key).retry_failed(submit.submit.retry_failed);
    }
    let job = run_displayed(operation, &tracker, &display).await?;
    print_job(&job, options)?;
    Ok(Outcome::Done)
}

pub(crate) async fn recover(options: &Options, recover: Recover) -> Result<Outcome> {
    let record = record::read(&recover.record)?;
    let client = client::online(options)?;
    let display = ProgressDisplay::new(options);
    display.print("searching the history of the account for the job");
    let tracker = PhaseTracker::new(Phase::NoJob);
    let mut operation =
        client.recover(&record).exclude(recover.exclude).match_by_time(recover.match_by_time);
    if let Some(delay) = recover.sent_within {
        operation = operation.sent_within(delay);
    }
    let job = run_displayed(operation, &tracker, &display).await?;
    print_job(&job, options)?;
    Ok(Outcome::Done)
}
