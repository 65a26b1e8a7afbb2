//! The types that cross between native code and a host language.
//!
//! They are plain data: ids are text, durations are numbers of milliseconds, and moments are
//! milliseconds since 1970. Incoming types reject unknown fields. The TypeScript and the Python
//! types of the same data are generated from these definitions (`cargo xtask generate`).

mod account;
mod batch;
mod dub;
mod event;
mod fit;
mod ledger;
mod request;
mod result;
mod settings;
#[cfg(test)]
mod words;

use std::time::{Duration, SystemTime};

pub use account::{
    BillingData, BillingFilterData, DailyUsage, HistoryFilterData, Model, ModelUsage, Price, Usage,
};
pub use batch::{
    BatchEnd, BatchItem, BatchManifest, BatchOptions, BatchStart, BatchStopReason, BatchSummary,
};
pub use dub::{
    DubLength, DubOptions, DubPlan, DubPreset, DubResult, DubSegment, DubSegmentKind, DubStage,
    DubUpdate,
};
pub use event::{
    DownloadProgress, ErrorData, Message, OpenJobs, ProgressData, RunManyEvent, RunManyItem,
    UploadProgress,
};
pub use fit::{FitOptions, FitResult, FitStep, FittedFile};
pub use ledger::{LedgerState, LedgerSubmit};
pub(crate) use request::{Contents, pairs};
pub use request::{
    FieldData, Headers, InputData, JobRequest, MediaBytes, MediaData, Request, RunOptions,
    WebhookVerification,
};
pub use result::{
    DeliveryData, DownloadedFile, Fix, MediaInfo, OutputData, PredictionData, Report,
    SubmitRecordData, Violation,
};
pub use settings::{Backoff, ClientConfig, ClientSettings, Pacing, SubmitLimits, Tier};

/// Returns a duration as milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Returns a moment as milliseconds since 1970.
pub(crate) fn unix_millis(moment: SystemTime) -> f64 {
    match moment.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    }
}

/// Reads a parameter that is a duration. One that is too long to represent has no limit.
pub(crate) fn duration(parameter: &str, millis: f64) -> Result<Duration, Box<ErrorData>> {
    if millis.is_nan() || millis < 0.0 {
        let message =
            format!("`{parameter}` must be a non-negative number of milliseconds, got {millis}.");
        return Err(ErrorData::new("config", message));
    }
    Ok(Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(Duration::MAX))
}

/// Reads a parameter that is a moment.
pub(crate) fn moment(parameter: &str, millis: f64) -> Result<SystemTime, Box<ErrorData>> {
    Duration::try_from_secs_f64(millis / 1000.0)
        .ok()
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since))
        .ok_or_else(|| {
            let message = format!("`{parameter}` must be a time after 1970.");
            ErrorData::new("invalid_input", message)
        })
}
