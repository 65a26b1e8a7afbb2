//! An exchange whose response is not written yet.

use super::World;
use super::exchange::Termination;
use super::state::WorldState;
use crate::response::Response;

/// What the client knows once it has the whole response.
#[derive(Debug, Default)]
pub(crate) enum Delivered {
    #[default]
    Nothing,
    /// The state of the job with this index.
    Job {
        index: usize,
        /// Whether it is the result of a completed job.
        completed: bool,
    },
    /// The ids of the jobs with these indexes.
    Ids(Vec<usize>),
}

/// An exchange in progress. If it is dropped before its end, the client has disconnected.
pub(crate) struct PendingExchange {
    world: World,
    epoch: u64,
    sequence: u64,
    request_id: String,
    delivered: Delivered,
    ended: bool,
}

impl PendingExchange {
    /// Returns the exchange with this number in the journal of the world's current epoch.
    pub(crate) fn new(world: World, epoch: u64, sequence: u64, request_id: String) -> Self {
        let delivered = Delivered::default();
        Self { world, epoch, sequence, request_id, delivered, ended: false }
    }

    /// Takes the id of the request, which its response carries.
    pub(crate) fn take_request_id(&mut self) -> String {
        std::mem::take(&mut self.request_id)
    }

    /// Records the response before it gets the id of the request, and is written.
    pub(crate) fn record_response(&self, state: &mut WorldState, response: &Response) {
        if state.epoch == self.epoch {
            state.journal.update(self.sequence, |entry| entry.set_response(response));
        }
    }

    /// Adds a remark to the journal.
    pub(crate) fn add_note(&self, note: &str) {
        let mut state = self.world.state();
        if state.epoch == self.epoch {
            state.journal.update(self.sequence, |entry| entry.add_note(note));
        }
    }

    /// Sets what the client knows once it has the whole response.
    pub(crate) fn set_delivered(&mut self, delivered: Delivered) {
        self.delivered = delivered;
    }

    pub(crate) fn world(&self) -> World {
        self.world.clone()
    }

    /// Records bytes that were written, of head or body.
    pub(crate) fn add_written(&self, state: &mut WorldState, bytes: usize) {
        if state.epoch == self.epoch {
            state.journal.update(self.sequence, |entry| entry.bytes_written += bytes as u64);
        }
    }

    /// Ends the exchange. Further calls have no effect.
    pub(crate) fn end_with(&mut self, state: &mut WorldState, termination: Termination) {
        if std::mem::replace(&mut self.ended, true) || state.epoch != self.epoch {
            return;
        }
        let ended_at = state.moment(state.clock.elapsed());
        state.journal.update(self.sequence, |entry| {
            entry.termination = termination;
            entry.ended_at = Some(ended_at);
            entry.ended_wall_ms = Some(self.world.age_ms());
            // Nobody saw the status of a response that broke before its first byte.
            if entry.bytes_written == 0 {
                entry.status = None;
            }
        });
        state.record_exchange(self.sequence);
        if termination != Termination::Complete {
            return;
        }
        match &self.delivered {
            Delivered::Nothing => {}
            Delivered::Job { index, completed } => state.mark_delivered(*index, *completed),
            Delivered::Ids(indexes) => {
                for index in indexes {
                    state.mark_delivered(*index, false);
                }
            }
        }
    }

    /// Ends the exchange, and locks the world's state for that.
    pub(crate) fn end(&mut self, termination: Termination) {
        let world = self.world();
        let mut state = world.state();
        self.end_with(&mut state, termination);
    }
}

impl Drop for PendingExchange {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Termination::ClientGone);
        }
    }
}
