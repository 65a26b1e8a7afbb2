//! `viseme demo`.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{deliver, interruptible, listener};
use crate::args::{Demo, Options};
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::show::Show;
use crate::{connect, samples};

pub(crate) async fn demo(options: &Options, demo: Demo) -> Result<Ending> {
    let offline = connect::offline().await?;
    if !options.quiet {
        eprintln!("A face and a voice go through a whole job against a mock of the service.");
        eprintln!("mock server at {}", offline.server.url());
    }
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Before);
    let work = offline.client.run(samples::input()).on_progress(listener(&show, &stages));
    match interruptible(work, &stages, &show, options.json).await? {
        ControlFlow::Continue(prediction) => {
            let ending = deliver(&offline.client, &prediction, Some(&demo.out), options.json).await;
            if ending.is_ok() && !options.quiet {
                eprintln!(
                    "The mock gives back the video it was sent; with a key in WAVESPEED_API_KEY \
                     `viseme run` has the lips moved for real."
                );
            }
            ending
        }
        ControlFlow::Break(ending) => Ok(ending),
    }
}
