//! Which jobs belong to which submits of a client, so that no two submits claim the same job.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::SubmitRecord;
use super::recovery::ConcurrentSubmits;
use crate::model::RUN_FLAGS;

/// Maximum number of ids in the registry: far more than a client submits during a search.
const MAX_IDS: usize = 100_000;

/// The submits of a client without a response yet, and the jobs of the others.
#[derive(Debug, Default)]
pub struct SubmitRegistry {
    ids: HashSet<Arc<str>>,
    /// The job of each submit, by its digest.
    jobs: HashMap<u64, Arc<str>>,
    order: VecDeque<(Arc<str>, u64)>,
    open: HashMap<SubmitKey, Open>,
}

/// What distinguishes submits: the model and the input, without the flags of a run, because the history
/// does not contain them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubmitKey {
    model: String,
    input: String,
}

impl SubmitKey {
    /// Returns the key of a record. The order of the members of an object has no effect: `Value` sorts
    /// them.
    #[must_use]
    pub fn of(record: &SubmitRecord) -> Self {
        let input = match &record.input {
            Value::Object(fields) if RUN_FLAGS.iter().any(|name| fields.contains_key(*name)) => {
                let mut fields = fields.clone();
                fields.retain(|name, _| !RUN_FLAGS.contains(&name.as_str()));
                Value::Object(fields).to_string()
            }
            other => other.to_string(),
        };
        Self { model: record.model.clone(), input }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Open {
    in_flight: usize,
    lost: usize,
}

impl SubmitRegistry {
    /// Registers a submit that is about to be sent.
    pub fn begin(&mut self, key: &SubmitKey) {
        self.open.entry(key.clone()).or_default().in_flight += 1;
    }

    /// Removes a submit that has a response, or was certainly not accepted.
    pub fn end(&mut self, key: &SubmitKey) {
        self.change(key, |open| open.in_flight = open.in_flight.saturating_sub(1));
    }

    /// Marks a submit in flight as lost.
    pub fn lose(&mut self, key: &SubmitKey) {
        self.change(key, |open| {
            open.in_flight = open.in_flight.saturating_sub(1);
            open.lost += 1;
        });
    }

    /// Removes a lost submit that was recovered or given up.
    pub fn settle(&mut self, key: &SubmitKey) {
        self.change(key, |open| open.lost = open.lost.saturating_sub(1));
    }

    /// Claims a job for the submit of this key that was sent at this time. Returns `false` if it is already
    /// claimed.
    pub fn claim(&mut self, key: &SubmitKey, sent_at: SystemTime, id: &str) -> bool {
        let id: Arc<str> = id.into();
        if !self.ids.insert(Arc::clone(&id)) {
            return false;
        }
        let digest = digest(key, sent_at);
        self.jobs.insert(digest, Arc::clone(&id));
        self.order.push_back((id, digest));
        if self.order.len() > MAX_IDS
            && let Some((oldest, digest)) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
            self.jobs.remove(&digest);
        }
        true
    }

    /// Returns the job that was claimed for the submit of this key that was sent at this time.
    #[must_use]
    pub fn job_of(&self, key: &SubmitKey, sent_at: SystemTime) -> Option<&str> {
        self.jobs.get(&digest(key, sent_at)).map(AsRef::as_ref)
    }

    /// Returns whether a job is claimed.
    #[must_use]
    pub fn is_claimed(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Returns the other open submits beside one lost submit of this key.
    #[must_use]
    pub fn concurrent(&self, own: &SubmitKey) -> ConcurrentSubmits {
        let mut concurrent = ConcurrentSubmits::default();
        for (key, open) in &self.open {
            if key == own {
                concurrent.in_flight = open.in_flight;
                concurrent.lost = open.lost.saturating_sub(1);
            } else if key.model == own.model {
                concurrent.of_model += open.in_flight + open.lost;
            }
        }
        concurrent
    }

    fn change(&mut self, key: &SubmitKey, change: impl FnOnce(&mut Open)) {
        if let Some(open) = self.open.get_mut(key) {
            change(open);
            if open.in_flight == 0 && open.lost == 0 {
                self.open.remove(key);
            }
        }
    }
}

/// Returns the digest of a submit, with its time in milliseconds: a record that passed through another
/// language may have lost the rest.
fn digest(key: &SubmitKey, sent_at: SystemTime) -> u64 {
    let mut hasher = DefaultHasher::new();
    (key, sent_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn key(model: &str, input: Value) -> SubmitKey {
        SubmitKey::of(&SubmitRecord::new(model, input, UNIX_EPOCH))
    }

    #[test]
    fn open_submits_are_counted_by_model_and_input() {
        let mut registry = SubmitRegistry::default();
        let a = key("m", json!({"x": 1, "y": 2}));
        let b = key("m", json!({"x": 2}));
        let other = key("other", json!({"x": 1, "y": 2}));
        for submit in [&a, &a, &a, &b, &other] {
            registry.begin(submit);
        }
        registry.lose(&a);
        registry.lose(&a);
        let concurrent = registry.concurrent(&key("m", json!({"y": 2, "x": 1})));
        assert_eq!(concurrent, ConcurrentSubmits { in_flight: 1, lost: 1, of_model: 1 });
        registry.begin(&b);
        registry.lose(&b);
        assert_eq!(registry.concurrent(&a).of_model, 2, "one under way and one lost");
        registry.settle(&b);
        registry.end(&a);
        assert_eq!(registry.concurrent(&a).lost, 1, "the lost ones are still open");
        registry.settle(&a);
        registry.end(&b);
        assert_eq!(registry.concurrent(&a), ConcurrentSubmits::default());
        registry.settle(&a);
        registry.end(&other);
        assert!(registry.open.is_empty(), "nothing is remembered of what is over");
    }

    #[test]
    fn options_of_the_response_do_not_distinguish_jobs() {
        let mut registry = SubmitRegistry::default();
        registry.begin(&key("m", json!({"x": 1, "enable_sync_mode": true})));
        registry.begin(&key("m", json!({"x": 1, "enable_base64_output": false})));
        assert_eq!(registry.concurrent(&key("m", json!({"x": 1}))).in_flight, 2);
        assert_eq!(registry.concurrent(&key("m", json!({"x": 2}))).in_flight, 0);
        assert_eq!(registry.concurrent(&key("m", json!({"x": 2}))).of_model, 2);
    }

    #[test]
    fn a_job_is_claimed_once_and_forgotten_after_many_others() {
        let mut registry = SubmitRegistry::default();
        let (first, sent_at) = (key("m", json!({"x": 1})), |n: u64| {
            UNIX_EPOCH + Duration::from_millis(n) + Duration::from_nanos(7)
        });
        assert!(registry.claim(&first, sent_at(0), "first"));
        assert!(!registry.claim(&first, sent_at(0), "first"));
        assert!(registry.is_claimed("first"));
        assert_eq!(registry.job_of(&first, UNIX_EPOCH), Some("first"), "a shortened time");
        assert_eq!(registry.job_of(&first, sent_at(1)), None, "another time");
        let other = key("m", json!({"x": 2}));
        assert_eq!(registry.job_of(&other, sent_at(0)), None, "another input");
        let other = key("n", json!({"x": 1}));
        assert_eq!(registry.job_of(&other, sent_at(0)), None, "another model");
        for n in 0..MAX_IDS {
            registry.claim(&first, sent_at(1 + n as u64), &n.to_string());
        }
        assert!(!registry.is_claimed("first"));
        assert_eq!(registry.job_of(&first, sent_at(0)), None);
        assert_eq!((registry.ids.len(), registry.jobs.len()), (MAX_IDS, MAX_IDS));
    }
}
