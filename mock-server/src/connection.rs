//! One connection, whose flow of bytes a fault can break.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::scenario::Wire;

/// What shall happen to the answer that is about to be written.
#[derive(Clone, Debug)]
struct Plan {
    /// How many bytes of the body pass before it happens.
    after: u64,
    end: End,
    /// The part of the answer's head that may still be followed by the blank line.
    tail: Vec<u8>,
    in_body: bool,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Reset,
    Close,
    Stall,
    Drip(Duration),
}

/// Lets the code that answers a request break the connection it came on.
#[derive(Clone, Debug, Default)]
pub(crate) struct WireControl(Arc<Mutex<Option<Plan>>>);

impl WireControl {
    /// Breaks the next answer as told; effects that need no bytes strike at its first one.
    pub(crate) fn arm(&self, wire: &Wire) {
        let (after, end, in_body) = match wire {
            // Before the head: nothing of the answer is written.
            Wire::Reset => (0, End::Reset, true),
            Wire::Close => (0, End::Close, true),
            Wire::ResetAt(bytes) => (*bytes, End::Reset, false),
            Wire::FinAt(bytes) => (*bytes, End::Close, false),
            Wire::StallAt(bytes) => (*bytes, End::Stall, false),
            Wire::Drip(pause) => (0, End::Drip(pause.0), false),
            // These happen before there is an answer.
            Wire::Silence | Wire::Delay(_) => return,
        };
        *self.plan() = Some(Plan { after, end, tail: Vec::new(), in_body });
    }

    fn plan(&self) -> MutexGuard<'_, Option<Plan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection whose writes go through the plan.
pub(crate) struct Connection {
    stream: TcpStream,
    control: WireControl,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, control: WireControl) -> Self {
        Self { stream, control, pause: None }
    }

    fn end(&self, end: End) -> io::Result<()> {
        let socket = socket2::SockRef::from(&self.stream);
        match end {
            // A socket closed while it may not linger sends a reset.
            End::Reset => socket.set_linger(Some(Duration::ZERO))?,
            End::Close => socket.shutdown(std::net::Shutdown::Write)?,
            End::Stall | End::Drip(_) => {}
        }
        Err(io::Error::new(io::ErrorKind::ConnectionAborted, "broken by a fault"))
    }
}

impl Plan {
    /// How many bytes of `buffer` belong to the head of the answer.
    fn head_length(&mut self, buffer: &[u8]) -> usize {
        let known = self.tail.len();
        self.tail.extend_from_slice(buffer);
        match self.tail.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(at) => {
                self.in_body = true;
                self.tail.clear();
                (at + 4).saturating_sub(known)
            }
            None => {
                let keep = self.tail.len().saturating_sub(3);
                self.tail.drain(..keep);
                buffer.len()
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let Some(mut plan) = self.control.plan().clone() else {
            return Pin::new(&mut self.stream).poll_write(context, buffer);
        };
        let allowed = if plan.in_body {
            match (plan.after, plan.end) {
                (0, End::Drip(_)) => 1,
                (0, End::Stall) => return Poll::Pending,
                (0, end) => return Poll::Ready(self.end(end).map(|()| 0)),
                (after, _) => usize::try_from(after).unwrap_or(usize::MAX),
            }
        } else {
            let mut look_ahead = plan.clone();
            look_ahead.head_length(buffer)
        };
        let part = buffer.get(..allowed).unwrap_or(buffer);
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, part))?;
        if plan.in_body {
            plan.after = plan.after.saturating_sub(written as u64);
        } else {
            plan.head_length(buffer.get(..written).unwrap_or_default());
        }
        if let (true, 0, End::Drip(pause)) = (plan.in_body, plan.after, plan.end) {
            self.pause = Some(Box::pin(sleep(pause)));
        }
        *self.control.plan() = Some(plan);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
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
