//! One file for each endpoint of the API: how to build its request and parse its response.

pub(crate) mod balance;
pub(crate) mod billings;
pub(crate) mod deletion;
pub(crate) mod history;
pub(crate) mod models;
pub(crate) mod poll;
pub(crate) mod price;
pub(crate) mod submit;
pub(crate) mod usage;
pub(crate) mod webhook_secret;
