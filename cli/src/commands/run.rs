//! `viseme run`.

use std::sync::Arc;

use viseme::AudioToVideo;

use super::{deliver, listener, shown};
use crate::args::Run;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::options::Options;
use crate::show::Show;
use crate::{connect, target};

pub(crate) async fn run(options: &Options, run: Run) -> Result<Ending> {
    if let Some(out) = &options.out {
        target::require_writable(out)?;
    }
    // The server lives as long as the run.
    let offline = if run.offline { Some(connect::offline(options).await?) } else { None };
    let client = match &offline {
        Some(offline) => offline.client.clone(),
        None => connect::online(options)?,
    };
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Before);
    let mut work = client
        .run(AudioToVideo::from(run.input))
        .check_media(!run.no_check)
        .on_progress(listener(&show, &stages));
    if let Some(deadline) = run.waiting.deadline {
        work = work.deadline(deadline);
    }
    let prediction = shown(work, &stages, &show).await?;
    deliver(&client, &prediction, options, &show).await
}
