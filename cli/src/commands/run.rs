//! `viseme run`.

use std::ops::ControlFlow;
use std::sync::Arc;

use viseme::AudioToVideo;

use super::{deliver, interruptible, listener};
use crate::args::{Options, Run};
use crate::connect;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::show::Show;

pub(crate) async fn run(options: &Options, run: Run) -> Result<Ending> {
    // The server lives as long as the run.
    let (client, _server) = if run.offline {
        let offline = connect::offline().await?;
        (offline.client, Some(offline.server))
    } else {
        (connect::online(options)?, None)
    };
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Before);
    let mut work = client
        .run(AudioToVideo::from(run.input))
        .check_media(!run.no_check)
        .on_progress(listener(&show, &stages));
    if let Some(deadline) = run.deadline.deadline {
        work = work.deadline(deadline);
    }
    match interruptible(work, &stages, &show, options.json).await? {
        ControlFlow::Continue(prediction) => {
            deliver(&client, &prediction, run.out.as_deref(), options.json).await
        }
        ControlFlow::Break(ending) => Ok(ending),
    }
}
