//! Which step may run now, and which languages are done.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::setup::Language;

/// How many more steps may run now, and whose steps wait.
pub(super) struct Places {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: usize,
    waiting: BTreeSet<Language>,
}

/// A place in use. It is free again when this is dropped.
pub(super) struct Place<'a>(&'a Places);

impl Places {
    pub(super) fn new(count: usize) -> Self {
        let state = State { free: count, waiting: BTreeSet::new() };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits for a place. Languages get theirs in their order, as the first take longest and would otherwise run
    /// alone at the end.
    pub(super) fn take(&self, language: Language) -> Place<'_> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.insert(language);
        let mut state = self
            .changed
            .wait_while(state, |state| state.free == 0 || state.waiting.first() != Some(&language))
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting.remove(&language);
        state.free -= 1;
        self.changed.notify_all();
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).free += 1;
        self.0.changed.notify_all();
    }
}

/// The languages whose steps have not all ended.
pub(super) struct Running {
    languages: Mutex<BTreeSet<Language>>,
    changed: Condvar,
}

/// A language whose steps run. It has ended when this is dropped.
pub(super) struct Turn<'a> {
    running: &'a Running,
    language: Language,
}

impl Running {
    pub(super) fn new(languages: impl Iterator<Item = Language>) -> Self {
        Self { languages: Mutex::new(languages.collect()), changed: Condvar::new() }
    }

    /// Waits until the languages have ended that this one uses.
    pub(super) fn turn_of(&self, language: Language) -> Turn<'_> {
        let languages = self.languages.lock().unwrap_or_else(PoisonError::into_inner);
        let _languages = self
            .changed
            .wait_while(languages, |running| {
                language.uses().iter().any(|used| running.contains(used))
            })
            .unwrap_or_else(PoisonError::into_inner);
        Turn { running: self, language }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut languages = self.running.languages.lock().unwrap_or_else(PoisonError::into_inner);
        languages.remove(&self.language);
        self.running.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(50);

    #[test]
    fn a_place_is_free_again_when_its_step_ends() {
        let places = Places::new(1);
        let first = places.take(Language::Rust);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| drop(places.take(Language::Node)));
            std::thread::sleep(MOMENT);
            assert!(!second.is_finished());
            drop(first);
            second.join().expect("ends");
        });
    }

    #[test]
    fn the_first_language_that_waits_gets_the_next_place() {
        let places = Places::new(1);
        let first = places.take(Language::Python);
        let (sender, order) = mpsc::channel();
        std::thread::scope(|scope| {
            for language in [Language::Site, Language::Rust, Language::Node] {
                let (places, sender) = (&places, sender.clone());
                scope.spawn(move || {
                    let _place = places.take(language);
                    sender.send(language).expect("read below");
                });
            }
            while places.state.lock().expect("no panic").waiting.len() < 3 {
                std::thread::yield_now();
            }
            drop(first);
        });
        drop(sender);
        let order: Vec<Language> = order.iter().collect();
        assert_eq!(order, [Language::Rust, Language::Node, Language::Site]);
    }

    #[test]
    fn a_language_waits_for_those_that_it_uses_and_no_others() {
        let chosen = [Language::Rust, Language::Kotlin, Language::KotlinApp, Language::Site];
        let running = Running::new(chosen.into_iter());
        let rust = running.turn_of(Language::Rust);
        let kotlin = running.turn_of(Language::Kotlin);
        std::thread::scope(|scope| {
            let app = scope.spawn(|| drop(running.turn_of(Language::KotlinApp)));
            let site = scope.spawn(|| drop(running.turn_of(Language::Site)));
            std::thread::sleep(MOMENT);
            assert!(!app.is_finished());
            drop(kotlin);
            app.join().expect("ends");
            assert!(!site.is_finished());
            drop(rust);
            site.join().expect("ends");
        });
    }
}
