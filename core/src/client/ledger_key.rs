//! A key of the caller in the ledger.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;
use url::Url;

use super::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::{Claim, ClaimRequest, Ledger, LedgerEntry, LedgerError, LedgerKey};
use crate::media::Media;
use crate::model::{Input, InputValue};
use crate::protocol::{Prediction, SubmitRecord};

/// The maximum length of a key in bytes.
const MAX_KEY: usize = 512;

/// Query parameters of signed URLs, which differ each time a URL is signed.
const SIGNATURES: [&str; 6] =
    ["x-amz-signature", "x-goog-signature", "x-oss-signature", "signature", "sig", "expires"];

/// The caller's options of a submit with a key.
#[derive(Clone, Debug)]
pub(super) struct KeyOptions {
    pub(super) key: Arc<str>,
    pub(super) price: Option<u64>,
    pub(super) retry_failed: bool,
    pub(super) fingerprint: Option<String>,
}

impl KeyOptions {
    pub(super) fn new(key: impl Into<Arc<str>>) -> Self {
        Self { key: key.into(), price: None, retry_failed: false, fingerprint: None }
    }
}

/// Defines the methods that set the key of `Run` and `Submit`.
macro_rules! key_methods {
    () => {
        /// Makes the submit idempotent: at most one job is paid for with this key, in all processes that
        /// use the same ledger, even if they crash. If the ledger knows the key, nothing is uploaded or
        /// submitted: the job of the key is used, or searched for if its response was lost. The client
        /// needs a ledger; see [`ConfigBuilder::ledger`](crate::ConfigBuilder::ledger).
        ///
        /// # Errors
        /// Awaiting returns [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the key was
        /// used with another input, and [`ErrorKind::Ledger`](crate::ErrorKind::Ledger) if the ledger
        /// cannot be used. Nothing is sent then.
        pub fn key(mut self, key: impl Into<std::sync::Arc<str>>) -> Self {
            self.key = Some(super::ledger_key::KeyOptions::new(key));
            self
        }

        /// Sets whether a job of the [key](Self::key) that ended without a result is replaced by a new
        /// submit. Default `false`: the error of that job is returned again. Call it after `key`.
        pub fn retry_failed(mut self, retry: bool) -> Self {
            if let Some(key) = &mut self.key {
                key.retry_failed = retry;
            }
            self
        }

        /// Sets what identifies the input of the [key](Self::key) instead of a digest of its parameters and
        /// of the content of its media. Use it if the same work has another input each time, such as the
        /// URL of a new upload. Call it after `key`.
        pub fn fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
            if let Some(key) = &mut self.key {
                key.fingerprint = Some(fingerprint.into());
            }
            self
        }

        /// Sets what the job costs, in millionths of a US dollar. The ledger records it, and a
        /// ledger with a limit of cost needs it. Call it after `key`.
        pub fn price_micros(mut self, price: u64) -> Self {
            if let Some(key) = &mut self.key {
                key.price = Some(price);
            }
            self
        }
    };
}
pub(super) use key_methods;

/// Where a wait for a job starts.
pub(super) enum JobStart {
    /// With a response of the service.
    Submitted(Arc<Prediction>),
    /// With the job id only.
    Known(String),
}

/// A submit with a key. While it exists, other submits with the same key in this process wait.
pub(super) struct KeyedSubmit {
    entry: KeyEntry,
    fingerprint: Option<String>,
    options: KeyOptions,
    _lock: OwnedMutexGuard<()>,
}

/// A key in a ledger.
#[derive(Clone)]
pub(super) struct KeyEntry {
    ledger: Arc<dyn Ledger>,
    key: LedgerKey,
}

impl KeyEntry {
    /// Records how the job ended.
    pub(super) async fn settled(&self, prediction: &Prediction) {
        let recorded = self.ledger.settled(&self.key, &prediction.status).await;
        self.log(recorded, &prediction.id, "the end of the job");
    }

    async fn accepted(&self, job_id: &str) {
        let recorded = self.ledger.accepted(&self.key, job_id).await;
        self.log(recorded, job_id, "the job id");
    }

    /// The job is paid for, so that the run continues without the ledger.
    fn log(&self, recorded: Result<(), LedgerError>, job: &str, what: &str) {
        if let Err(error) = recorded {
            tracing::warn!(key = &*self.key.key, job, %error, "the ledger cannot record {what}");
        }
    }
}

impl KeyedSubmit {
    /// Returns the caller's options.
    pub(super) fn options(&self) -> &KeyOptions {
        &self.options
    }

    /// Returns what the ledger knows of the key.
    pub(super) async fn find(&self) -> Result<Option<LedgerEntry>> {
        self.entry.ledger.find(&self.entry.key).await.map_err(prevented)
    }

    /// Returns whether the key was used with this input. Media that are gone do not prevent the result
    /// of a job that was paid for.
    pub(super) fn has_input_of(&self, entry: &LedgerEntry) -> bool {
        self.fingerprint.as_ref().is_none_or(|own| *own == entry.fingerprint)
    }

    /// Waits for other submits with the key in this process.
    pub(super) async fn new(client: &Client, input: &Input, options: KeyOptions) -> Result<Self> {
        let Some(ledger) = client.ledger.clone() else {
            let message = "`key` needs a ledger. Set `ledger` when you create the client.";
            return Err(Error::new(ErrorKind::Config, message));
        };
        validate_key(&options.key)?;
        let key = LedgerKey::new(client.api.account()?, Arc::clone(&options.key));
        let lock = client.shared.key_locks.lock(&options.key).await;
        let fingerprint = match &options.fingerprint {
            Some(own) => Some(own.clone()),
            None => fingerprint(input).await,
        };
        let entry = KeyEntry { ledger, key };
        Ok(Self { entry, fingerprint, options, _lock: lock })
    }

    /// Lets other submits with the key continue, and returns the key for the wait that follows.
    pub(super) fn into_entry(self) -> KeyEntry {
        self.entry
    }

    /// Records the submit before it is sent. Returns the entry that prevents it, if there is one.
    pub(super) async fn claim(&self, record: &SubmitRecord) -> Result<Option<LedgerEntry>> {
        let Some(fingerprint) = &self.fingerprint else {
            let message = "The media of the input cannot be read.";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        };
        let claim = ClaimRequest {
            key: self.entry.key.clone(),
            fingerprint: fingerprint.clone(),
            record: record.clone(),
            price: self.options.price,
            retry_failed: self.options.retry_failed,
        };
        match self.entry.ledger.claim(&claim).await.map_err(prevented)? {
            Claim::Go => Ok(None),
            Claim::Taken(entry) => Ok(Some(entry)),
        }
    }

    /// Records the job.
    pub(super) async fn accepted(&self, job_id: &str) {
        self.entry.accepted(job_id).await;
    }

    /// Records that the service certainly did not accept the submit.
    pub(super) async fn refused(&self, error: &Error) {
        let KeyEntry { ledger, key } = &self.entry;
        if let Err(failure) = ledger.refused(key, error.message()).await {
            tracing::warn!(key = &*key.key, %failure, "the ledger cannot record the rejection");
        }
    }
}

fn prevented(error: LedgerError) -> Error {
    let message = format!("The submit was prevented, and nothing was sent: {error}");
    Error::new(ErrorKind::Ledger, message).with_source(error)
}

fn validate_key(key: &str) -> Result<()> {
    let is_valid =
        !key.trim().is_empty() && key.len() <= MAX_KEY && !key.contains(char::is_control);
    if is_valid {
        return Ok(());
    }
    let message = format!(
        "`key` must be text of 1 to {MAX_KEY} bytes without control characters, got {} bytes.",
        key.len()
    );
    Err(Error::new(ErrorKind::InvalidInput, message))
}

impl Client {
    /// Returns what identifies an input in a ledger: a digest of its model, its parameters and the content
    /// of its media. Use it as a [key](super::Run::key) if the same input shall be paid for once. Returns
    /// `None` if a file cannot be read.
    pub async fn ledger_fingerprint(&self, input: &Input) -> Option<String> {
        fingerprint(input).await
    }
}

/// Returns a digest of the model and the parameters. Files count by their content, so that a moved file
/// is the same input. Returns `None` if a file cannot be read.
async fn fingerprint(input: &Input) -> Option<String> {
    let input = input.clone();
    tokio::task::spawn_blocking(move || fingerprint_of(&input)).await.ok()?
}

fn fingerprint_of(input: &Input) -> Option<String> {
    let mut fields = serde_json::Map::new();
    for (name, value) in input.fields() {
        let value = match value {
            InputValue::Json(json) => json.clone(),
            InputValue::Media(media) => media_identity(media)?,
        };
        fields.insert(name.to_owned(), value);
    }
    // The fields of a `serde_json` object are sorted.
    let text = json!({"model": input.model(), "input": fields}).to_string();
    Some(hex(&Sha256::digest(text)))
}

fn media_identity(media: &Media) -> Option<Value> {
    Some(match media {
        Media::Url(url) if url.scheme() == "data" => {
            json!({"sha256": hex(&Sha256::digest(url.as_str()))})
        }
        Media::Url(url) => json!({"url": unsigned(url).as_str()}),
        Media::Bytes { content, .. } => json!({"sha256": hex(&Sha256::digest(content))}),
        Media::Path(path) => json!({"sha256": file_digest(path).ok()?}),
    })
}

/// Returns the URL without its query if that is a signature.
fn unsigned(url: &Url) -> Url {
    let is_signed =
        url.query_pairs().any(|(name, _)| SIGNATURES.contains(&name.to_ascii_lowercase().as_str()));
    let mut url = url.clone();
    if is_signed {
        url.set_query(None);
    }
    url
}

fn file_digest(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// Lets one submit at a time use a key.
#[derive(Default)]
pub(super) struct KeyLocks(Mutex<HashMap<Arc<str>, Arc<tokio::sync::Mutex<()>>>>);

impl KeyLocks {
    async fn lock(&self, key: &Arc<str>) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(Arc::clone(key)).or_default())
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_depends_on_the_content_of_media_and_not_on_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a.mp4"), folder.path().join("b.mp4"));
        std::fs::write(&a, "video").unwrap();
        std::fs::write(&b, "video").unwrap();
        let of = |media: Media| fingerprint_of(&Input::new("m").media("video", media));
        assert_eq!(of(Media::from(a.as_path())), of(Media::from(b.as_path())));
        assert_eq!(of(Media::from(a.as_path())), of(Media::bytes("c.mp4", &b"video"[..])));
        assert_ne!(of(Media::from(a.as_path())), of(Media::bytes("c.mp4", &b"other"[..])));
        assert_eq!(of(Media::from(folder.path().join("missing").as_path())), None);
    }

    #[test]
    fn the_fingerprint_ignores_the_order_of_parameters_and_the_signature_of_urls() {
        let of = |input: &Input| fingerprint_of(input).unwrap();
        let (a, b) =
            (Input::new("m").set("x", 1).set("y", 2), Input::new("m").set("y", 2).set("x", 1));
        assert_eq!(of(&a), of(&b));
        assert_ne!(of(&a), of(&Input::new("n").set("x", 1).set("y", 2)));
        assert_ne!(of(&a), of(&Input::new("m").set("x", 1)));
        let url = |url: &str| of(&Input::new("m").media("v", Media::Url(url.parse().unwrap())));
        assert_eq!(
            url("https://a.example/v.mp4?X-Amz-Signature=1"),
            url("https://a.example/v.mp4?X-Amz-Signature=2")
        );
        assert_ne!(url("https://a.example/v?id=1"), url("https://a.example/v?id=2"));
        // All of a data URL is content, also what looks like a query.
        assert_ne!(url("data:text/plain,a?sig=1"), url("data:text/plain,a?sig=2"));
    }

    #[test]
    fn a_key_is_visible_text_of_limited_length() {
        for (key, is_valid) in
            [("row-17", true), ("Zeile 17 ü", true), ("", false), (" ", false), ("a\nb", false)]
        {
            assert_eq!(validate_key(key).is_ok(), is_valid, "{key:?}");
        }
        assert!(validate_key(&"k".repeat(MAX_KEY)).is_ok());
        assert!(validate_key(&"k".repeat(MAX_KEY + 1)).is_err());
    }
}
