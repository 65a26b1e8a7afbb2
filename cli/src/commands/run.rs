//! `viseme run`.

use std::sync::Arc;

use super::{deliver, shown, submit_listener};
use crate::args::Run;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::options::Options;
use crate::show::Show;
use crate::{connect, record, target};

pub(crate) async fn run(options: &Options, run: Run) -> Result<Ending> {
    if let Some(out) = &options.out {
        target::require_writable("--out", out)?;
    }
    if let Some(path) = &options.record {
        record::require_writable(path)?;
    }
    let input = run.input.read()?;
    // The server lives as long as the run.
    let offline = if run.offline { Some(connect::offline(options).await?) } else { None };
    let client = match &offline {
        Some(offline) => offline.client.clone(),
        None => connect::online(options)?,
    };
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Before);
    let mut work = client
        .run(input)
        .check_media(!run.submitting.no_check)
        .strict(run.input.strict)
        .validate(run.input.validate)
        .on_progress(submit_listener(options, &show, &stages));
    if let Some(url) = run.submitting.webhook {
        work = work.webhook(url);
    }
    if let Some(deadline) = run.waiting.deadline {
        work = work.deadline(deadline);
    }
    let prediction = shown(work, &stages, &show).await?;
    deliver(&client, &prediction, options, &show).await
}
