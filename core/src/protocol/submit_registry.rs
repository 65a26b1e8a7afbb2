//! Which jobs belong to which submits of a client, so that no two submits claim the same job.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

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
    /// The job of each record, by the record's digest.
    jobs: HashMap<u64, Arc<str>>,
    order: VecDeque<(Arc<str>, u64)>,
    open: HashMap<Key, Open>,
}

/// What distinguishes submits: the model and the input.
type Key = (String, String);

#[derive(Clone, Copy, Debug, Default)]
struct Open {
    in_flight: usize,
    lost: usize,
}

impl SubmitRegistry {
    /// Registers a submit that is about to be sent.
    pub fn begin(&mut self, model: &str, input: &Value) {
        self.open.entry(key(model, input)).or_default().in_flight += 1;
    }

    /// Removes a submit that has a response, or was certainly not accepted.
    pub fn end(&mut self, model: &str, input: &Value) {
        self.change(model, input, |open| open.in_flight = open.in_flight.saturating_sub(1));
    }

    /// Marks a submit in flight as lost.
    pub fn lose(&mut self, model: &str, input: &Value) {
        self.change(model, input, |open| {
            open.in_flight = open.in_flight.saturating_sub(1);
            open.lost += 1;
        });
    }

    /// Removes a lost submit that was recovered or given up.
    pub fn settle(&mut self, model: &str, input: &Value) {
        self.change(model, input, |open| open.lost = open.lost.saturating_sub(1));
    }

    /// Claims a job for the submit of a record. Returns `false` if it is already claimed.
    pub fn claim(&mut self, record: &SubmitRecord, id: &str) -> bool {
        let id: Arc<str> = id.into();
        if !self.ids.insert(Arc::clone(&id)) {
            return false;
        }
        let digest = digest(record);
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

    /// Returns the job that was claimed for the submit of a record.
    #[must_use]
    pub fn job_of(&self, record: &SubmitRecord) -> Option<&str> {
        self.jobs.get(&digest(record)).map(AsRef::as_ref)
    }

    /// Returns whether a job is claimed.
    #[must_use]
    pub fn is_claimed(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Returns the other open submits beside one lost submit of this model and input.
    #[must_use]
    pub fn concurrent(&self, model: &str, input: &Value) -> ConcurrentSubmits {
        let own = key(model, input);
        let mut concurrent = ConcurrentSubmits::default();
        for (key, open) in &self.open {
            if *key == own {
                concurrent.in_flight = open.in_flight;
                concurrent.lost = open.lost.saturating_sub(1);
            } else if key.0 == model {
                concurrent.of_model += open.in_flight + open.lost;
            }
        }
        concurrent
    }

    fn change(&mut self, model: &str, input: &Value, change: impl FnOnce(&mut Open)) {
        let key = key(model, input);
        if let Some(open) = self.open.get_mut(&key) {
            change(open);
            if open.in_flight == 0 && open.lost == 0 {
                self.open.remove(&key);
            }
        }
    }
}

/// Returns the digest of a record, with its time in milliseconds: a record that passed through
/// another language may have lost the rest.
fn digest(record: &SubmitRecord) -> u64 {
    let mut hasher = DefaultHasher::new();
    let sent_at = record.sent_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    (&record.model, record.input.to_string(), sent_at.as_millis()).hash(&mut hasher);
    hasher.finish()
}

/// The order of the members of an object has no effect: `Value` sorts them.
/// The flags of a run are left out, because the history does not contain them.
fn key(model: &str, input: &Value) -> Key {
    let input = match input {
        Value::Object(fields) if RUN_FLAGS.iter().any(|name| fields.contains_key(*name)) => {
            let mut fields = fields.clone();
            fields.retain(|name, _| !RUN_FLAGS.contains(&name.as_str()));
            Value::Object(fields).to_string()
        }
        other => other.to_string(),
    };
    (model.to_owned(), input)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn open_submits_are_counted_by_model_and_input() {
        let mut registry = SubmitRegistry::default();
        let (a, b) = (json!({"x": 1, "y": 2}), json!({"x": 2}));
        for input in [&a, &a, &a, &b] {
            registry.begin("m", input);
        }
        registry.begin("other", &a);
        registry.lose("m", &a);
        registry.lose("m", &a);
        let concurrent = registry.concurrent("m", &json!({"y": 2, "x": 1}));
        assert_eq!(concurrent, ConcurrentSubmits { in_flight: 1, lost: 1, of_model: 1 });
        registry.begin("m", &b);
        registry.lose("m", &b);
        assert_eq!(registry.concurrent("m", &a).of_model, 2, "one under way and one lost");
        registry.settle("m", &b);
        registry.end("m", &a);
        assert_eq!(registry.concurrent("m", &a).lost, 1, "the lost ones are still open");
        registry.settle("m", &a);
        registry.end("m", &b);
        assert_eq!(registry.concurrent("m", &a), ConcurrentSubmits::default());
        registry.settle("m", &a);
        registry.end("other", &a);
        assert!(registry.open.is_empty(), "nothing is remembered of what is over");
    }

    #[test]
    fn options_of_the_response_do_not_distinguish_jobs() {
        let mut registry = SubmitRegistry::default();
        registry.begin("m", &json!({"x": 1, "enable_sync_mode": true}));
        registry.begin("m", &json!({"x": 1, "enable_base64_output": false}));
        assert_eq!(registry.concurrent("m", &json!({"x": 1})).in_flight, 2);
        assert_eq!(registry.concurrent("m", &json!({"x": 2})).in_flight, 0);
        assert_eq!(registry.concurrent("m", &json!({"x": 2})).of_model, 2);
    }

    #[test]
    fn a_job_is_claimed_once_and_forgotten_after_many_others() {
        let mut registry = SubmitRegistry::default();
        let record = |n: u64| {
            let sent_at = UNIX_EPOCH + Duration::from_millis(n) + Duration::from_nanos(7);
            SubmitRecord::new("m", json!({"x": 1}), sent_at)
        };
        assert!(registry.claim(&record(0), "first"));
        assert!(!registry.claim(&record(0), "first"));
        assert!(registry.is_claimed("first"));
        let mut shortened = record(0);
        shortened.sent_at = UNIX_EPOCH;
        assert_eq!(registry.job_of(&shortened), Some("first"));
        assert_eq!(registry.job_of(&record(1)), None, "another time");
        let other = SubmitRecord { input: json!({"x": 2}), ..record(0) };
        assert_eq!(registry.job_of(&other), None, "another input");
        let other = SubmitRecord { model: "n".into(), ..record(0) };
        assert_eq!(registry.job_of(&other), None, "another model");
        for n in 0..MAX_IDS {
            registry.claim(&record(1 + n as u64), &n.to_string());
        }
        assert!(!registry.is_claimed("first"));
        assert_eq!(registry.job_of(&record(0)), None);
        assert_eq!((registry.ids.len(), registry.jobs.len()), (MAX_IDS, MAX_IDS));
    }
}
