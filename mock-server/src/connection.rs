//! One connection: writes answers as their flow allows, breaks where a fault says so, and notes
//! in the journal how each exchange ended.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::flow::{Cut, Flow, Step};
use crate::journal::Termination;
use crate::open_exchange::OpenExchange;

/// Tells a connection of the answers that it is about to write.
#[derive(Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<VecDeque<Writing>>>);

struct Writing {
    flow: Flow,
    exchange: OpenExchange,
}

impl Outbox {
    /// The next answer to be written, and the exchange it ends.
    pub(crate) fn announce(&self, flow: Flow, exchange: OpenExchange) {
        self.queue().push_back(Writing { flow, exchange });
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Writing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to a client.
pub(crate) struct Connection {
    stream: TcpStream,
    outbox: Outbox,
    pause: Option<Pin<Box<Sleep>>>,
    broken: bool,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, outbox: Outbox) -> Self {
        Self { stream, outbox, pause: None, broken: false }
    }

    /// Breaks the connection; what is not written yet never will be.
    fn strike(&mut self, cut: Cut) -> io::Result<()> {
        self.broken = true;
        let socket = socket2::SockRef::from(&self.stream);
        match cut {
            // A socket closed while it may not linger sends a reset.
            Cut::Reset => socket.set_linger(Some(Duration::ZERO))?,
            Cut::Close => socket.shutdown(std::net::Shutdown::Write)?,
            Cut::Stall | Cut::Drip(_) => {}
        }
        Err(io::Error::new(io::ErrorKind::ConnectionAborted, "broken by a fault"))
    }
}

/// How the exchange ends where this strikes.
fn ending(cut: Cut) -> Option<Termination> {
    match cut {
        Cut::Reset => Some(Termination::Reset),
        Cut::Close => Some(Termination::Closed),
        // The client decides how long it waits.
        Cut::Stall | Cut::Drip(_) => None,
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
        let Some(writing) = queue.front_mut() else {
            return Pin::new(&mut this.stream).poll_write(context, buffer);
        };
        let allowed = match writing.flow.step(buffer) {
            Step::Write(allowed) => allowed,
            // Nothing wakes this up but the client's leaving.
            Step::Cut(Cut::Stall) => return Poll::Pending,
            Step::Cut(cut) => {
                if let Some(ended) = ending(cut) {
                    writing.exchange.end(ended);
                }
                return Poll::Ready(this.strike(cut).map(|()| 0));
            }
        };
        let part = buffer.get(..allowed).unwrap_or(buffer);
        // Held while the bytes go out: who has read them finds the journal up to date.
        let world = writing.exchange.world();
        let mut state = world.state();
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, part))?;
        let cut = writing.flow.advance(part.get(..written).unwrap_or_default());
        writing.exchange.wrote_in(&mut state, written);
        let whole = writing.flow.is_whole();
        if let Some(ended) = whole.then_some(Termination::Complete).or(cut.and_then(ending)) {
            writing.exchange.end_in(&mut state, ended);
        }
        drop(state);
        match cut {
            Some(Cut::Drip(pause)) if !whole => this.pause = Some(Box::pin(sleep(pause))),
            Some(cut @ (Cut::Reset | Cut::Close)) => {
                return Poll::Ready(this.strike(cut).map(|()| written));
            }
            _ => {}
        }
        if whole {
            queue.pop_front();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A connection that shall end with a reset must not end with grace first.
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
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}
