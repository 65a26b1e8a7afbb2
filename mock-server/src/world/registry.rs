//! The worlds of a server, by key and by id.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::World;
use crate::scenario::{OutputMode, Scenario};

/// The key of the world that exists from the start.
pub const DEFAULT_KEY: &str = "mock-key";

/// The id of that world.
const DEFAULT_ID: &str = "default";
/// How many worlds clients can create.
const MAX_WORLDS: usize = 10_000;

/// All worlds of a server.
pub(crate) struct WorldRegistry {
    base_url: String,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_key: HashMap<String, World>,
    by_id: HashMap<String, World>,
    /// How many ids were generated.
    generated: u64,
    /// How many worlds were created.
    created: u64,
    /// Whether webhooks may be sent to other machines.
    remote_webhooks: bool,
    /// The output of lip-sync jobs if the scenario does not say.
    default_output: OutputMode,
}

impl WorldRegistry {
    /// Returns the worlds of a server with this URL: at first, that of the default key.
    pub(crate) fn new(
        base_url: &str,
        remote_webhooks: bool,
        default_output: OutputMode,
        scenario: Scenario,
    ) -> Self {
        let mut inner = Inner { remote_webhooks, default_output, ..Inner::default() };
        inner.create(base_url, Some(DEFAULT_ID), Some(DEFAULT_KEY), scenario);
        Self { base_url: base_url.to_owned(), inner: Mutex::new(inner) }
    }

    /// Returns the world of the default key. It is created again if it was removed.
    pub(crate) fn default_world(&self) -> World {
        let mut worlds = self.inner();
        match worlds.by_key.get(DEFAULT_KEY) {
            Some(world) => world.clone(),
            None => worlds.create(&self.base_url, None, Some(DEFAULT_KEY), Scenario::default()),
        }
    }

    /// Creates a world with a key of its own.
    pub(crate) fn create(&self, scenario: Scenario) -> World {
        self.inner().create(&self.base_url, None, None, scenario)
    }

    /// Creates a world with this id. Returns `None` if the id is taken.
    pub(crate) fn create_with_id(&self, id: &str, scenario: Scenario) -> Option<World> {
        let mut worlds = self.inner();
        let is_free = !worlds.by_id.contains_key(id);
        is_free.then(|| worlds.create(&self.base_url, Some(id), None, scenario))
    }

    /// Returns the world of a key. A key that starts with `mock` creates a world on its first use.
    pub(crate) fn by_key(&self, key: &str) -> Option<World> {
        let mut worlds = self.inner();
        let known = worlds.by_key.get(key).cloned();
        if known.is_some() || !key.starts_with("mock") || worlds.by_id.len() >= MAX_WORLDS {
            return known;
        }
        Some(worlds.create(&self.base_url, None, Some(key), Scenario::default()))
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<World> {
        self.inner().by_id.get(id).cloned()
    }

    pub(crate) fn remove(&self, id: &str) -> bool {
        let mut worlds = self.inner();
        match worlds.by_id.remove(id) {
            Some(world) => {
                worlds.by_key.remove(world.key());
                world.stop();
                true
            }
            None => false,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.inner().by_id.len() >= MAX_WORLDS
    }

    /// Returns all worlds, sorted by id.
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
    /// Creates a world. Without an id or key, it gets a new one that is free.
    fn create(
        &mut self,
        base_url: &str,
        id: Option<&str>,
        key: Option<&str>,
        scenario: Scenario,
    ) -> World {
        let id = id.map_or_else(|| self.free_id(), str::to_owned);
        let key = key.map_or_else(|| self.free_key(&id), str::to_owned);
        self.created += 1;
        // Each world has 2^32 resets, so that epochs are unique across all worlds.
        let epoch = self.created << 32;
        let world = World::new(
            id.clone(),
            key.clone(),
            base_url.to_owned(),
            scenario,
            epoch,
            self.remote_webhooks,
        );
        world.state().default_output = self.default_output;
        self.by_key.insert(key, world.clone());
        self.by_id.insert(id, world.clone());
        world
    }

    fn free_id(&mut self) -> String {
        loop {
            self.generated += 1;
            let id = format!("w{}", self.generated);
            if !self.by_id.contains_key(&id) {
                return id;
            }
        }
    }

    /// Returns `mock-` and the id, with dashes added until the key is free.
    fn free_key(&self, id: &str) -> String {
        let mut key = format!("mock-{id}");
        while self.by_key.contains_key(&key) {
            key.push('-');
        }
        key
    }
}
