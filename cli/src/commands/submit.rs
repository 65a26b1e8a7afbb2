//! `viseme submit`.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::json;
use viseme::AudioToVideo;

use super::{interruptible, listener};
use crate::args::{Options, Submit};
use crate::connect;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::show::Show;

pub(crate) async fn submit(options: &Options, submit: Submit) -> Result<Ending> {
    let client = connect::online(options)?;
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Before);
    let work = client
        .submit(AudioToVideo::from(submit.input))
        .check_media(!submit.no_check)
        .on_progress(listener(&show, &stages));
    match interruptible(work, &stages, &show, options.json).await? {
        ControlFlow::Continue(job) => {
            if options.json {
                println!("{}", json!({"job_id": job.id(), "prediction": job.prediction()}));
            } else {
                println!("{}", job.id());
            }
            Ok(Ending::Done)
        }
        ControlFlow::Break(ending) => Ok(ending),
    }
}
