//! What media behind URLs are: read once for all runs that use them at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore};
use url::Url;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Result;
use crate::http::{Found, ProbeError, RemoteMedia};
use crate::media::{MediaInfo, Rule, Violation};
use crate::model::Level;

/// How many files are read at once; further ones queue.
const MAX_READINGS: usize = 32;
/// How long a file is taken to be what it was: long enough for many runs over one video.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How many files are remembered.
const MAX_REMEMBERED: usize = 1000;

/// Reads media behind URLs, and remembers those that were fine for a minute.
pub(super) struct RemoteChecks {
    media: RemoteMedia,
    clock: Arc<dyn Clock>,
    readings: Semaphore,
    known: Mutex<HashMap<Url, Known>>,
}

struct Known {
    since: Duration,
    found: Arc<OnceCell<Found>>,
}

impl RemoteChecks {
    /// `None` where the set-up turns them off.
    pub(super) fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Option<Self>> {
        if !config.check_remote_media {
            return Ok(None);
        }
        Ok(Some(Self {
            media: RemoteMedia::new(config)?,
            clock,
            readings: Semaphore::new(MAX_READINGS),
            known: Mutex::default(),
        }))
    }

    /// What the file says of itself, and what `judge` says of that. Runs that ask for the same URL
    /// at the same time share one reading. Where anything is found to be wrong it is read anew the
    /// next time, as it may have been mended.
    pub(super) async fn check(
        &self,
        field: &str,
        name: &str,
        url: &Url,
        judge: impl FnOnce(&MediaInfo) -> Vec<Violation>,
    ) -> (Option<MediaInfo>, Vec<Violation>) {
        let cell = self.cell(url);
        let found = cell.get_or_init(|| self.read(url)).await.clone();
        let mut violations = found.info.as_ref().map(judge).unwrap_or_default();
        match (&found.info, &found.stopped) {
            (None, Some(why)) => violations.push(unread(field, name, why)),
            (Some(_), Some(why)) => explain(&mut violations, why),
            _ => {}
        }
        if found.stopped.is_some() || violations.iter().any(Violation::is_error) {
            self.forget(url, &cell);
        }
        (found.info, violations)
    }

    async fn read(&self, url: &Url) -> Found {
        // Never closed; without a permit it would only be read at once.
        let _permit = self.readings.acquire().await.ok();
        self.media.read(url).await
    }

    fn cell(&self, url: &Url) -> Arc<OnceCell<Found>> {
        let now = self.clock.now();
        let is_fresh = |known: &Known| now.saturating_sub(known.since) < REMEMBERED;
        self.known(|all| {
            if let Some(known) = all.get(url).filter(|known| is_fresh(known)) {
                return Arc::clone(&known.found);
            }
            if all.len() >= MAX_REMEMBERED {
                all.retain(|_, known| is_fresh(known));
            }
            let found = Arc::new(OnceCell::new());
            if all.len() < MAX_REMEMBERED {
                all.insert(url.clone(), Known { since: now, found: Arc::clone(&found) });
            }
            found
        })
    }

    /// Unless another reading has taken its place.
    fn forget(&self, url: &Url, cell: &Arc<OnceCell<Found>>) {
        self.known(|all| {
            if all.get(url).is_some_and(|known| Arc::ptr_eq(&known.found, cell)) {
                all.remove(url);
            }
        });
    }

    fn known<T>(&self, act: impl FnOnce(&mut HashMap<Url, Known>) -> T) -> T {
        // The map stays whole whatever panics elsewhere.
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A file of which not even the kind could be told.
fn unread(field: &str, name: &str, why: &ProbeError) -> Violation {
    let ProbeError { rule, clause, advice } = why;
    let mut message = format!("{field}: {name} could not be checked: {clause}.");
    if !advice.is_empty() {
        message.push(' ');
        message.push_str(advice);
    }
    let allowed = "a file that can be read";
    Violation::new(field, *rule, Level::Warning, clause, allowed, message)
}

/// Says why facts are missing.
fn explain(violations: &mut [Violation], why: &ProbeError) {
    for violation in violations.iter_mut().filter(|it| it.rule == Rule::Undetermined) {
        violation.message.push_str(&format!(" It was read in part: {}.", why.clause));
    }
}
