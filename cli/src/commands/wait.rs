//! `viseme wait`.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{deliver, interruptible, listener};
use crate::args::{Options, Wait};
use crate::connect;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::show::Show;

pub(crate) async fn wait(options: &Options, wait: Wait) -> Result<Ending> {
    let client = connect::online(options)?;
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Job(wait.job.clone()));
    let mut work = client.job(&wait.job).wait().on_progress(listener(&show, &stages));
    if let Some(deadline) = wait.deadline.deadline {
        work = work.deadline(deadline);
    }
    match interruptible(work, &stages, &show, options.json).await? {
        ControlFlow::Continue(prediction) => {
            deliver(&client, &prediction, wait.out.as_deref(), options.json).await
        }
        ControlFlow::Break(ending) => Ok(ending),
    }
}
