//! Checks media behind URLs. Concurrent runs share one reading of a file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore};
use url::Url;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Result;
use crate::http::{ProbeError, ProbeResult, RemoteMedia};
use crate::media::{MediaInfo, Rule, Violation};
use crate::model::Level;

/// Maximum number of files that are read at the same time; further ones queue.
const MAX_READINGS: usize = 32;
/// How long the properties of a file are cached: enough for many runs of one video.
const CACHED: Duration = Duration::from_secs(60);
/// Maximum number of files in the cache.
const MAX_CACHED: usize = 1000;

/// Reads media behind URLs, and caches those without errors for a minute.
pub(super) struct RemoteChecks {
    media: RemoteMedia,
    clock: Arc<dyn Clock>,
    readings: Semaphore,
    known: Mutex<HashMap<Url, Known>>,
}

struct Known {
    since: Duration,
    found: Arc<OnceCell<ProbeResult>>,
}

impl RemoteChecks {
    /// Returns `None` if the configuration turns them off.
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

    /// Returns the file's properties and what `validate` finds in them. Concurrent calls for one URL
    /// share one reading. A file with an error is read again the next time, because it may have been
    /// replaced.
    pub(super) async fn check(
        &self,
        field: &str,
        name: &str,
        url: &Url,
        validate: impl FnOnce(&MediaInfo) -> Vec<Violation>,
    ) -> (Option<MediaInfo>, Vec<Violation>) {
        let cell = self.cell(url);
        let found = cell.get_or_init(|| self.read(url)).await.clone();
        let mut violations = found.info.as_ref().map(validate).unwrap_or_default();
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

    async fn read(&self, url: &Url) -> ProbeResult {
        // Nothing closes the semaphore. Without a permit, only the limit would not hold.
        let _permit = self.readings.acquire().await.ok();
        self.media.read(url).await
    }

    fn cell(&self, url: &Url) -> Arc<OnceCell<ProbeResult>> {
        let now = self.clock.now();
        let is_fresh = |known: &Known| now.saturating_sub(known.since) < CACHED;
        self.known(|all| {
            if let Some(known) = all.get(url).filter(|known| is_fresh(known)) {
                return Arc::clone(&known.found);
            }
            if all.len() >= MAX_CACHED {
                all.retain(|_, known| is_fresh(known));
            }
            let found = Arc::new(OnceCell::new());
            if all.len() < MAX_CACHED {
                all.insert(url.clone(), Known { since: now, found: Arc::clone(&found) });
            }
            found
        })
    }

    /// Removes a file from the cache, unless another reading replaced it.
    fn forget(&self, url: &Url, cell: &Arc<OnceCell<ProbeResult>>) {
        self.known(|all| {
            if all.get(url).is_some_and(|known| Arc::ptr_eq(&known.found, cell)) {
                all.remove(url);
            }
        });
    }

    fn known<T>(&self, change: impl FnOnce(&mut HashMap<Url, Known>) -> T) -> T {
        change(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns the warning about a file whose format could not be read.
fn unread(field: &str, name: &str, why: &ProbeError) -> Violation {
    let ProbeError { rule, clause, advice } = why;
    let mut message = format!("`{field}`: {name} could not be checked: {clause}.");
    if !advice.is_empty() {
        message.push(' ');
        message.push_str(advice);
    }
    let allowed = "a file that can be read";
    Violation::new(field, *rule, Level::Warning, clause, allowed, message)
}

/// Adds to the warnings about missing properties why they are missing.
fn explain(violations: &mut [Violation], why: &ProbeError) {
    for violation in violations.iter_mut().filter(|it| it.rule == Rule::Undetermined) {
        violation.message.push_str(&format!(" The file was read in part: {}.", why.clause));
    }
}
