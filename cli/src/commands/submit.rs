//! `viseme submit`.

use std::sync::Arc;

use viseme::AudioToVideo;

use super::{listener, shown};
use crate::args::Submit;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::options::Options;
use crate::show::Show;
use crate::terminal::print;
use crate::{connect, report};

pub(crate) async fn submit(options: &Options, submit: Submit) -> Result<Ending> {
    let client = connect::online(options)?;
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Before);
    let work = client
        .submit(AudioToVideo::from(submit.input))
        .check_media(!submit.no_check)
        .on_progress(listener(&show, &stages));
    let job = shown(work, &stages, &show).await?;
    match job.prediction() {
        Some(prediction) if options.json => print(report::state_json(prediction))?,
        _ => print(job.id())?,
    }
    Ok(Ending::Done)
}
