//! `viseme wait`.

use std::sync::Arc;

use super::{deliver, listener, shown};
use crate::args::Wait;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::options::Options;
use crate::show::Show;
use crate::{connect, target};

pub(crate) async fn wait(options: &Options, wait: Wait) -> Result<Ending> {
    if let Some(out) = &options.out {
        target::require_writable("--out", out)?;
    }
    let client = connect::online(options)?;
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Job(wait.job.clone()));
    let mut work = client.job(&wait.job).wait().on_progress(listener(&show, &stages));
    if let Some(deadline) = wait.waiting.deadline {
        work = work.deadline(deadline);
    }
    let prediction = shown(work, &stages, &show).await?;
    deliver(&client, &prediction, options, &show).await
}
