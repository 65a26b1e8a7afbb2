//! HTTP: how requests are sent and answers are understood.

pub(crate) mod account;
mod api;
mod body;
mod download;
mod envelope;
mod failure;
mod file_name;
mod follow;
#[cfg(feature = "testing")]
pub(crate) mod fuzzing;
pub(crate) mod history;
mod legacy_upload;
mod part_file;
mod pauses;
mod poll;
mod progress;
pub(crate) mod read;
mod remote;
mod reqwest_transport;
mod retry_after;
mod save;
mod submit;
mod ticket;
mod tls;
mod transport;
mod upload;
#[cfg(feature = "testing")]
mod virtual_clock;
pub(crate) mod webhook_secret;

pub(crate) use api::{Api, Connection};
pub use download::DownloadedFile;
pub(crate) use download::{Download, Downloads};
pub(crate) use history::NoPage;
pub(crate) use remote::{Found, RemoteMedia, Stopped};
pub(crate) use reqwest_transport::ReqwestTransport;
pub(crate) use save::save;
pub(crate) use transport::Transport;
pub(crate) use upload::{Content, OnBytes, UploadFile, Uploads};
#[cfg(feature = "testing")]
pub(crate) use virtual_clock::VirtualClockTransport;

use crate::protocol::parse as prediction;
