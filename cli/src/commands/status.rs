//! `viseme status`.

use serde_json::json;
use viseme::Output;

use crate::args::{JobArg, Options};
use crate::connect;
use crate::exit::Ending;
use crate::failure::Result;
use crate::size;

pub(crate) async fn status(options: &Options, job: JobArg) -> Result<Ending> {
    let client = connect::online(options)?;
    let prediction = client.job(&job.job).refresh().await?;
    if options.json {
        println!(
            "{}",
            json!({
                "job_id": prediction.id,
                "status": prediction.status,
                "prediction": prediction,
            })
        );
        return Ok(Ending::Done);
    }
    println!("{}", prediction.status);
    if !prediction.model.is_empty() {
        println!("model: {}", prediction.model);
    }
    if let Some(error) = &prediction.error {
        let code = prediction.code.map(|code| format!(" (code {code})")).unwrap_or_default();
        println!("error: {error}{code}");
    }
    if let Some(time) = prediction.execution_time.filter(|time| !time.is_zero()) {
        println!("took: {}", size::seconds(time));
    }
    for url in prediction.outputs.iter().filter_map(Output::url) {
        println!("output: {url}");
    }
    Ok(Ending::Done)
}
