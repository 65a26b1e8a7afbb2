//! The bytes of one answer on their way out: how many may go, and when a fault strikes.
//! Decides only; `connection.rs` does what is decided.

use std::time::Duration;

use crate::scenario::WireFault;

/// How a fault ends an answer, or slows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cut {
    /// The connection is reset.
    Reset,
    /// The connection is closed.
    Close,
    /// Nothing more is written, and the connection stays open.
    Stall,
    /// A byte at a time, with this pause between them.
    Drip(Duration),
}

/// What to do with the bytes at hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// Write so many of them.
    Write(usize),
    /// Strike.
    Cut(Cut),
}

/// How far an answer has come.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    cut: Option<(Place, Cut)>,
    head: Head,
    body_length: u64,
    body_written: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    BeforeHead,
    /// After so many bytes of the body.
    Body(u64),
}

impl Flow {
    /// The flow of an answer with so many bytes of body, broken as `wire` says.
    pub(crate) fn new(body_length: u64, wire: Option<&WireFault>) -> Self {
        // An answer shorter than the fault's place is broken at its end.
        let body = |bytes: u64| Place::Body(bytes.min(body_length));
        let cut = match wire {
            Some(WireFault::Reset | WireFault::CloseMidUpload(_)) => {
                Some((Place::BeforeHead, Cut::Reset))
            }
            Some(WireFault::Close) => Some((Place::BeforeHead, Cut::Close)),
            Some(WireFault::ResetAt(bytes)) => Some((body(*bytes), Cut::Reset)),
            Some(WireFault::FinAt(bytes)) => Some((body(*bytes), Cut::Close)),
            Some(WireFault::StallAt(bytes)) => Some((body(*bytes), Cut::Stall)),
            Some(WireFault::Drip(pause)) => Some((Place::Body(0), Cut::Drip(pause.0))),
            Some(WireFault::WrongLength(more)) if *more > 0 => {
                Some((Place::Body(body_length), Cut::Close))
            }
            // Too short a length is wrong in the answer already.
            Some(WireFault::WrongLength(_)) | None => None,
            // These happen before there is an answer.
            Some(
                WireFault::Silence
                | WireFault::Delay(_)
                | WireFault::SlowAccept(_)
                | WireFault::NeverReadBody,
            ) => None,
        };
        Self { cut, head: Head::default(), body_length, body_written: 0 }
    }

    /// What to do next, where `buffer` is at hand.
    pub(crate) fn step(&self, buffer: &[u8]) -> Step {
        match self.cut {
            None => Step::Write(buffer.len()),
            Some((Place::BeforeHead, cut)) => Step::Cut(cut),
            Some((Place::Body(at), cut)) => {
                let head = if self.head.is_over() { 0 } else { self.head.clone().pass(buffer) };
                let before = at.saturating_sub(self.body_written);
                let allowed = usize::try_from(before).unwrap_or(usize::MAX).saturating_add(head);
                match cut {
                    Cut::Drip(_) => Step::Write(allowed.max(1).min(buffer.len())),
                    cut if allowed == 0 => Step::Cut(cut),
                    _ => Step::Write(allowed.min(buffer.len())),
                }
            }
        }
    }

    /// Takes note of what was written; gives what shall happen right after it.
    pub(crate) fn advance(&mut self, written: &[u8]) -> Option<Cut> {
        let head = if self.head.is_over() { 0 } else { self.head.pass(written) };
        self.body_written += written.len().saturating_sub(head) as u64;
        let (Place::Body(at), cut) = self.cut? else { return None };
        let due = self.head.is_over() && self.body_written >= at;
        (due && !(cut == Cut::Stall && self.is_whole())).then_some(cut)
    }

    /// Whether every byte was written.
    pub(crate) fn is_whole(&self) -> bool {
        self.head.is_over() && self.body_written >= self.body_length
    }
}

/// Looks for the blank line that ends an answer's head.
#[derive(Clone, Debug, Default)]
struct Head {
    /// How many bytes of the blank line have been seen in a row.
    matched: usize,
}

impl Head {
    const END: &[u8] = b"\r\n\r\n";

    fn is_over(&self) -> bool {
        self.matched == Self::END.len()
    }

    /// How many of these bytes belong to the head.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        for (index, byte) in bytes.iter().enumerate() {
            self.matched = match (Self::END.get(self.matched), byte) {
                (Some(wanted), byte) if wanted == byte => self.matched + 1,
                (_, b'\r') => 1,
                _ => 0,
            };
            if self.is_over() {
                return index + 1;
            }
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Span;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n0123456789";
    const HEAD: usize = ANSWER.len() - 10;

    /// What passes, and what happens then, where the socket takes `at_once` bytes at a time.
    fn passes(wire: Option<&WireFault>, at_once: usize) -> (usize, Option<Cut>) {
        let mut flow = Flow::new(10, wire);
        let mut written = 0;
        while written < ANSWER.len() {
            let rest = &ANSWER[written..];
            match flow.step(rest) {
                Step::Cut(cut) => return (written, Some(cut)),
                Step::Write(allowed) => {
                    let part = &rest[..allowed.min(at_once)];
                    written += part.len();
                    match flow.advance(part) {
                        Some(Cut::Drip(_)) | None => {}
                        Some(cut) => return (written, Some(cut)),
                    }
                }
            }
        }
        assert!(flow.is_whole());
        (written, None)
    }

    #[test]
    fn where_answers_break_however_the_socket_takes_them() {
        for at_once in 1..=ANSWER.len() {
            for (wire, expected) in [
                (None, (ANSWER.len(), None)),
                (Some(WireFault::Reset), (0, Some(Cut::Reset))),
                (Some(WireFault::Close), (0, Some(Cut::Close))),
                (Some(WireFault::ResetAt(0)), (HEAD, Some(Cut::Reset))),
                (Some(WireFault::ResetAt(4)), (HEAD + 4, Some(Cut::Reset))),
                (Some(WireFault::FinAt(9)), (HEAD + 9, Some(Cut::Close))),
                (Some(WireFault::FinAt(99)), (HEAD + 10, Some(Cut::Close))),
                (Some(WireFault::StallAt(3)), (HEAD + 3, Some(Cut::Stall))),
                (Some(WireFault::StallAt(10)), (HEAD + 10, None)),
                (Some(WireFault::Drip(Span::millis(1))), (HEAD + 10, None)),
            ] {
                assert_eq!(passes(wire.as_ref(), at_once), expected, "{wire:?}, {at_once}");
            }
        }
    }

    #[test]
    fn a_dripped_body_goes_byte_by_byte() {
        let mut flow = Flow::new(10, Some(&WireFault::Drip(Span::millis(5))));
        assert_eq!(flow.step(ANSWER), Step::Write(HEAD));
        assert_eq!(flow.advance(&ANSWER[..HEAD]), Some(Cut::Drip(Duration::from_millis(5))));
        assert_eq!(flow.step(&ANSWER[HEAD..]), Step::Write(1));
    }

    #[test]
    fn a_blank_line_is_found_after_false_starts() {
        let mut head = Head::default();
        assert_eq!(head.pass(b"a\r\n\r"), 4);
        assert_eq!(head.pass(b"\r\n\r\nbody"), 4);
        assert!(head.is_over());
    }
}
