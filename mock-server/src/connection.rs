//! One connection: writes responses by their plans, breaks the connection if a fault says so, and
//! records in the journal how each exchange ended.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::wire_fault::{Interruption, Step, WritePlan};
use crate::world::exchange::Termination;
use crate::world::pending_exchange::PendingExchange;

/// The responses that a connection is about to write.
#[derive(Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<VecDeque<PlannedResponse>>>);

struct PlannedResponse {
    plan: WritePlan,
    exchange: PendingExchange,
}

impl Outbox {
    /// Adds the next response to be written, and the exchange that it ends.
    pub(crate) fn push(&self, plan: WritePlan, exchange: PendingExchange) {
        self.queue().push_back(PlannedResponse { plan, exchange });
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<PlannedResponse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts the requests of a connection, so that it knows when a request head is overdue.
#[derive(Clone, Default)]
pub(crate) struct Activity(Arc<ActivityCounts>);

#[derive(Default)]
struct ActivityCounts {
    started: AtomicU64,
    ended: AtomicU64,
}

/// A request in progress; it ends when dropped.
pub(crate) struct ActiveRequest(Activity);

impl Activity {
    /// Records that the head of a request was received.
    pub(crate) fn start(&self) -> ActiveRequest {
        self.0.started.fetch_add(1, Ordering::Relaxed);
        ActiveRequest(self.clone())
    }

    fn started(&self) -> u64 {
        self.0.started.load(Ordering::Relaxed)
    }

    fn is_idle(&self) -> bool {
        self.started() == self.0.ended.load(Ordering::Relaxed)
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// A request head of which bytes were received. Nearly every head comes whole: only one that does not gets
/// a timer.
struct PartialHead {
    /// How many requests had started before it.
    started: u64,
    deadline: Option<Pin<Box<Sleep>>>,
}

/// A connection to a client.
pub(crate) struct Connection {
    stream: TcpStream,
    outbox: Outbox,
    activity: Activity,
    head_timeout: Duration,
    partial: Option<PartialHead>,
    pause: Option<Pin<Box<Sleep>>>,
    broken: bool,
}

impl Connection {
    /// `head_timeout` is how long a client may take from the first byte of a request to the end of
    /// its head. A connection without a request can stay open.
    pub(crate) fn new(
        stream: TcpStream,
        outbox: Outbox,
        activity: Activity,
        head_timeout: Duration,
    ) -> Self {
        Self { stream, outbox, activity, head_timeout, partial: None, pause: None, broken: false }
    }

    /// Returns whether the client took too long for the head of a request.
    fn is_overdue(&mut self, context: &mut Context<'_>, received: bool) -> bool {
        let started = self.activity.started();
        if !self.activity.is_idle() {
            self.partial = None;
            return false;
        }
        match self.partial.as_mut().filter(|partial| partial.started == started) {
            // The bytes so far were no whole head, or its request would have started.
            Some(partial) => {
                let timeout = self.head_timeout;
                let deadline = partial.deadline.get_or_insert_with(|| Box::pin(sleep(timeout)));
                deadline.as_mut().poll(context).is_ready()
            }
            None => {
                self.partial = received.then_some(PartialHead { started, deadline: None });
                false
            }
        }
    }

    /// Breaks the connection. Nothing more is written.
    fn interrupt(&mut self, interruption: Interruption) -> io::Result<()> {
        self.broken = true;
        let socket = socket2::SockRef::from(&self.stream);
        match interruption {
            // A socket with a linger time of zero is closed with a reset.
            Interruption::Reset => socket.set_linger(Some(Duration::ZERO))?,
            Interruption::Close => socket.shutdown(std::net::Shutdown::Write)?,
            Interruption::Stall | Interruption::Drip(_) => {}
        }
        Err(io::Error::new(io::ErrorKind::ConnectionAborted, "broken by a fault"))
    }
}

/// Returns how an interruption ends the exchange.
fn termination(interruption: Interruption) -> Option<Termination> {
    match interruption {
        Interruption::Reset => Some(Termination::Reset),
        Interruption::Close => Some(Termination::Closed),
        // The client decides how long it waits.
        Interruption::Stall | Interruption::Drip(_) => None,
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        let outbox = this.outbox.clone();
        let mut queue = outbox.queue();
        let Some(current) = queue.front_mut() else {
            return Pin::new(&mut this.stream).poll_write(context, buffer);
        };
        let allowed = match current.plan.step(buffer) {
            Step::Write(allowed) => allowed,
            // Only a disconnect of the client ends this.
            Step::Interrupt(Interruption::Stall) => return Poll::Pending,
            Step::Interrupt(interruption) => {
                if let Some(termination) = termination(interruption) {
                    current.exchange.end(termination);
                }
                return Poll::Ready(this.interrupt(interruption).map(|()| 0));
            }
        };
        let part = buffer.get(..allowed).unwrap_or(buffer);
        // The lock is held during the write: a client that has read the bytes finds them in the
        // journal.
        let world = current.exchange.world();
        let mut state = world.state();
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, part))?;
        let interruption = current.plan.advance(part.get(..written).unwrap_or_default());
        current.exchange.add_written(&mut state, written);
        let is_complete = current.plan.is_complete();
        let end = is_complete.then_some(Termination::Complete);
        if let Some(end) = end.or(interruption.and_then(termination)) {
            current.exchange.end_with(&mut state, end);
        }
        drop(state);
        match interruption {
            Some(Interruption::Drip(pause)) if !is_complete => {
                this.pause = Some(Box::pin(sleep(pause)));
            }
            Some(interruption @ (Interruption::Reset | Interruption::Close)) => {
                return Poll::Ready(this.interrupt(interruption).map(|()| written));
            }
            _ => {}
        }
        if is_complete {
            queue.pop_front();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A graceful close must not come before a reset.
        if self.broken {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let received = buffer.filled().len() > before;
        if this.is_overdue(context, received) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}
