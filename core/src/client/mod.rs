//! The client: every operation of the API starts here.

mod account;
mod catalogue;
mod check;
mod download;
mod idempotency;
mod job;
mod learning_wait;
mod ledger_key;
mod pacing_file;
mod pacing_store;
mod paginator;
mod poller;
mod prepare;
mod progress;
mod rate_limit;
mod recover;
mod remote;
mod run;
mod submission;
mod submit;
mod upload;
mod webhook;
mod webhook_inbox;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Semaphore;

pub use catalogue::PriceQuery;
pub use check::{Report, check};
pub use download::Download;
pub use job::{Job, Updates, Wait};
pub use paginator::Paginator;
pub use progress::Progress;
pub use recover::Recover;
use remote::RemoteChecks;
pub use run::{Run, RunMany, RunResult};
pub use submit::Submit;
pub use upload::Upload;

use self::ledger_key::KeyLocks;
use self::pacing_store::PacingStore;
use self::webhook::SecretCache;
use self::webhook_inbox::WebhookInbox;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigBuilder};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Api, Downloads, ReqwestTransport, Retry, Transport, Uploads};
use crate::ledger::{Account, Ledger};
use crate::media::Media;
use crate::model::{Input, describe, is_model_id};
use crate::protocol::{
    Backoff, Pacing, PollLimiter, Prediction, RecoveryPolicy, SubmitLimiter, SubmitPolicy,
    SubmitRegistry,
};

/// Maximum number of concurrent uploads and downloads; further ones queue.
const MAX_TRANSFERS: usize = 16;

/// The longest pause between two searches for a lost submit.
const LONGEST_SEARCH_PAUSE: Duration = Duration::from_secs(15);

/// A client of the service. Cheap to clone: all clones share connections and rate limits.
///
/// Await its futures inside a tokio runtime. You can drop every one of them at any time: that ends the
/// wait, never the paid job.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// Has the additional headers of this clone.
    api: Api,
    ledger: Option<Arc<dyn Ledger>>,
}

/// The state that all clones of a client share.
struct Shared {
    config: Config,
    uploads: Uploads,
    downloads: Downloads,
    transfers: Semaphore,
    /// `None` if the configuration turns them off.
    remote: Option<RemoteChecks>,
    clock: Arc<dyn Clock>,
    poll_limiter: Mutex<PollLimiter>,
    submit_registry: Mutex<SubmitRegistry>,
    submit_limiter: Mutex<SubmitLimiter>,
    running: Option<Semaphore>,
    model_cache: catalogue::ModelCache,
    webhook_inbox: Arc<WebhookInbox>,
    webhook_secret: SecretCache,
    key_locks: KeyLocks,
    /// `None` if the client does not learn how long jobs take.
    pacing_store: Option<PacingStore>,
}

impl Client {
    /// Creates a client with this configuration.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Config`] if TLS or the proxy cannot be set up, or if
    /// [`pacing_file`](ConfigBuilder::pacing_file) names a file that is not a pacing file.
    pub fn new(config: Config) -> Result<Self> {
        #[cfg(feature = "testing")]
        if config.virtual_clock {
            let clock = crate::clock::VirtualClock::new();
            let transport = Arc::new(ReqwestTransport::new(&config)?);
            let transport = crate::http::VirtualClockTransport::new(transport, clock.clone());
            return Self::assemble(config, Arc::new(transport), Arc::new(clock));
        }
        Self::with_machine_transport(config, Arc::new(SystemClock::new()))
    }

    /// Creates a client from the environment, which must contain `WAVESPEED_API_KEY`.
    ///
    /// # Errors
    /// The errors of [`Config::from_env`] and [`Client::new`].
    pub fn from_env() -> Result<Self> {
        Self::new(Config::from_env()?)
    }

    /// Returns a builder of a configuration. Call [`ConfigBuilder::build`], then [`Client::new`].
    pub fn builder() -> ConfigBuilder {
        Config::builder()
    }

    /// Replaces the API key (or the bearer token of a server of your own) for all further requests of
    /// all clones, including those of running operations.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Config`] if the key is empty or not valid in a header. The client then
    /// keeps the old key.
    pub fn set_api_key(&self, key: impl Into<String>) -> Result<()> {
        let key = key.into();
        let key = key.trim();
        if key.is_empty() {
            return Err(Error::new(ErrorKind::Config, "The new API key is empty."));
        }
        self.api.set_key(key.into())
    }

    /// Returns the account that pays for submits, as a [ledger](crate::ledger) records it.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Config`] if the client has no API key.
    pub fn ledger_account(&self) -> Result<Account> {
        self.api.account()
    }

    /// Returns a client that sends additional headers with every request to the API, such as a trace
    /// id. They replace the additional headers of this client, so an empty list removes them. Other
    /// hosts (storage, media, outputs) never receive them. Everything else is shared with this client.
    ///
    /// ```no_run
    /// # async fn example(client: viseme::Client, input: viseme::Input) -> viseme::Result<()> {
    /// let traced = client.with_headers([("X-Trace-Id", "4bf92f35")])?;
    /// let prediction = traced.run(input).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`ErrorKind::InvalidInput`] if a name or a value is not valid in a header, or if the
    /// client sets the header itself, such as `Authorization`.
    pub fn with_headers<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        Ok(Self { api: self.api.with_headers(headers)?, ..self.clone() })
    }

    /// Returns a client that records submits with a key in another ledger. Everything else is shared
    /// with this client.
    #[must_use]
    pub fn with_ledger(&self, ledger: impl Ledger) -> Self {
        Self { ledger: Some(Arc::new(ledger)), ..self.clone() }
    }

    /// Creates a client with another source of time and randomness.
    ///
    /// # Errors
    /// The errors of [`Client::new`].
    #[cfg(feature = "testing")]
    pub fn with_clock(config: Config, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::with_machine_transport(config, clock)
    }

    fn with_machine_transport(config: Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let transport = Arc::new(ReqwestTransport::new(&config)?);
        Self::assemble(config, transport, clock)
    }

    fn assemble(
        config: Config,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let api = Api::new(Arc::clone(&transport), &config)?;
        let ledger = config.ledger.clone();
        let shared = Shared {
            uploads: Uploads::new(Arc::clone(&transport), Arc::clone(&clock), &config),
            downloads: Downloads::new(transport, Arc::clone(&clock), &config),
            remote: RemoteChecks::new(&config, Arc::clone(&clock))?,
            transfers: Semaphore::new(MAX_TRANSFERS),
            webhook_inbox: Arc::default(),
            webhook_secret: SecretCache::default(),
            key_locks: KeyLocks::default(),
            pacing_store: PacingStore::new(&config)?,
            poll_limiter: Mutex::new(PollLimiter::new(config.max_polls_per_second)),
            submit_registry: Mutex::default(),
            submit_limiter: Mutex::new(SubmitLimiter::new(
                config.submit_limits.map(|limits| limits.per_minute),
            )),
            running: config.submit_limits.map(|limits| Semaphore::new(limits.concurrent.max(1))),
            model_cache: catalogue::ModelCache::default(),
            clock,
            config,
        };
        Ok(Self { shared: Arc::new(shared), api, ledger })
    }

    /// Checks, uploads, submits and waits. Returns the completed prediction.
    ///
    /// ```no_run
    /// # async fn example() -> viseme::Result<()> {
    /// use viseme::{AudioToVideo, Client};
    ///
    /// let client = Client::from_env()?;
    /// let prediction = client.run(AudioToVideo::new().audio("voice.mp3").video("face.mp4")).await?;
    /// println!("{:?}", prediction.output_url());
    /// # Ok(())
    /// # }
    /// ```
    pub fn run(&self, input: impl Into<Input>) -> Run {
        Run::new(self.clone(), input.into())
    }

    /// Runs many inputs, at most `limit` at the same time. Yields results as they are ready, each with
    /// the position of its input.
    ///
    /// ```no_run
    /// # async fn example() -> viseme::Result<()> {
    /// use viseme::{AudioToVideo, Client};
    ///
    /// let client = Client::from_env()?;
    /// let voices = ["hello.mp3", "goodbye.mp3"];
    /// let inputs = voices.map(|voice| AudioToVideo::new().audio(voice).video("face.mp4"));
    /// let mut results = client.run_many(inputs, 10);
    /// while let Some(done) = results.next().await {
    ///     println!("{}: {:?}", voices[done.index], done.result);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_many<I>(&self, inputs: I, limit: usize) -> RunMany
    where
        I: IntoIterator<Item: Into<Input> + 'static>,
        I::IntoIter: Send + 'static,
    {
        let inputs = inputs.into_iter().map(Into::into);
        RunMany::new(self.clone(), Box::new(inputs), limit)
    }

    /// Checks, uploads and sends the POST that costs money, at most once. Does not wait for the result.
    pub fn submit(&self, input: impl Into<Input>) -> Submit {
        Submit::new(self.clone(), input.into())
    }

    /// Checks an input against the rules of its model, without uploading or submitting anything. Reads
    /// parts of media behind URLs, unless [`ConfigBuilder::check_remote_media`] is off.
    ///
    /// # Errors
    /// Broken rules are in the report, not errors; see [`Report::into_result`].
    pub async fn check(&self, input: impl Into<Input>) -> Result<Report> {
        let input = input.into().with_defaults();
        Ok(check::validate_input(&input, true, self.shared.remote.as_ref()).await)
    }

    /// Checks an input as [`check`](Self::check) does, and against the model's schema in the service's
    /// live catalogue. Uploads nothing and costs nothing. Without the feature `schema-validation`,
    /// which is on by default, only the names of the schema are checked.
    ///
    /// # Errors
    /// Broken rules are in the report, not errors. Returns the errors of [`model`](Self::model).
    pub async fn validate(&self, input: impl Into<Input>) -> Result<Report> {
        let input = input.into().with_defaults();
        if !is_model_id(input.model()) {
            return self.check(input).await;
        }
        let model = self.model(input.model()).await?;
        let mut report = self.check(input.clone()).await?;
        report.add_live(&model, &input);
        Ok(report)
    }

    /// Uploads a media file. Returns its URL, which the service keeps for seven days.
    pub fn upload(&self, media: impl Into<Media>) -> Upload {
        Upload::new(self.clone(), media.into())
    }

    /// Returns a handle on a job that was submitted before, in this process or another.
    #[must_use]
    pub fn job(&self, id: impl AsRef<str>) -> Job {
        Job::known_by_id(self.clone(), id.as_ref())
    }

    /// Downloads an output to a file, or into an existing folder under a name taken from the URL.
    pub fn download(&self, url: impl Into<String>, to: impl Into<PathBuf>) -> Download {
        Download::new(self.clone(), url.into(), to.into())
    }

    /// Downloads the first output of a completed job that has a URL, or is media in base64; see
    /// [`download`](Self::download).
    ///
    /// # Errors
    /// Returns [`ErrorKind::Download`], with the job id, if there is no such output or it cannot be
    /// fetched or saved.
    pub fn download_output(&self, prediction: &Prediction, to: impl Into<PathBuf>) -> Download {
        Download::of_job(self.clone(), prediction, to.into())
    }

    /// Returns a download for each output of a completed job. In a folder each gets a name of its
    /// own. If `to` is a file, the first output is saved there and the others next to it, with a
    /// number: `x.mp4`, `x-2.mp4`. Outputs that are text or JSON are saved as well.
    pub fn download_outputs(&self, prediction: &Prediction, to: impl AsRef<Path>) -> Vec<Download> {
        Download::all_of_job(self, prediction, to.as_ref())
    }

    fn now(&self) -> Duration {
        self.shared.clock.now()
    }

    /// Returns the date and time by the client's clock.
    fn system_time(&self) -> SystemTime {
        self.shared.clock.system_time()
    }

    fn random(&self) -> f64 {
        self.shared.clock.random()
    }

    async fn sleep(&self, time: Duration) {
        if !time.is_zero() {
            self.shared.clock.sleep(time).await;
        }
    }

    /// Returns when to poll jobs of this model whose durations are not known yet.
    fn pacing(&self, model: &str) -> Pacing {
        self.shared.config.pacing.unwrap_or_else(|| Pacing::for_model(describe(model)))
    }

    /// Returns the retries of a request.
    fn retry(&self) -> Retry {
        Retry::new(Arc::clone(&self.shared.clock), &self.shared.config)
    }

    /// Returns how a submit is sent and, if its response is lost, searched for.
    fn submit_policy(&self, deadline: Duration) -> SubmitPolicy {
        let config = &self.shared.config;
        let recovery = (!config.recovery_window.is_zero()).then_some(RecoveryPolicy {
            window: config.recovery_window,
            backoff: Backoff { base: config.backoff.base, max: LONGEST_SEARCH_PAUSE },
        });
        SubmitPolicy { retry: config.retry_policy(), deadline, recovery }
    }

    fn submit_registry<T>(&self, change: impl FnOnce(&mut SubmitRegistry) -> T) -> T {
        change(&mut self.shared.submit_registry.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.shared.config).finish_non_exhaustive()
    }
}
