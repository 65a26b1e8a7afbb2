//! `viseme download`.

use std::sync::Arc;

use super::save;
use crate::args::Download;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::interrupt::Stage;
use crate::options::Options;
use crate::show::Show;
use crate::terminal::print;
use crate::{connect, report, target};

pub(crate) async fn download(options: &Options, download: Download) -> Result<Ending> {
    target::require_writable("--out", &download.out)?;
    let is_url = download.source.contains("://");
    let (work, stage) = if is_url {
        let client = connect::anonymous(options)?;
        (client.download(&download.source, &download.out), Stage::Nothing)
    } else {
        let client = connect::online(options)?;
        let job = client.job(&download.source);
        let prediction = job.refresh().await.map_err(Failure::question)?;
        if !prediction.status.is_terminal() {
            let status = prediction.status;
            return Err(Failure::Running { job_id: download.source, status });
        }
        // A job that failed has no output: its own error says more.
        let prediction = job.wait().await?;
        let stage = Stage::Download(prediction.id.clone());
        (client.download_output(&prediction, &download.out), stage)
    };
    let saved = save(work, stage, &Arc::new(Show::new(options))).await?;
    if options.json {
        print(report::saved_json(&saved))?;
    } else {
        print(saved.path.display())?;
    }
    Ok(Ending::Done)
}
