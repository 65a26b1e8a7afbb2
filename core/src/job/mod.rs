//! The life of a job, as pure decisions.

mod status;

pub use status::Status;
