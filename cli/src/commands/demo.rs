//! `viseme demo`.

use std::sync::Arc;

use super::{deliver, listener, shown};
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::options::Options;
use crate::show::Show;
use crate::terminal::say;
use crate::{connect, samples, target};

pub(crate) async fn demo(options: &Options) -> Result<Ending> {
    if let Some(out) = &options.out {
        target::require_writable("--out", out)?;
    }
    if !options.is_silent() {
        say("The samples, a face and a voice, go through a whole job.");
    }
    let offline = connect::offline(options).await?;
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Before);
    let work = offline.client.run(samples::input()).on_progress(listener(&show, &stages));
    let prediction = shown(work, &stages, &show).await?;
    let ending = deliver(&offline.client, &prediction, options, &show).await?;
    if !options.is_silent() {
        say("To have lips moved for real: set WAVESPEED_API_KEY, then `viseme run --help`.");
    }
    Ok(ending)
}
