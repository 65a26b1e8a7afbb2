//! One suite of cases for every client of WaveSpeedAI's API, and the harness that runs it.
//!
//! Cases, the table of errors and the list of features are data. Each client has a driver, a small
//! program that does what it is told and reports what it saw; the harness starts a mock server,
//! runs the cases and judges.

pub mod case;
pub mod command;
pub mod contract;
pub mod drive;
pub mod fixtures;
pub mod judge;
pub mod mutants;
pub mod protocol;
pub mod report;
pub mod suite;
pub mod verdict;
