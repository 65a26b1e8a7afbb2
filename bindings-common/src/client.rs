//! The client, as the host holds it.

use std::future::{Future, IntoFuture as _};

use futures_util::future::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use viseme::{Client, Output, Prediction, Progress, Status};

use crate::account;
use crate::input::InputForm;
use crate::job::{JobHandle, submitted};
use crate::many::run_many;
use crate::media::Contents;
use crate::message::{event, outcome, refusal};
use crate::request::{OutputForm, Request};
use crate::settings::Settings;
use crate::show::prediction::PredictionView;
use crate::show::progress::progress;
use crate::show::report::ReportView;
use crate::task::{Messages, Task};
use crate::webhook;

/// A client of the service. Clones are the same client.
#[derive(Clone)]
pub struct ClientHandle {
    client: Client,
}

impl ClientHandle {
    /// A client with these settings, as JSON.
    ///
    /// # Errors
    /// What is wrong with them, as the message of an error.
    pub fn open(settings: &str) -> Result<Self, String> {
        let settings: Settings = serde_json::from_str(settings)
            .map_err(|error| refusal("config", wrong_setting(&error)))?;
        let client = settings.build().and_then(Client::new);
        Ok(Self { client: client.map_err(|why| outcome::<()>(Err(why)))? })
    }

    /// Begins what the request says.
    #[must_use]
    pub fn start(&self, request: &str, contents: Vec<Vec<u8>>) -> Task {
        let client = self.client.clone();
        match serde_json::from_str(request) {
            Ok(request) => begin(client, request, Contents(contents))
                .unwrap_or_else(|why| Task::said(refusal("invalid_input", why))),
            Err(error) => Task::said(refusal("invalid_input", wrong_option(&error))),
        }
    }

    /// A handle on a job that was submitted before.
    #[must_use]
    pub fn job(&self, id: impl AsRef<str>) -> JobHandle {
        JobHandle::new(self.client.job(id))
    }

    /// Replaces the API key for all further requests.
    ///
    /// # Errors
    /// Why the key cannot be used, as the message of an error.
    pub fn set_api_key(&self, key: &str) -> Result<(), String> {
        self.client.set_api_key(key).map_err(|error| outcome::<()>(Err(error)))
    }

    /// Ends the waits for the job of a prediction that came by webhook and was verified elsewhere;
    /// gives whether there were any, as JSON, or why it cannot be read.
    #[must_use]
    pub fn deliver(&self, body: &[u8]) -> String {
        outcome(viseme::webhook::parse(body).map(|prediction| self.client.deliver(prediction)))
    }
}

/// Checks an input without a client.
#[must_use]
pub fn check_input(input: &str, contents: Vec<Vec<u8>>) -> Task {
    let mut contents = Contents(contents);
    let input = serde_json::from_str::<InputForm>(input)
        .map_err(|error| error.to_string())
        .and_then(|form| form.into_input(&mut contents));
    match input {
        Ok(input) => one(async move { outcome(viseme::check(input).await.map(ReportView::of)) }),
        Err(why) => Task::said(refusal("invalid_input", why)),
    }
}

fn begin(client: Client, request: Request, mut contents: Contents) -> Result<Task, String> {
    Ok(match request {
        Request::Run { input, options, tell } => {
            let run = options.for_run(client.run(input.into_input(&mut contents)?));
            told(tell, move |listener| async move {
                let run = match listener {
                    Some(say) => run.on_progress(tell_all(say)),
                    None => run,
                };
                outcome(run.await.map(PredictionView::of))
            })
        }
        Request::RunMany { limit, options, tell } => {
            let (feed, messages) = run_many(client, limit, options, tell);
            Task::of_messages(messages).with_feed(feed)
        }
        Request::Submit { input, options, tell } => {
            let submit = options.for_submit(client.submit(input.into_input(&mut contents)?));
            let slot = crate::task::JobSlot::default();
            let kept = slot.clone();
            told(tell, move |listener| async move {
                let submit = match listener {
                    Some(say) => submit.on_progress(tell_all(say)),
                    None => submit,
                };
                submitted(submit.await, &kept)
            })
            .with_job(slot)
        }
        Request::Recover { record } => {
            let slot = crate::task::JobSlot::default();
            let kept = slot.clone();
            one(async move { submitted(client.recover(&record).await, &kept) }).with_job(slot)
        }
        Request::Check { input } => {
            let input = input.into_input(&mut contents)?;
            one(async move { outcome(client.check(input).await.map(ReportView::of)) })
        }
        Request::Validate { input } => {
            let input = input.into_input(&mut contents)?;
            one(async move { outcome(client.validate(input).await.map(ReportView::of)) })
        }
        Request::Upload { medium, tell } => {
            let upload = client.upload(medium.into_media(&mut contents)?);
            told(tell, move |listener| async move {
                let upload = match listener {
                    Some(say) => upload.on_progress(move |sent, total| {
                        let _ = say.send(event(json!({"sent": sent, "total": total})));
                    }),
                    None => upload,
                };
                outcome(upload.await.map(|url| url.to_string()))
            })
        }
        Request::Download { output, job_id, to, max_bytes, tell } => {
            download(&client, output, job_id, to, max_bytes, tell)
        }
        Request::ReceiveWebhook { headers } => {
            let body = contents.0.pop().unwrap_or_default();
            one(async move {
                let delivery = client.receive_webhook(headers, &body).await;
                outcome(delivery.map(webhook::DeliveryView::of))
            })
        }
        Request::Price { input, upload } => {
            let query = client.price(input.into_input(&mut contents)?).upload(upload);
            one(query.into_future().map(|price| outcome(price.map(|price| account::price(&price)))))
        }
        request => account::begin(client, request)?,
    })
}

fn download(
    client: &Client,
    output: Option<OutputForm>,
    job_id: Option<String>,
    to: String,
    max_bytes: Option<u64>,
    tell: bool,
) -> Task {
    // An output is downloaded as that of a prediction which has no other: then one that came as
    // base64 is saved as well, and errors know the job.
    let mut download = match (output, job_id) {
        (Some(OutputForm::Url(url)), None) => client.download(url, to),
        (output, job_id) => {
            let mut of = Prediction::new(job_id.unwrap_or_default(), Status::Completed);
            of.outputs = output.into_iter().map(Output::from).collect();
            client.download_output(&of, to)
        }
    };
    if let Some(max_bytes) = max_bytes {
        download = download.max_bytes(max_bytes);
    }
    told(tell, move |listener| async move {
        let download = match listener {
            Some(say) => download.on_progress(move |received, total| {
                let _ = say.send(event(json!({"received": received, "total": total})));
            }),
            None => download,
        };
        let saved = download.await;
        outcome(saved.map(|saved| json!({"path": saved.path, "bytes": saved.bytes})))
    })
}

/// A task of one message.
pub(crate) fn one(future: impl Future<Output = String> + Send + 'static) -> Task {
    Task::of_future(future.boxed())
}

/// A task that tells what goes on, where that is wanted, before it tells what came of it.
pub(crate) fn told<F>(tell: bool, work: impl FnOnce(Option<UnboundedSender<String>>) -> F) -> Task
where
    F: Future<Output = String> + Send + 'static,
{
    if !tell {
        return one(work(None));
    }
    let (say, events) = unbounded_channel();
    let end = work(Some(say));
    let messages: Messages =
        stream::unfold((events, Some(end.boxed())), |(mut events, mut work)| async move {
            let message = match &mut work {
                Some(running) => tokio::select! {
                    biased;
                    Some(message) = events.recv() => message,
                    last = running => {
                        work = None;
                        // It may have spoken in its last moment.
                        let mut all = Vec::new();
                        while let Ok(message) = events.try_recv() {
                            all.push(message);
                        }
                        all.push(last);
                        all.join(",")
                    }
                },
                None => return None,
            };
            Some((message, (events, work)))
        })
        .boxed();
    Task::of_messages(messages)
}

pub(crate) fn tell_all(say: UnboundedSender<String>) -> impl Fn(Progress) + Send + Sync + 'static {
    move |news| {
        // Where nobody listens any more, the work ends with them.
        let _ = progress(&news).map(|news| say.send(event(news)));
    }
}

/// What is wrong with the settings, in the words of people.
fn wrong_setting(error: &serde_json::Error) -> String {
    format!("A setting of the client cannot be used: {}.", without_place(error))
}

fn wrong_option(error: &serde_json::Error) -> String {
    format!("The call cannot be understood: {}. Nothing was sent.", without_place(error))
}

/// The place in the JSON text means nothing to the caller, who wrote none.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

impl From<OutputForm> for Output {
    fn from(form: OutputForm) -> Self {
        match form {
            OutputForm::Url(url) => Self::Url(url),
            OutputForm::Text(text) => Self::Text(text),
            OutputForm::Json(json) => Self::Json(json),
        }
    }
}
