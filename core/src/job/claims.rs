//! Which jobs belong to which submits of a client, so that none is taken twice.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::recovery::Rivals;
use crate::model::SWITCHES;

/// How many ids are remembered: far more than a client submits while a lost submit is looked for.
const REMEMBERED: usize = 100_000;

/// The submits of a client that are not answered yet, and the jobs of those that are.
#[derive(Debug, Default)]
pub struct Claims {
    ids: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
    open: HashMap<Key, Open>,
}

/// What tells submits apart: the model and the input.
type Key = (String, String);

#[derive(Clone, Copy, Debug, Default)]
struct Open {
    in_flight: usize,
    lost: usize,
}

impl Claims {
    /// A submit goes out.
    pub fn begin(&mut self, model: &str, input: &Value) {
        self.open.entry(key(model, input)).or_default().in_flight += 1;
    }

    /// A submit was answered, or provably not taken.
    pub fn end(&mut self, model: &str, input: &Value) {
        self.change(model, input, |open| open.in_flight = open.in_flight.saturating_sub(1));
    }

    /// A submit under way was lost.
    pub fn lose(&mut self, model: &str, input: &Value) {
        self.change(model, input, |open| {
            open.in_flight = open.in_flight.saturating_sub(1);
            open.lost += 1;
        });
    }

    /// A lost submit was recovered or given up.
    pub fn settle(&mut self, model: &str, input: &Value) {
        self.change(model, input, |open| open.lost = open.lost.saturating_sub(1));
    }

    /// Takes a job; `false` where it was taken already.
    pub fn claim(&mut self, id: &str) -> bool {
        let id: Arc<str> = id.into();
        if !self.ids.insert(Arc::clone(&id)) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }

    /// Whether a job was taken.
    #[must_use]
    pub fn is_claimed(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// The open submits beside one lost submit of this model and input.
    #[must_use]
    pub fn rivals(&self, model: &str, input: &Value) -> Rivals {
        let own = key(model, input);
        let mut rivals = Rivals::default();
        for (key, open) in &self.open {
            if *key == own {
                rivals.in_flight = open.in_flight;
                rivals.lost = open.lost.saturating_sub(1);
            } else if key.0 == model {
                rivals.of_model += open.in_flight + open.lost;
            }
        }
        rivals
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

/// The order of an object's members does not matter: `Value` keeps them sorted.
/// How a job is asked for does not tell it from another: the history does not say it.
fn key(model: &str, input: &Value) -> Key {
    let mut input = input.clone();
    if let Value::Object(fields) = &mut input {
        fields.retain(|name, _| !SWITCHES.contains(&name.as_str()));
    }
    (model.to_owned(), input.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn open_submits_are_counted_by_model_and_input() {
        let mut claims = Claims::default();
        let (a, b) = (json!({"x": 1, "y": 2}), json!({"x": 2}));
        for input in [&a, &a, &a, &b] {
            claims.begin("m", input);
        }
        claims.begin("other", &a);
        claims.lose("m", &a);
        claims.lose("m", &a);
        let rivals = claims.rivals("m", &json!({"y": 2, "x": 1}));
        assert_eq!(rivals, Rivals { in_flight: 1, lost: 1, of_model: 1 });
        claims.begin("m", &b);
        claims.lose("m", &b);
        assert_eq!(claims.rivals("m", &a).of_model, 2, "one under way and one lost");
        claims.settle("m", &b);
        claims.end("m", &a);
        assert_eq!(claims.rivals("m", &a).lost, 1, "the lost ones are still open");
        claims.settle("m", &a);
        claims.end("m", &b);
        assert_eq!(claims.rivals("m", &a), Rivals::default());
        claims.settle("m", &a);
        claims.end("other", &a);
        assert!(claims.open.is_empty(), "nothing is remembered of what is over");
    }

    #[test]
    fn how_a_job_is_asked_for_does_not_tell_it_from_another() {
        let mut claims = Claims::default();
        claims.begin("m", &json!({"x": 1, "enable_sync_mode": true}));
        claims.begin("m", &json!({"x": 1, "enable_base64_output": false}));
        assert_eq!(claims.rivals("m", &json!({"x": 1})).in_flight, 2);
        assert_eq!(claims.rivals("m", &json!({"x": 2})).in_flight, 0);
        assert_eq!(claims.rivals("m", &json!({"x": 2})).of_model, 2);
    }

    #[test]
    fn a_job_is_claimed_once_and_forgotten_after_many_others() {
        let mut claims = Claims::default();
        assert!(claims.claim("first"));
        assert!(!claims.claim("first"));
        assert!(claims.is_claimed("first"));
        for n in 0..REMEMBERED {
            claims.claim(&n.to_string());
        }
        assert!(!claims.is_claimed("first"));
        assert_eq!(claims.ids.len(), REMEMBERED);
    }
}
