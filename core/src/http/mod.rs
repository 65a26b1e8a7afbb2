//! HTTP: how requests are sent and responses are understood.

mod api;
mod atomic_file;
mod body;
mod direct_client;
mod download;
pub(crate) mod endpoints;
mod envelope;
mod error_mapping;
mod file_name;
mod forwarding;
mod full_response;
#[cfg(feature = "testing")]
pub(crate) mod fuzzing;
pub(crate) mod json_response;
mod legacy_upload;
mod lenient_json;
mod output_check;
mod presigned_upload;
mod progress;
mod proxy;
mod redactor;
mod redirects;
mod remote;
mod reqwest_transport;
mod retry;
mod retry_after;
mod ssrf;
mod tls;
mod transport;
mod upload;
#[cfg(feature = "testing")]
mod virtual_clock;

pub(crate) use api::{Api, RequestPermit};
pub use atomic_file::DownloadedFile;
pub(crate) use atomic_file::save;
pub(crate) use download::{Download, Downloads};
pub(crate) use file_name::{name_with_suffix, safe_file_name};
pub use forwarding::{Forwarding, forwarding_failure};
pub(crate) use output_check::is_media_name;
pub(crate) use remote::{ProbeError, ProbeResult, RemoteMedia};
pub(crate) use reqwest_transport::ReqwestTransport;
pub(crate) use retry::{RequestFailure, Retry, retry_after};
pub(crate) use transport::Transport;
pub(crate) use upload::{Content, OnBytes, UploadFile, Uploads};
#[cfg(feature = "testing")]
pub(crate) use virtual_clock::VirtualClockTransport;
