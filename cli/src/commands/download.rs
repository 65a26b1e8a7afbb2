//! `viseme download`.

use std::ops::ControlFlow;

use super::interruptible;
use crate::args::{Download, Options};
use crate::connect;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::report;
use crate::show::Show;

pub(crate) async fn download(options: &Options, download: Download) -> Result<Ending> {
    let is_url = download.source.contains("://");
    let (work, stage) = if is_url {
        let client = connect::anonymous(options)?;
        (client.download(&download.source, &download.out), Stage::Before)
    } else {
        let client = connect::online(options)?;
        let prediction = client.job(&download.source).refresh().await?;
        (client.download_output(&prediction, &download.out), Stage::Job(prediction.id.clone()))
    };
    match interruptible(work, &Stages::new(stage), &Show::Nothing, options.json).await? {
        ControlFlow::Continue(saved) => {
            if options.json {
                println!("{}", report::saved_json(&saved));
            } else {
                println!("{}", saved.path.display());
            }
            Ok(Ending::Done)
        }
        ControlFlow::Break(ending) => Ok(ending),
    }
}
