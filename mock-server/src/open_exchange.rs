//! An exchange whose end is not known yet.

use crate::journal::{MAX_RESPONSE_BODY, Termination};
use crate::reply::Reply;
use crate::state::WorldState;
use crate::world::World;

/// What the client knows once it has the whole answer.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Jobs whose ids are in the answer.
    pub(crate) told: Vec<String>,
    /// The job whose completed result is in the answer.
    pub(crate) delivers: Option<String>,
}

/// An exchange under way. Dropped before its end, the client is taken to be gone.
pub(crate) struct OpenExchange {
    world: World,
    epoch: u64,
    sequence: u64,
    news: News,
    ended: bool,
}

impl OpenExchange {
    /// The exchange the journal has under this number, in the world's present epoch.
    pub(crate) fn new(world: World, epoch: u64, sequence: u64) -> Self {
        Self { world, epoch, sequence, news: News::default(), ended: false }
    }

    /// Notes the answer that is going to be written.
    pub(crate) fn settles(&self, reply: &Reply) {
        let mut state = self.world.state();
        if state.epoch == self.epoch {
            state.journal.update(self.sequence, |entry| {
                entry.status = Some(reply.status);
                entry.response_bytes = reply.length();
                entry.response = reply.json_body(MAX_RESPONSE_BODY);
            });
        }
    }

    /// Sets what the client knows once it has the whole answer.
    pub(crate) fn bears(&mut self, news: News) {
        self.news = news;
    }

    pub(crate) fn world(&self) -> World {
        self.world.clone()
    }

    /// Takes note of bytes that went out, head and body alike.
    pub(crate) fn wrote_in(&self, state: &mut WorldState, bytes: usize) {
        if state.epoch == self.epoch {
            state.journal.update(self.sequence, |entry| entry.bytes_written += bytes as u64);
        }
    }

    /// Ends it: once, what comes later is ignored.
    pub(crate) fn end_in(&mut self, state: &mut WorldState, ended: Termination) {
        if std::mem::replace(&mut self.ended, true) || state.epoch != self.epoch {
            return;
        }
        state.journal.update(self.sequence, |entry| {
            entry.termination = ended;
            // Of an answer cut before its first byte nobody saw the status.
            if entry.bytes_written == 0 {
                entry.status = None;
            }
        });
        if ended != Termination::Complete {
            return;
        }
        for id in &self.news.told {
            if let Some(job) = state.job_mut(id) {
                job.id_told = true;
            }
        }
        if let Some(job) = self.news.delivers.as_deref().and_then(|id| state.job_mut(id)) {
            job.delivered = true;
        }
    }

    /// Ends it, where the world's state is not at hand.
    pub(crate) fn end(&mut self, ended: Termination) {
        let world = self.world();
        let mut state = world.state();
        self.end_in(&mut state, ended);
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Termination::ClientGone);
        }
    }
}
