//! Driving: the driver's process, and what a case does with it.

mod evidence;
mod hooks;
mod process;
mod stage;

pub use evidence::{Evidence, StepRecord};
pub use hooks::Hooks;
pub use process::{Broken, Driver, Launch};
pub use stage::{Stage, run_case};
