//! An exchange whose response is not written yet.

use super::World;
use super::exchange::Termination;
use super::state::WorldState;
use crate::response::Response;

/// What the client knows once it has the whole response.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    /// The jobs whose ids are in the response.
    pub(crate) ids: Vec<String>,
    /// The job whose completed result is in the response.
    pub(crate) result_of: Option<String>,
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

    /// Returns the id of the request, which its response carries.
    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Records the response before it is written.
    pub(crate) fn record_response(&self, response: &Response) {
        let mut state = self.world.state();
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
        for id in &self.delivered.ids {
            if let Some(job) = state.job_mut(id) {
                job.id_delivered = true;
            }
        }
        let result_of = self.delivered.result_of.as_deref();
        if let Some(job) = result_of.and_then(|id| state.job_mut(id)) {
            job.delivered = true;
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
