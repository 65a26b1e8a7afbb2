//! The reverse proxy.

mod access;
mod exchange;
mod handler;
mod headers;
mod refusal;
mod server;

pub(crate) use server::serve;
