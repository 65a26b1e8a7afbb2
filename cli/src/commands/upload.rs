//! `viseme upload`.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use viseme::Progress;

use super::run_displayed;
use crate::client;
use crate::failure::{Outcome, Phase, Result};
use crate::interrupt::PhaseTracker;
use crate::options::Options;
use crate::output::print_line;
use crate::progress::ProgressDisplay;

#[derive(Debug, clap::Args)]
pub(crate) struct Upload {
    /// The file.
    file: PathBuf,
}

pub(crate) async fn upload(options: &Options, upload: Upload) -> Result<Outcome> {
    let client = client::online(options)?;
    let display = Arc::new(ProgressDisplay::new(options));
    let listener = {
        let display = Arc::clone(&display);
        move |sent, total| {
            display.on_event(&Progress::Uploading { field: "file".to_owned(), sent, total });
        }
    };
    let operation = client.upload(upload.file).on_progress(listener);
    let url = run_displayed(operation, &PhaseTracker::new(Phase::NoJob), &display).await?;
    if options.json {
        print_line(json!({"url": url.as_str()}))?;
    } else {
        print_line(url)?;
    }
    Ok(Outcome::Done)
}
