//! HTTP: how requests are sent and answers are understood.

mod api;
mod body;
mod download;
mod envelope;
mod failure;
mod file_name;
mod follow;
pub(crate) mod history;
mod part_file;
mod poll;
mod progress;
mod remote;
mod reqwest_transport;
mod retry_after;
mod submit;
mod ticket;
mod tls;
mod transport;
mod upload;
pub(crate) mod webhook_secret;

pub(crate) use api::Api;
pub use download::Saved;
pub(crate) use download::{Download, Downloads};
pub(crate) use history::NoPage;
pub(crate) use remote::{Found, RemoteMedia, Stopped};
pub(crate) use reqwest_transport::ReqwestTransport;
pub(crate) use transport::Transport;
pub(crate) use upload::{Content, OnBytes, UploadFile, Uploads};

use crate::job::parse as prediction;
