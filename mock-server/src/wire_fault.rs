//! Faults on the wire: how many bytes of a response are written, and when the connection breaks.
//! This only decides; `connection.rs` writes.

use std::sync::LazyLock;
use std::time::Duration;

use memchr::memmem;

use crate::scenario::WireFault;

/// How a fault interrupts a response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Interruption {
    /// The connection is reset.
    Reset,
    /// The connection is closed.
    Close,
    /// Nothing more is written; the connection stays open.
    Stall,
    /// One byte at a time, with this pause between them.
    Drip(Duration),
}

/// The next step for the bytes in the buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// Write this many of them.
    Write(usize),
    /// Interrupt the response.
    Interrupt(Interruption),
}

/// The progress of one response, and where it is interrupted.
#[derive(Clone, Debug)]
pub(crate) struct WritePlan {
    interruption: Option<(Position, Interruption)>,
    head: HeadScanner,
    body_length: u64,
    body_written: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Position {
    BeforeHead,
    /// After this many bytes of the body.
    Body(u64),
}

impl WritePlan {
    /// Returns the plan for a response with a body of this length.
    pub(crate) fn new(body_length: u64, fault: Option<&WireFault>) -> Self {
        // A response that is too short for the fault is interrupted at its end.
        let body = |bytes: u64| Position::Body(bytes.min(body_length));
        let interruption = match fault {
            Some(WireFault::Reset | WireFault::CloseMidUpload(_)) => {
                Some((Position::BeforeHead, Interruption::Reset))
            }
            Some(WireFault::Close) => Some((Position::BeforeHead, Interruption::Close)),
            Some(WireFault::ResetAt(bytes)) => Some((body(*bytes), Interruption::Reset)),
            Some(WireFault::FinAt(bytes)) => Some((body(*bytes), Interruption::Close)),
            Some(WireFault::StallAt(bytes)) => Some((body(*bytes), Interruption::Stall)),
            Some(WireFault::Drip(pause)) => Some((Position::Body(0), Interruption::Drip(pause.0))),
            Some(WireFault::WrongLength(more)) if *more > 0 => {
                Some((Position::Body(body_length), Interruption::Close))
            }
            // A length that is too short is wrong in the head already.
            Some(WireFault::WrongLength(_)) | None => None,
            // These happen before there is a response.
            Some(
                WireFault::Silence
                | WireFault::Delay(_)
                | WireFault::SlowAccept(_)
                | WireFault::NeverReadBody,
            ) => None,
        };
        Self { interruption, head: HeadScanner::default(), body_length, body_written: 0 }
    }

    /// Returns the next step when `buffer` is ready to be written.
    pub(crate) fn step(&self, buffer: &[u8]) -> Step {
        match self.interruption {
            None => Step::Write(buffer.len()),
            Some((Position::BeforeHead, interruption)) => Step::Interrupt(interruption),
            Some((Position::Body(at), interruption)) => {
                let head = if self.head.is_over() { 0 } else { self.head.clone().scan(buffer) };
                let before = at.saturating_sub(self.body_written);
                let allowed = usize::try_from(before).unwrap_or(usize::MAX).saturating_add(head);
                match interruption {
                    Interruption::Drip(_) => Step::Write(allowed.max(1).min(buffer.len())),
                    _ if allowed == 0 => Step::Interrupt(interruption),
                    _ => Step::Write(allowed.min(buffer.len())),
                }
            }
        }
    }

    /// Records what was written. Returns the interruption that follows right after it.
    pub(crate) fn advance(&mut self, written: &[u8]) -> Option<Interruption> {
        let head = if self.head.is_over() { 0 } else { self.head.scan(written) };
        self.body_written += written.len().saturating_sub(head) as u64;
        let (Position::Body(at), interruption) = self.interruption? else { return None };
        let due = self.head.is_over() && self.body_written >= at;
        let is_late_stall = interruption == Interruption::Stall && self.is_complete();
        (due && !is_late_stall).then_some(interruption)
    }

    /// Returns whether every byte was written.
    pub(crate) fn is_complete(&self) -> bool {
        self.head.is_over() && self.body_written >= self.body_length
    }
}

/// Finds the blank line that ends the head of a response.
#[derive(Clone, Debug, Default)]
struct HeadScanner {
    /// How many bytes of the blank line were seen in a row.
    matched: usize,
}

/// Searches for the blank line; a new searcher for each response would cost more than the search.
static BLANK_LINE: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new(HeadScanner::END));

impl HeadScanner {
    const END: &[u8] = b"\r\n\r\n";

    fn is_over(&self) -> bool {
        self.matched == Self::END.len()
    }

    /// Returns how many of these bytes belong to the head.
    fn scan(&mut self, bytes: &[u8]) -> usize {
        // Usually the whole head is written at once.
        if self.matched == 0
            && let Some(at) = BLANK_LINE.find(bytes)
        {
            self.matched = Self::END.len();
            return at + Self::END.len();
        }
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

    const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n0123456789";
    const HEAD: usize = RESPONSE.len() - 10;

    /// Returns how much is written, and what follows, when the socket takes `at_once` bytes at a time.
    fn write_all(wire: Option<&WireFault>, at_once: usize) -> (usize, Option<Interruption>) {
        let mut plan = WritePlan::new(10, wire);
        let mut written = 0;
        while written < RESPONSE.len() {
            let rest = &RESPONSE[written..];
            match plan.step(rest) {
                Step::Interrupt(interruption) => return (written, Some(interruption)),
                Step::Write(allowed) => {
                    let part = &rest[..allowed.min(at_once)];
                    written += part.len();
                    match plan.advance(part) {
                        Some(Interruption::Drip(_)) | None => {}
                        interruption => return (written, interruption),
                    }
                }
            }
        }
        assert!(plan.is_complete());
        (written, None)
    }

    #[test]
    fn the_break_is_at_the_same_byte_for_any_write_size() {
        for at_once in 1..=RESPONSE.len() {
            for (wire, expected) in [
                (None, (RESPONSE.len(), None)),
                (Some(WireFault::Reset), (0, Some(Interruption::Reset))),
                (Some(WireFault::Close), (0, Some(Interruption::Close))),
                (Some(WireFault::ResetAt(0)), (HEAD, Some(Interruption::Reset))),
                (Some(WireFault::ResetAt(4)), (HEAD + 4, Some(Interruption::Reset))),
                (Some(WireFault::FinAt(9)), (HEAD + 9, Some(Interruption::Close))),
                (Some(WireFault::FinAt(99)), (HEAD + 10, Some(Interruption::Close))),
                (Some(WireFault::StallAt(3)), (HEAD + 3, Some(Interruption::Stall))),
                (Some(WireFault::StallAt(10)), (HEAD + 10, None)),
                (Some(WireFault::Drip(Span::millis(1))), (HEAD + 10, None)),
            ] {
                assert_eq!(write_all(wire.as_ref(), at_once), expected, "{wire:?}, {at_once}");
            }
        }
    }

    #[test]
    fn a_drip_writes_the_body_byte_by_byte() {
        let mut plan = WritePlan::new(10, Some(&WireFault::Drip(Span::millis(5))));
        assert_eq!(plan.step(RESPONSE), Step::Write(HEAD));
        assert_eq!(
            plan.advance(&RESPONSE[..HEAD]),
            Some(Interruption::Drip(Duration::from_millis(5)))
        );
        assert_eq!(plan.step(&RESPONSE[HEAD..]), Step::Write(1));
    }

    #[test]
    fn the_scanner_finds_the_blank_line_after_partial_matches() {
        let mut head = HeadScanner::default();
        assert_eq!(head.scan(b"a\r\n\r"), 4);
        assert_eq!(head.scan(b"\r\n\r\nbody"), 4);
        assert!(head.is_over());
    }
}
