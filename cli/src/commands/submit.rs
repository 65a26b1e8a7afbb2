//! `viseme submit`.

use std::sync::Arc;

use super::{shown, submit_listener};
use crate::args::Submit;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::options::Options;
use crate::show::Show;
use crate::{connect, record, report};

pub(crate) async fn submit(options: &Options, submit: Submit) -> Result<Ending> {
    if let Some(path) = &options.record {
        record::require_writable(path)?;
    }
    let input = submit.input.read()?;
    let client = connect::online(options)?;
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Before);
    let mut work = client
        .submit(input)
        .check_media(!submit.submitting.no_check)
        .strict(submit.input.strict)
        .validate(submit.input.validate)
        .on_progress(submit_listener(options, &show, &stages));
    if let Some(url) = submit.submitting.webhook {
        work = work.webhook(url);
    }
    let job = shown(work, &stages, &show).await?;
    report::job(&job, options)?;
    Ok(Ending::Done)
}
