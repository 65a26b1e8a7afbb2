//! Runs a case: the driver's process, the steps of the case, and the trace that they leave.

mod case_runner;
mod case_trace;
mod driver_process;
mod webhook_receiver;

pub use case_runner::{Environment, run_case};
pub use case_trace::{CaseTrace, StepRecord};
pub use driver_process::{Driver, DriverFailure, LaunchCommand};
pub use webhook_receiver::WebhookReceiver;
