//! One suite of cases for every client of the WaveSpeedAI API, and the harness that runs it.
//!
//! The cases, the error table and the list of features are data. Each client has a driver: a small
//! program that calls the client and reports the outcome. The harness starts a mock server, sends
//! the operations of each case to the driver, and compares the outcome with the case.

pub mod assertions;
pub mod case;
pub mod command;
pub mod contract;
pub mod fixtures;
pub mod mutants;
pub mod protocol;
pub mod report;
pub mod result;
pub mod runner;
pub mod suite;
