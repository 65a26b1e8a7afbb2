//! The client, as a host holds it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::StreamExt as _;
use tokio::sync::mpsc::UnboundedSender;
use viseme::{Client, Job, Media, Output, Prediction, Progress, Status, Wait};

use crate::error::NativeError;
use crate::event::NativeEvent;
use crate::input::{NativeInput, NativeMedia, NativeOptions};
use crate::prediction::NativeOutput;
use crate::runtime::runtime;
use crate::settings::NativeSettings;
use crate::task::{NativeTask, Told};

/// What a call that begins something gives.
type Started = Result<Arc<NativeTask>, NativeError>;

/// A client of the service.
#[derive(uniffi::Object)]
pub struct NativeClient {
    client: Client,
}

#[uniffi::export]
impl NativeClient {
    /// A client with these settings.
    #[uniffi::constructor]
    pub fn open(settings: NativeSettings) -> Result<Arc<Self>, NativeError> {
        let _within = runtime()?.enter();
        let client = Client::new(settings.build()?)?;
        Ok(Arc::new(Self { client }))
    }

    /// Uses another bearer token from now on.
    pub fn set_token(&self, token: String) -> Result<(), NativeError> {
        Ok(self.client.set_api_key(token)?)
    }

    /// Checks, uploads, submits and waits; the last event is the completed prediction.
    pub fn run(&self, input: NativeInput, options: NativeOptions) -> Started {
        let run = options.for_run(self.client.run(input.into_input()?));
        NativeTask::telling(|say| async move {
            Ok(NativeEvent::updated(&run.on_progress(tell(say)).await?))
        })
    }

    /// Checks, uploads and submits; the last event is the job's id.
    pub fn submit(&self, input: NativeInput, options: NativeOptions) -> Started {
        let submit = options.for_submit(self.client.submit(input.into_input()?));
        NativeTask::telling(
            |say| async move { Ok(submitted(&submit.on_progress(tell(say)).await?)) },
        )
    }

    /// Finds a submit whose answer was lost; the last event is the job's id.
    pub fn recover(&self, record: &str) -> Started {
        let record: viseme::SubmitRecord = serde_json::from_str(record).map_err(|why| {
            NativeError::input(format!("This is no record of a submit: {why}. Nothing was sent."))
        })?;
        let client = self.client.clone();
        NativeTask::telling(|_| async move { Ok(submitted(&client.recover(&record).await?)) })
    }

    /// Checks; the only event is what was found.
    pub fn check(&self, input: NativeInput) -> Started {
        let (client, input) = (self.client.clone(), input.into_input()?);
        NativeTask::telling(|_| async move {
            Ok(NativeEvent::Checked { report: (&client.check(input).await?).into() })
        })
    }

    /// Uploads; the last event is the URL.
    pub fn upload(&self, medium: NativeMedia) -> Started {
        let upload = self.client.upload(Media::from(medium));
        NativeTask::telling(|say| async move {
            let upload = upload.on_progress(move |sent, total| {
                let _ = say.send(Ok(NativeEvent::Uploading { field: String::new(), sent, total }));
            });
            let url = upload.await?.to_string();
            Ok(NativeEvent::Uploaded { field: String::new(), url })
        })
    }

    /// Downloads to a file or into a folder; the last event says where it is. With a job's id, the
    /// output is that of this job, and none is an error that says so.
    pub fn download(
        &self,
        output: Option<NativeOutput>,
        job_id: Option<String>,
        to: String,
        max_bytes: Option<u64>,
    ) -> Started {
        let mut download = match (output, job_id) {
            (Some(NativeOutput::Url { url }), None) => self.client.download(url, to),
            (output, job_id) => {
                let mut of = Prediction::new(job_id.unwrap_or_default(), Status::Completed);
                of.outputs = output.into_iter().map(Output::from).collect();
                self.client.download_output(&of, to)
            }
        };
        if let Some(max_bytes) = max_bytes {
            download = download.max_bytes(max_bytes);
        }
        NativeTask::telling(|say| async move {
            let download = download.on_progress(move |received, total| {
                let _ = say.send(Ok(NativeEvent::Downloading { received, total }));
            });
            let saved = download.await?;
            let path = saved.path.to_string_lossy().into_owned();
            Ok(NativeEvent::Saved { path, bytes: saved.bytes })
        })
    }

    /// Asks once for the state of a job.
    pub fn refresh(&self, job_id: &str) -> Started {
        let job = self.client.job(job_id);
        NativeTask::telling(|_| async move { Ok(NativeEvent::updated(&job.refresh().await?)) })
    }

    /// Waits for a job; the last event is the completed prediction.
    pub fn wait(&self, job_id: &str, timeout: Option<Duration>) -> Started {
        let wait = self.waiting(job_id, timeout);
        NativeTask::telling(|say| async move {
            Ok(NativeEvent::updated(&wait.on_progress(tell(say)).await?))
        })
    }

    /// The states of a job, the last of them terminal.
    pub fn updates(&self, job_id: &str, timeout: Option<Duration>) -> Started {
        let updates = self.waiting(job_id, timeout).updates();
        let news = updates.map(|update| match update {
            Ok(prediction) => Ok(NativeEvent::updated(&prediction)),
            Err(why) => Err(why.into()),
        });
        NativeTask::of_stream(news.boxed())
    }
}

impl NativeClient {
    fn waiting(&self, job_id: &str, timeout: Option<Duration>) -> Wait {
        let wait = self.client.job(job_id).wait();
        match timeout {
            Some(timeout) => wait.deadline(timeout),
            None => wait,
        }
    }
}

fn submitted(job: &Job) -> NativeEvent {
    NativeEvent::Submitted {
        job_id: job.id().to_owned(),
        prediction: job.prediction().map(Into::into),
    }
}

fn tell(say: UnboundedSender<Told>) -> impl Fn(Progress) + Send + Sync + 'static {
    move |news| {
        // Where nobody listens any more, the work ends with them.
        let _ = NativeEvent::of(news).map(|event| say.send(Ok(event)));
    }
}

impl From<NativeOutput> for Output {
    fn from(output: NativeOutput) -> Self {
        match output {
            NativeOutput::Url { url } => Self::Url(url),
            NativeOutput::Text { text } => Self::Text(text),
            // What is no JSON was not made here; it is passed on as it came.
            NativeOutput::Json { json } => match serde_json::from_str(&json) {
                Ok(json) => Self::Json(json),
                Err(_) => Self::Text(json),
            },
        }
    }
}
