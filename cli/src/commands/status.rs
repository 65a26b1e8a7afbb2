//! `viseme status`.

use viseme::Output;

use crate::args::JobArg;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::terminal::print;
use crate::{connect, report, size};

pub(crate) async fn status(options: &Options, job: JobArg) -> Result<Ending> {
    let client = connect::online(options)?;
    let prediction = client.job(&job.job).refresh().await.map_err(Failure::question)?;
    if options.json {
        print(report::state_json(&prediction))?;
        return Ok(Ending::Done);
    }
    print(&prediction.status)?;
    if !prediction.model.is_empty() {
        print(format_args!("model: {}", prediction.model))?;
    }
    if let Some(error) = &prediction.error {
        let code = prediction.code.map(|code| format!(" (code {code})")).unwrap_or_default();
        print(format_args!("error: {error}{code}"))?;
    }
    if let Some(time) = prediction.execution_time.filter(|time| !time.is_zero()) {
        print(format_args!("took: {}", size::seconds(time)))?;
    }
    for url in prediction.outputs.iter().filter_map(Output::url) {
        print(format_args!("output: {url}"))?;
    }
    Ok(Ending::Done)
}
