//! Requests about the account: what is asked, and how the answers are read.

pub(crate) mod balance;
pub(crate) mod billings;
pub(crate) mod deletion;
pub(crate) mod models;
pub(crate) mod price;
pub(crate) mod usage;
