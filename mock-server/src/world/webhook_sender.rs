//! Sends the webhooks that the scheduler asks for: one task per world that has webhooks.
//!
//! With a running clock, deliveries of different jobs are sent side by side, so that a slow
//! receiver delays its own job alone. Otherwise they are sent one after the other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Request, Uri};
use http_body_util::Full;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{Notify, watch};
use tokio::task::{self, AbortHandle, JoinSet};

use super::webhook_scheduler::{self, DeliveryAttempt, Step};
use super::{World, WorldShared};

/// How many deliveries of a world are sent at once.
const MAX_IN_FLIGHT: usize = 64;
/// How long a receiver may take, in real time. How long the service waits is not known.
const RECEIVER_TIMEOUT: Duration = Duration::from_secs(10);

/// The sender of one world; it stops when dropped.
#[derive(Default)]
pub(crate) struct WebhookSender {
    wakeups: Arc<Wakeups>,
    task: Mutex<Option<SenderTask>>,
}

struct SenderTask {
    abort: AbortHandle,
    /// How many wake-ups were handled; closed when the task has ended.
    handled: watch::Receiver<u64>,
}

#[derive(Default)]
struct Wakeups {
    requested: AtomicU64,
    notify: Notify,
}

impl WebhookSender {
    /// Starts the task, unless it runs.
    pub(super) fn start(&self, world: &World) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            let (sender, handled) = watch::channel(0);
            let sending =
                send_all(Arc::downgrade(&world.shared), Arc::clone(&self.wakeups), sender);
            *task = Some(SenderTask { abort: tokio::spawn(sending).abort_handle(), handled });
        }
    }

    /// Makes the task look at the schedule. Returns the number of the wake-up.
    pub(super) fn wake(&self) -> u64 {
        let number = self.wakeups.requested.fetch_add(1, Ordering::SeqCst) + 1;
        self.wakeups.notify.notify_one();
        number
    }

    /// Waits until nothing is due at this moment of the world's clock.
    pub(super) async fn settled(&self) {
        let handled = {
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.as_ref().map(|task| task.handled.clone())
        };
        if let Some(mut handled) = handled {
            let number = self.wake();
            // An error means that the task has ended: then nothing is sent any more.
            let _ = handled.wait_for(|handled| *handled >= number).await;
        }
    }

    /// Stops the task. Deliveries that are not sent yet are never sent.
    pub(crate) fn stop(&self) {
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.abort.abort();
        }
    }
}

impl Drop for WebhookSender {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The attempts in flight, and the job of each.
#[derive(Default)]
struct InFlight {
    tasks: JoinSet<(Box<DeliveryAttempt>, Result<u16, String>)>,
    jobs: HashMap<task::Id, String>,
}

impl InFlight {
    fn start(&mut self, attempt: Box<DeliveryAttempt>, remote: bool) {
        let job_id = attempt.job_id.clone();
        let task = self.tasks.spawn(async move {
            let outcome = send(&attempt, remote).await;
            (attempt, outcome)
        });
        self.jobs.insert(task.id(), job_id);
    }

    /// Waits for the next attempt to complete; for ever if there is none.
    async fn completed(&mut self) -> Option<(Box<DeliveryAttempt>, Result<u16, String>)> {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, completed))) => {
                self.jobs.remove(&id);
                Some(completed)
            }
            Some(Err(error)) => {
                self.jobs.remove(&error.id());
                None
            }
            None => std::future::pending().await,
        }
    }

    fn next_step(&self, world: &World) -> Step {
        if self.tasks.len() >= MAX_IN_FLIGHT {
            return Step::Sleep(None);
        }
        let is_busy = |job_id: &str| self.jobs.values().any(|busy| busy == job_id);
        webhook_scheduler::step(&mut world.state(), world.id(), is_busy)
    }
}

async fn send_all(shared: Weak<WorldShared>, wakeups: Arc<Wakeups>, handled: watch::Sender<u64>) {
    let mut in_flight = InFlight::default();
    while let Some(strong) = shared.upgrade() {
        let world = World { shared: strong };
        let requested = wakeups.requested.load(Ordering::SeqCst);
        let remote = world.shared.remote_webhooks;
        match in_flight.next_step(&world) {
            Step::Send(attempt) if attempt.in_order => {
                let outcome = send(&attempt, remote).await;
                webhook_scheduler::on_attempt_done(&mut world.state(), &attempt, outcome);
            }
            Step::Send(attempt) => in_flight.start(attempt, remote),
            Step::Sleep(pause) => {
                // This task must not keep alive a world that nobody else uses.
                drop(world);
                if in_flight.tasks.is_empty() {
                    handled.send_replace(requested);
                }
                tokio::select! {
                    () = wakeups.notify.notified() => {}
                    () = sleep(pause) => {}
                    completed = in_flight.completed() => {
                        let (Some((attempt, outcome)), Some(shared)) =
                            (completed, shared.upgrade())
                        else {
                            continue;
                        };
                        let world = World { shared };
                        webhook_scheduler::on_attempt_done(&mut world.state(), &attempt, outcome);
                    }
                }
            }
        }
    }
}

/// Sleeps for the pause; for ever if there is none.
async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

/// Posts the delivery. Returns the status of the response, or why there is none.
async fn send(attempt: &DeliveryAttempt, remote: bool) -> Result<u16, String> {
    let sending = tokio::time::timeout(RECEIVER_TIMEOUT, post(attempt, remote));
    let seconds = RECEIVER_TIMEOUT.as_secs();
    sending.await.unwrap_or_else(|_| Err(format!("no response within {seconds} s")))
}

/// Unless `remote`, only receivers on this machine are called.
async fn post(attempt: &DeliveryAttempt, remote: bool) -> Result<u16, String> {
    let uri: Uri = attempt.url.parse().map_err(|_| format!("{:?} is not a URL", attempt.url))?;
    if uri.scheme_str() != Some("http") {
        return Err("the mock server sends webhooks to http:// URLs only".to_owned());
    }
    let authority = uri.authority().ok_or("the URL has no host")?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let port = authority.port_u16().unwrap_or(80);
    let text = |error: std::io::Error| error.to_string();
    // The address that was checked is the one that is called: the name could resolve to another.
    let address = lookup_host((host, port))
        .await
        .map_err(text)?
        .find(|address| remote || address.ip().is_loopback())
        .ok_or(
            "the mock server sends webhooks to this machine only; start it with \
             --remote-webhooks to allow others",
        )?;
    let stream = TcpStream::connect(address).await.map_err(text)?;

    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(HOST, authority.as_str())
        .header(USER_AGENT, concat!("viseme-mock/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in &attempt.headers {
        request = request.header(*name, value);
    }
    let request =
        request.body(Full::new(attempt.body.clone())).map_err(|error| error.to_string())?;

    let text = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(text)?;
    let mut response = std::pin::pin!(sender.send_request(request));
    let status = tokio::select! {
        response = &mut response => response,
        // The connection may end at the moment the response arrives.
        _ = connection => response.await,
    };
    status.map(|response| response.status().as_u16()).map_err(text)
}
