//! Downloads of outputs.

use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use url::Url;

use super::Client;
use super::upload::closed;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{self, DownloadedFile};
use crate::media::probe::{BytesSource, probe};
use crate::protocol::{Output, Prediction};

/// The default of [`Download::max_bytes`]: 2 GiB.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// A download. It starts when it is awaited; [`Client::download`] creates it.
///
/// The client streams the file to a temporary name next to the target and renames it when it is
/// complete. An existing file is replaced; in a folder, the client chooses an unused name. An
/// interrupted download resumes. The API key is never sent.
#[must_use = "a download does nothing until it is awaited"]
pub struct Download {
    client: Client,
    source: Source,
    job_id: Option<String>,
    to: PathBuf,
    /// The name in a folder; `None` takes it from the output.
    name: Option<String>,
    max_bytes: u64,
    on_bytes: Option<Listener>,
}

/// What is downloaded.
enum Source {
    Url(String),
    /// An output without a URL.
    Inline(Output),
    /// The job has no output.
    None,
}

type Listener = Arc<dyn Fn(u64, Option<u64>) + Send + Sync>;

impl Download {
    pub(super) fn new(client: Client, url: String, to: PathBuf) -> Self {
        let source = Source::Url(url);
        Self { client, source, job_id: None, to, name: None, max_bytes: MAX_BYTES, on_bytes: None }
    }

    /// Downloads the first output with a URL, or the first output if none has one.
    pub(super) fn of_job(client: Client, prediction: &Prediction, to: PathBuf) -> Self {
        let with_url = prediction.outputs.iter().find(|output| output.url().is_some());
        let output = with_url.or(prediction.outputs.first());
        let source = output.map_or(Source::None, Source::of);
        let job_id = Some(prediction.id.clone());
        Self { client, source, job_id, to, name: None, max_bytes: MAX_BYTES, on_bytes: None }
    }

    /// Downloads all outputs: into a folder, or the first to a file and the others next to it under
    /// the same name with a number.
    pub(super) fn all_of_job(client: &Client, prediction: &Prediction, to: &Path) -> Vec<Self> {
        let download = |(index, output): (usize, &Output)| {
            let source = Source::of(output);
            let (to, name) = if index == 0 || to.is_dir() {
                (to.to_owned(), None)
            } else {
                let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
                let name = numbered_name(to, &source, index + 1);
                (folder.unwrap_or(Path::new(".")).to_owned(), Some(name))
            };
            Self {
                client: client.clone(),
                source,
                job_id: Some(prediction.id.clone()),
                to,
                name,
                max_bytes: MAX_BYTES,
                on_bytes: None,
            }
        };
        prediction.outputs.iter().enumerate().map(download).collect()
    }

    /// Returns the URL of the output, if it has one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match &self.source {
            Source::Url(url) => Some(url),
            Source::Inline(_) | Source::None => None,
        }
    }

    /// Limits the size of the output in bytes. Default: 2 GiB.
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Calls `listener` with the bytes received so far, and the total size in bytes if it is known.
    pub fn on_progress(
        mut self,
        listener: impl Fn(u64, Option<u64>) + Send + Sync + 'static,
    ) -> Self {
        self.on_bytes = Some(Arc::new(listener));
        self
    }

    async fn save(mut self) -> Result<DownloadedFile> {
        let job_id = self.job_id.take();
        self.fetch().await.map_err(|error| match job_id {
            Some(id) => error.with_job(id),
            None => error,
        })
    }

    async fn fetch(self) -> Result<DownloadedFile> {
        let url = match &self.source {
            Source::Url(url) => url,
            Source::Inline(output) => return self.save_inline(output).await,
            Source::None => {
                let message = "The job has no output to download.";
                return Err(Error::new(ErrorKind::Download, message));
            }
        };
        let url = Url::parse(url).map_err(|error| {
            let message = "Cannot download the output: its address is not a URL.";
            Error::new(ErrorKind::Download, message).with_source(error)
        })?;
        let _permit = self.client.shared.transfers.acquire().await.map_err(closed)?;
        let silent = |_: u64, _: Option<u64>| ();
        let download = http::Download {
            url,
            to: self.to,
            name: self.name,
            max_bytes: self.max_bytes,
            on_bytes: self.on_bytes.as_deref().unwrap_or(&silent),
        };
        self.client.shared.downloads.save(download).await
    }

    async fn save_inline(&self, output: &Output) -> Result<DownloadedFile> {
        let (content, name) = inline_file(output);
        if self.name.is_none() && !fits(&self.to, &name) {
            let message = format!(
                "The job has no output with a URL to download: its output is text, which is no file \
                 for {}. Save it to a folder or to `{name}`.",
                self.to.display()
            );
            return Err(Error::new(ErrorKind::Download, message));
        }
        let total = content.len() as u64;
        if total > self.max_bytes {
            let message =
                format!("The output is larger than `max_bytes` ({} bytes).", self.max_bytes);
            return Err(Error::new(ErrorKind::Download, message));
        }
        let saved = http::save(&content, &self.to, self.name.as_deref().unwrap_or(&name)).await?;
        if let Some(on_bytes) = &self.on_bytes {
            on_bytes(total, Some(total));
        }
        Ok(saved)
    }
}

impl Source {
    fn of(output: &Output) -> Self {
        output.url().map_or_else(|| Self::Inline(output.clone()), |url| Self::Url(url.to_owned()))
    }

    fn name(&self) -> String {
        match self {
            Self::Url(url) => {
                Url::parse(url).map(|url| http::safe_file_name(&url, None)).unwrap_or_default()
            }
            Self::Inline(output) => inline_file(output).1,
            Self::None => String::new(),
        }
    }
}

/// Returns the name of the n-th output if the first is saved as `first`: `x-2.mp4` for `x.mp4`.
fn numbered_name(first: &Path, source: &Source, number: usize) -> String {
    let text = |part: Option<&std::ffi::OsStr>| part.map(|it| it.to_string_lossy().into_owned());
    let stem = text(first.file_stem()).unwrap_or_default();
    let own = source.name();
    let extension = text(Path::new(&own).extension()).or_else(|| text(first.extension()));
    let name = match extension {
        Some(extension) => format!("{stem}.{extension}"),
        None => stem,
    };
    http::name_with_suffix(&name, &format!("-{number}"))
}

/// Returns whether an output with that name may be saved as `to`: text is not saved as a video.
fn fits(to: &Path, name: &str) -> bool {
    let is_text = name.ends_with(".txt") || name.ends_with(".json");
    !(is_text && http::is_media_name(to))
}

/// Returns the content of an output without a URL, and a file name for it: base64 media, text, or
/// JSON.
fn inline_file(output: &Output) -> (Bytes, String) {
    if let Some(media) = media_in(output) {
        return media;
    }
    let (text, name) = match output {
        Output::Text(text) | Output::Url(text) => (text.clone(), "output.txt"),
        Output::Json(value) => (value.to_string(), "output.json"),
    };
    (Bytes::from(text), name.to_owned())
}

/// Returns the media of a base64 output and its file name, or `None` for plain text.
fn media_in(output: &Output) -> Option<(Bytes, String)> {
    let content = Bytes::from(output.decode()?);
    let container = probe(&BytesSource::new(content.clone())).ok()?.container;
    container.kind()?;
    let name = format!("output.{}", container.extensions().first()?);
    Some((content, name))
}

impl IntoFuture for Download {
    type Output = Result<DownloadedFile>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.save().boxed()
    }
}
