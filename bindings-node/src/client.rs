//! The client, as JavaScript holds it.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use viseme_bindings::ClientHandle;

use crate::job::NativeJob;
use crate::task::{Task, contents_of};

/// A client of the service.
#[napi]
pub struct NativeClient {
    client: ClientHandle,
}

#[napi]
impl NativeClient {
    /// A client with these settings. The message of what it throws is JSON.
    #[napi(factory)]
    pub fn open(settings: String) -> napi::Result<Self> {
        let client = ClientHandle::open(&settings).map_err(napi::Error::from_reason)?;
        Ok(Self { client })
    }

    /// Begins what the request says.
    #[napi]
    pub fn start(&self, request: String, contents: Vec<Buffer>) -> Task {
        self.client.start(&request, contents_of(&contents)).into()
    }

    /// A handle on a job that was submitted before.
    #[napi]
    pub fn job(&self, id: String) -> NativeJob {
        self.client.job(&id).into()
    }

    /// Ends the waits for the job of a prediction that came by webhook and was verified elsewhere;
    /// gives whether there were any, as JSON, or why it cannot be read.
    #[napi]
    pub fn deliver(&self, body: Buffer) -> String {
        self.client.deliver(&body)
    }
}

/// Checks an input without a client.
#[napi]
pub fn check_input(input: String, contents: Vec<Buffer>) -> Task {
    viseme_bindings::check_input(&input, contents_of(&contents)).into()
}

/// Verifies a delivery and reads it; what came of it, as JSON.
#[napi]
pub fn verify_webhook(request: String, body: Buffer) -> String {
    viseme_bindings::verify_webhook(&request, &body)
}

<<<<<<< HEAD
/// The known models as JSON: their ids, and of each field whether it is a medium, and its words.
#[napi]
pub fn known_models() -> String {
    viseme_bindings::known_models()
=======
fn download(
    client: Client,
    output: OutputForm,
    job_id: Option<String>,
    to: String,
    max_bytes: Option<u64>,
    tell: bool,
) -> Task {
    // An output is downloaded as that of a prediction which has no other: then one that came as
    // base64 is saved as well, and errors know the job.
    let mut download = match (output, job_id) {
        (OutputForm::Url(url), None) => client.download(url, to),
        (output, job_id) => {
            let mut of = Prediction::new(job_id.unwrap_or_default(), Status::Completed);
            of.outputs = vec![match output {
                OutputForm::Url(url) => Output::Url(url),
                OutputForm::Text(text) => Output::Text(text),
                OutputForm::Json(json) => Output::Json(json),
            }];
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
    let work = work(Some(say));
    let messages: Messages =
        stream::unfold((events, Some(work.boxed())), |(mut events, mut work)| async move {
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
>>>>>>> main
}

/// Whether the addon was built for tests.
#[napi]
pub fn is_testing_build() -> bool {
    viseme_bindings::IS_TESTING_BUILD
}

/// The version of the native part.
#[napi]
pub fn version() -> &'static str {
    viseme_bindings::VERSION
}
