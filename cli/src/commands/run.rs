//! `viseme run` and `viseme demo`.

use std::path::PathBuf;
use std::sync::Arc;

use viseme::{AudioToVideo, Media};

use super::fit::FitArgs;
use super::{listener, print_output, run_displayed, save_record};
use crate::failure::{Failure, Outcome, Phase, Result};
use crate::input::InputArgs;
use crate::interrupt::PhaseTracker;
use crate::options::{Options, PacingArgs, SubmitArgs, WaitArgs};
use crate::output::eprint_line;
use crate::progress::ProgressDisplay;
use crate::{client, output_path, record};

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Run against a local mock server, without an account and a network. The output is the input
    /// video with the input voice.
    #[arg(long, conflicts_with = "base_url")]
    pub(crate) offline: bool,

    #[command(flatten)]
    pub(crate) submit: SubmitArgs,

    #[command(flatten)]
    pub(crate) wait: WaitArgs,

    #[command(flatten)]
    pub(crate) pacing: PacingArgs,

    #[command(flatten)]
    pub(crate) fit: FitArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Save the video here: a file, which is replaced if it exists, or a folder.
    #[arg(long, short, default_value = "viseme-demo.mp4", value_name = "FILE|FOLDER")]
    pub(crate) out: PathBuf,
}

pub(crate) async fn run(options: &Options, run: Run) -> Result<Outcome> {
    output_path::require_output(options)?;
    if let Some(path) = &options.record {
        record::require_writable(path)?;
    }
    let input = run.input.read()?;
    output_path::require_other_than_input(options, &input)?;
    if run.offline && options.out.is_none() {
        let message = "--offline needs --out: the output ends with the mock server. Name a file, such as \
                       --out result.mp4.";
        return Err(Failure::Usage(message.to_owned()));
    }
    if run.offline && run.submit.ledger.is_some() {
        let message = "--offline takes no --ledger: the jobs end with the mock server. Leave one of them out.";
        return Err(Failure::Usage(message.to_owned()));
    }
    // The temporary files live until the run has ended.
    let (input, _fitted) = run.fit.apply_once(options, input, run.input.strict).await?;
    // The server lives until the run has ended.
    let offline = if run.offline { Some(client::offline(options).await?) } else { None };
    let client = match &offline {
        Some(offline) => offline.client.clone(),
        None => client::online(options)?,
    };
    let (client, key) = run.submit.key_of(client).await?;
    let display = Arc::new(ProgressDisplay::new(options));
    if let Some(offline) = &offline {
        // An invalid input ends the command before this is of interest.
        display.print_before_events(offline.notice.clone());
    }
    let tracker = PhaseTracker::new(Phase::BeforeSubmit);
    let mut operation = client
        .run(input)
        .check_media(!run.submit.no_check)
        .strict(run.input.strict)
        .validate(run.input.validate)
        .on_progress(listener(&display, &tracker))
        .before_submit(save_record(options));
    if let Some(url) = run.submit.webhook {
        operation = operation.webhook(url);
    }
    if let Some(key) = key {
        operation = operation.key(key).retry_failed(run.submit.retry_failed);
    }
    if let Some(deadline) = run.wait.deadline {
        operation = operation.deadline(deadline);
    }
    let prediction = run_displayed(operation, &tracker, &display).await?;
    print_output(&client, &prediction, options, &display).await
}

pub(crate) async fn demo(options: &Options) -> Result<Outcome> {
    output_path::require_output(options)?;
    if !options.is_silent() {
        eprint_line("Lip-syncing two bundled samples, a video and an audio track.");
    }
    let offline = client::offline(options).await?;
    let display = Arc::new(ProgressDisplay::new(options));
    display.print_before_events(offline.notice.clone());
    let tracker = PhaseTracker::new(Phase::BeforeSubmit);
    let operation = offline.client.run(samples()).on_progress(listener(&display, &tracker));
    let prediction = run_displayed(operation, &tracker, &display).await?;
    let outcome = print_output(&offline.client, &prediction, options, &display).await?;
    if !options.is_silent() {
        eprint_line("For a real lip-sync, set WAVESPEED_API_KEY and see `viseme run --help`.");
    }
    Ok(outcome)
}

/// The bundled samples.
pub(super) fn samples() -> AudioToVideo {
    use viseme_playground::samples::{FACE, VOICE};

    AudioToVideo::new()
        .audio(Media::bytes("voice.mp3", VOICE))
        .video(Media::bytes("face.mp4", FACE))
}
