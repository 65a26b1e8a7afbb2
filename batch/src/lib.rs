//! Runs the rows of a manifest as a batch: it resumes after a crash, has a limit of cost, and pays for
//! each row once.

mod batch;
mod check;
pub mod durable_file;
mod error;
mod folder;
mod item;
pub mod manifest;
mod options;
mod outcome;
mod output_file;
mod plan;
mod price;
mod report;
mod run;
mod runner;
#[cfg(feature = "postgres")]
mod shared_run;
mod store;
mod temporary;
mod uploads;

pub use batch::{Batch, PrepareInput};
pub use check::{Estimate, RowCheck};
pub use error::BatchError;
pub use folder::{BatchFolder, FITTED_FOLDER, LEDGER_FILE};
pub use item::{Item, ItemState};
pub use manifest::{Manifest, ManifestError, Row, RowError};
pub use options::{BatchOptions, OnUnknown};
pub use outcome::StopReason;
pub use report::Summary;
pub use run::BatchRun;
pub use runner::OnState;
pub use viseme_ledger::dollars;

/// The example of the guide is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../../docs/batches.md")]
struct Guide;
