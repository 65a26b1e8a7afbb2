//! The models that are remembered: a limited number, in memory and in the file.

use std::collections::{BTreeMap, HashMap};

use crate::protocol::{SavedDurations, Unshared};

/// The models that are remembered at most.
pub const MAX_MODELS: usize = 64;

/// Durations by model.
pub type SavedModels = BTreeMap<String, SavedDurations>;

/// A value for each of the models that were used lately. The one that was used least recently goes first.
#[derive(Clone, Debug)]
pub struct RecentModels<T> {
    entries: HashMap<String, Entry<T>>,
    /// Counts the uses.
    uses: u64,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    value: T,
    used: u64,
}

impl<T> Default for RecentModels<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), uses: 0 }
    }
}

impl<T: Clone> RecentModels<T> {
    /// Returns the value of a model that is used now.
    pub fn used(&mut self, model: &str, create: impl FnOnce() -> T) -> T {
        self.uses += 1;
        let used = self.uses;
        if let Some(entry) = self.entries.get_mut(model) {
            entry.used = used;
            return entry.value.clone();
        }
        if self.entries.len() >= MAX_MODELS {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            if let Some(oldest) = oldest.map(|(model, _)| model.clone()) {
                self.entries.remove(&oldest);
            }
        }
        let value = create();
        self.entries.insert(model.to_owned(), Entry { value: value.clone(), used });
        value
    }

    /// Returns whether [`add`](Self::add) adds this model: it is not known, and there is room without forgetting
    /// another one.
    #[must_use]
    pub fn has_room_for(&self, model: &str) -> bool {
        self.entries.len() < MAX_MODELS && !self.entries.contains_key(model)
    }

    /// Adds a model that was not used yet, if there is room for it.
    pub fn add(&mut self, model: String, value: T) {
        if self.has_room_for(&model) {
            self.entries.insert(model, Entry { value, used: 0 });
        }
    }

    /// Returns all models.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(model, entry)| (model.as_str(), &entry.value))
    }
}

/// Returns the durations of this client's models together with those of others, at most [`MAX_MODELS`]. Its own come
/// first: it used them lately.
pub fn merge<'a>(
    own: impl IntoIterator<Item = (&'a str, &'a Unshared)>,
    others: Option<&SavedModels>,
) -> SavedModels {
    let mut models: SavedModels = own
        .into_iter()
        .map(|(model, unshared)| {
            let of_others = others.and_then(|others| others.get(model));
            (model.to_owned(), unshared.added_to(of_others))
        })
        .collect();
    for (model, durations) in others.into_iter().flatten() {
        if models.len() >= MAX_MODELS {
            break;
        }
        models.entry(model.clone()).or_insert_with(|| durations.clone());
    }
    models
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::protocol::{LearnedPacing, ObservedJob, Pacing};

    /// What a client learned from this many jobs of four seconds.
    fn learned(jobs: u32) -> Unshared {
        let mut pacing = LearnedPacing::new(Pacing::for_model(None), None).shared();
        for number in 0..jobs {
            let job = ObservedJob::accepted(Duration::from_secs(100) * number);
            pacing.ended_at(&job, Duration::from_secs(100) * number + Duration::from_secs(4));
        }
        pacing.unshared()
    }

    fn saved(jobs: u32) -> SavedDurations {
        learned(jobs).added_to(None)
    }

    /// How many jobs the durations are of.
    fn jobs(durations: &SavedDurations) -> f64 {
        serde_json::to_value(durations).unwrap()["jobs"].as_f64().unwrap()
    }

    fn names(prefix: &str, count: usize) -> impl Iterator<Item = String> {
        (0..count).map(move |number| format!("{prefix}/{number:03}"))
    }

    #[test]
    fn the_model_that_was_used_least_recently_is_forgotten() {
        let mut models = RecentModels::default();
        for (number, name) in names("used", MAX_MODELS).enumerate() {
            models.used(&name, || number);
        }
        assert_eq!(models.used("used/000", || 1000), 0, "it is known, and used again now");
        assert_eq!(models.used("new", || 2000), 2000);
        assert_eq!(models.iter().count(), MAX_MODELS);
        assert_eq!(models.used("used/000", || 3000), 0, "it stayed");
        assert_eq!(models.used("used/001", || 3000), 3000, "it was forgotten");
    }

    #[test]
    fn models_of_the_file_take_only_free_places() {
        let mut models = RecentModels::default();
        models.add("file/a".to_owned(), 1);
        models.add("file/a".to_owned(), 2);
        assert_eq!(models.used("file/a", || 3), 1, "what is known stays");
        for name in names("file", 2 * MAX_MODELS) {
            models.add(name, 4);
        }
        assert_eq!(models.iter().count(), MAX_MODELS);
        assert!(!models.has_room_for("another"));
        assert_eq!(models.used("another", || 5), 5, "a model that is used takes a place");
        assert_eq!(models.used("file/a", || 6), 1, "not of one that was used");
    }

    #[test]
    fn a_file_gets_what_a_client_learned_together_with_what_others_learned() {
        let (three, none) = (learned(3), learned(0));
        let own = || [("both", &three), ("unused", &none)];
        let of = |models: &[(&str, u32)]| -> SavedModels {
            models.iter().map(|(model, jobs)| ((*model).to_owned(), saved(*jobs))).collect()
        };
        type Expected = &'static [(&'static str, f64)];
        let cases: [(Option<SavedModels>, Expected); 4] = [
            (None, &[("both", 3.0), ("unused", 0.0)]),
            (Some(of(&[])), &[("both", 3.0), ("unused", 0.0)]),
            (Some(of(&[("both", 2)])), &[("both", 5.0), ("unused", 0.0)]),
            (
                Some(of(&[("both", 2), ("unused", 4), ("theirs", 6)])),
                &[("both", 5.0), ("theirs", 6.0), ("unused", 4.0)],
            ),
        ];
        for (others, expected) in cases {
            let merged = merge(own(), others.as_ref());
            let jobs: Vec<(&str, f64)> =
                merged.iter().map(|(model, durations)| (model.as_str(), jobs(durations))).collect();
            assert_eq!(jobs, expected);
        }
    }

    #[test]
    fn a_file_has_a_limited_number_of_models_and_its_writer_comes_first() {
        let three = learned(3);
        let others = names("theirs", MAX_MODELS).map(|name| (name, saved(1))).collect();
        let merged = merge([("own", &three)], Some(&others));
        assert_eq!(merged.len(), MAX_MODELS);
        assert!((jobs(&merged["own"]) - 3.0).abs() < 0.01);
    }
}
