//! The worlds of a server, by key and by id.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::scenario::Scenario;
use crate::world::World;

/// The key of the world that is there from the start.
pub const DEFAULT_KEY: &str = "mock-key";

/// The id of that world.
const DEFAULT_ID: &str = "default";
/// How many worlds there may be that clients open.
const MAX_WORLDS: usize = 10_000;

/// All worlds of a server.
pub(crate) struct Worlds {
    base_url: String,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_key: HashMap<String, World>,
    by_id: HashMap<String, World>,
    /// How many ids were given out.
    named: u64,
    /// How many worlds there have been.
    made: u64,
    /// Whether their webhooks may go to other machines.
    remote_webhooks: bool,
}

impl Worlds {
    /// The worlds of a server with that URL: for now, the one of the default key.
    pub(crate) fn new(base_url: &str, remote_webhooks: bool, scenario: Scenario) -> Self {
        let mut inner = Inner { remote_webhooks, ..Inner::default() };
        inner.make(base_url, Some(DEFAULT_ID), Some(DEFAULT_KEY), scenario);
        Self { base_url: base_url.to_owned(), inner: Mutex::new(inner) }
    }

    /// The world of the default key; it begins anew where it was removed.
    pub(crate) fn default_world(&self) -> World {
        let mut worlds = self.inner();
        match worlds.by_key.get(DEFAULT_KEY) {
            Some(world) => world.clone(),
            None => worlds.make(&self.base_url, None, Some(DEFAULT_KEY), Scenario::default()),
        }
    }

    /// A new world with a key of its own.
    pub(crate) fn make(&self, scenario: Scenario) -> World {
        self.inner().make(&self.base_url, None, None, scenario)
    }

    /// A new world with this id; `None` where there is one already.
    pub(crate) fn make_called(&self, id: &str, scenario: Scenario) -> Option<World> {
        let mut worlds = self.inner();
        let is_free = !worlds.by_id.contains_key(id);
        is_free.then(|| worlds.make(&self.base_url, Some(id), None, scenario))
    }

    /// The world of a key. A key that begins with `mock` opens a world on its first use.
    pub(crate) fn of_key(&self, key: &str) -> Option<World> {
        let mut worlds = self.inner();
        let known = worlds.by_key.get(key).cloned();
        if known.is_some() || !key.starts_with("mock") || worlds.by_id.len() >= MAX_WORLDS {
            return known;
        }
        Some(worlds.make(&self.base_url, None, Some(key), Scenario::default()))
    }

    pub(crate) fn of_id(&self, id: &str) -> Option<World> {
        self.inner().by_id.get(id).cloned()
    }

    pub(crate) fn remove(&self, id: &str) -> bool {
        let mut worlds = self.inner();
        match worlds.by_id.remove(id) {
            Some(world) => {
                worlds.by_key.remove(world.key());
                world.shared.courier.stop();
                true
            }
            None => false,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.inner().by_id.len() >= MAX_WORLDS
    }

    /// All worlds, by id.
    pub(crate) fn all(&self) -> Vec<World> {
        let mut worlds: Vec<_> = self.inner().by_id.values().cloned().collect();
        worlds.sort_by(|one, other| one.id().cmp(other.id()));
        worlds
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Makes a world with this id and key, or with new ones that nobody has.
    fn make(
        &mut self,
        base_url: &str,
        id: Option<&str>,
        key: Option<&str>,
        scenario: Scenario,
    ) -> World {
        let id = id.map_or_else(|| self.free_id(), str::to_owned);
        let key = key.map_or_else(|| self.free_key(&id), str::to_owned);
        self.made += 1;
        // Room for each world's resets, so that no two lives of any worlds have one number.
        let epoch = self.made << 32;
        let world = World::new(
            id.clone(),
            key.clone(),
            base_url.to_owned(),
            scenario,
            epoch,
            self.remote_webhooks,
        );
        self.by_key.insert(key, world.clone());
        self.by_id.insert(id, world.clone());
        world
    }

    fn free_id(&mut self) -> String {
        loop {
            self.named += 1;
            let id = format!("w{}", self.named);
            if !self.by_id.contains_key(&id) {
                return id;
            }
        }
    }

    /// `mock-` and the id, unless somebody opened a world with that key before.
    fn free_key(&self, id: &str) -> String {
        let mut key = format!("mock-{id}");
        while self.by_key.contains_key(&key) {
            key.push('-');
        }
        key
    }
}
