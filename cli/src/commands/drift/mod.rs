//! `viseme drift`.

mod live;

use std::path::{Path, PathBuf};

use viseme_recorder::drift::{DriftReport, OpenApiDocument, compare};
use viseme_recorder::recording::{ReadError, Recording};

use crate::failure::{Failure, Outcome, Result};
use crate::options::Options;
use crate::output::print_line;

#[derive(Debug, clap::Args)]
pub(crate) struct DriftArgs {
    /// The folder of a recording that `viseme record` made. With --live, the folder for the report, which
    /// must not exist or be empty.
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Record a walk over the API of the service and compare it: requests that cost nothing, and one
    /// paid job of two bundled samples, whose price you confirm.
    #[arg(long)]
    pub(crate) live: bool,

    /// Pay for the job without asking.
    #[arg(long, short, requires = "live")]
    yes: bool,

    /// End with exit code 2 if there is a difference.
    #[arg(long)]
    fail: bool,
}

pub(crate) async fn drift(options: &Options, args: &DriftArgs) -> Result<Outcome> {
    if args.live {
        return live::live(options, args).await;
    }
    let report = report(&read_recording(&args.folder)?)?;
    print_report(options, &report)?;
    Ok(outcome(&report, args.fail))
}

/// Reads the recording in a folder.
pub(super) fn read_recording(folder: &Path) -> Result<Recording> {
    Recording::read(folder).map_err(|error| match error {
        ReadError::Io(error) => {
            Failure::local(format_args!("read the recording in {}", folder.display()), &error)
        }
        error => {
            Failure::Usage(format!("Cannot use the recording in {}: {error}.", folder.display()))
        }
    })
}

/// Compares a recording with the contract of this version.
pub(super) fn report(recording: &Recording) -> Result<DriftReport> {
    let document = OpenApiDocument::of_mock().map_err(|error| {
        Failure::Local(format!("The contract of this version is invalid: {error}."))
    })?;
    Ok(compare(&recording.exchanges, &document))
}

/// Prints a report, as text or as JSON.
pub(super) fn print_report(options: &Options, report: &DriftReport) -> Result<()> {
    if options.json {
        print_line(serde_json::json!(report))
    } else {
        print_line(report.to_string().trim_end())
    }
}

/// The outcome of a comparison: a failure only if the user wants differences to be one.
pub(super) fn outcome(report: &DriftReport, fail: bool) -> Outcome {
    if fail && !report.differences.is_empty() { Outcome::Invalid } else { Outcome::Done }
}
