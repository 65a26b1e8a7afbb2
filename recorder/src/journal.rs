//! What was seen so far. It is in memory only, without the values of headers that are not on the list.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;

use crate::jobs::{Job, without_query};
use crate::recording::{RecordedExchange, RecordedMedia};
use crate::redact::{SecretKind, Secrets, is_secret_name};
use crate::rewrite::Sites;

/// What was seen so far.
pub(crate) struct Journal {
    started: Instant,
    pub(crate) started_at: Timestamp,
    state: Mutex<State>,
}

/// The parts of a journal that change.
pub(crate) struct State {
    pub(crate) sites: Sites,
    pub(crate) secrets: Secrets,
    next: u64,
    /// By the order in which they began.
    pub(crate) exchanges: BTreeMap<u64, RecordedExchange>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) media: BTreeMap<String, RecordedMedia>,
    /// The hashes of whole files, by their URLs without queries.
    pub(crate) files: HashMap<String, String>,
    /// The download URLs of upload URLs, both without queries.
    tickets: HashMap<String, String>,
}

impl Journal {
    pub(crate) fn new(sites: Sites) -> Self {
        Self {
            started: Instant::now(),
            started_at: Timestamp::now(),
            state: Mutex::new(State {
                sites,
                secrets: Secrets::default(),
                next: 0,
                exchanges: BTreeMap::new(),
                jobs: Vec::new(),
                media: BTreeMap::new(),
                files: HashMap::new(),
                tickets: HashMap::new(),
            }),
        }
    }

    /// Returns the time since the start, in microseconds.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the number of a new exchange.
    pub(crate) fn begin(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Remembers the credentials in the headers and the query of a request.
    pub(crate) fn add_credentials(&mut self, headers: &HeaderMap, query: Option<&str>) {
        for (name, value) in headers {
            if !is_secret_name(name.as_str()) {
                continue;
            }
            let text = String::from_utf8_lossy(value.as_bytes());
            if name == http::header::AUTHORIZATION {
                self.add_authorization(text.trim());
                continue;
            }
            self.secrets.add(&text, SecretKind::Key);
            for part in text.split([' ', ';', ',']) {
                let value = part.split_once('=').map_or(part, |(_, value)| value);
                self.secrets.add(value, SecretKind::Key);
            }
        }
        if let Some(query) = query {
            self.secrets.add_query(query, SecretKind::Signature);
        }
    }

    fn add_authorization(&mut self, text: &str) {
        let (scheme, key) = text.split_once(' ').unwrap_or(("", text));
        self.secrets.add(key, SecretKind::Key);
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(bytes) = STANDARD.decode(key.trim())
        {
            for part in String::from_utf8_lossy(&bytes).split(':') {
                self.secrets.add(part, SecretKind::Key);
            }
        }
    }

    /// Remembers the signatures of all URLs in a document.
    pub(crate) fn add_signatures(&mut self, document: &Value) {
        match document {
            Value::String(text) => {
                if text.contains("://")
                    && let Some((_, query)) = text.split_once('?')
                {
                    let query = query.split('#').next().unwrap_or_default();
                    self.secrets.add_query(query, SecretKind::Signature);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_signatures(item)),
            Value::Object(fields) => fields.values().for_each(|value| self.add_signatures(value)),
            _ => {}
        }
    }

    /// Remembers the secret of the webhooks in the response with it.
    pub(crate) fn add_webhook_secret(&mut self, document: &Value) {
        let secret = document.pointer("/data/secret").or_else(|| document.get("secret"));
        let secret = secret.or_else(|| document.get("data")).and_then(Value::as_str);
        if let Some(secret) = secret {
            self.secrets.add(secret, SecretKind::WebhookSecret);
            let bare = secret.strip_prefix("whsec_").unwrap_or(secret);
            self.secrets.add(bare, SecretKind::WebhookSecret);
        }
    }

    /// Remembers which URL an upload will be read from.
    pub(crate) fn add_ticket(&mut self, document: &Value) {
        let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
        if let (Some(upload), Some(download)) =
            (text("/data/upload/url"), text("/data/download_url"))
        {
            self.tickets
                .insert(without_query(upload).to_owned(), without_query(download).to_owned());
        }
    }

    /// Remembers where the file of a form will be read from.
    pub(crate) fn add_form(&mut self, files: &[String], document: &Value) {
        // With several files, a URL would not tell which one it is of.
        let ([sha256], Some(url)) =
            (files, document.pointer("/data/download_url").and_then(Value::as_str))
        else {
            return;
        };
        if let Some(media) = self.media.get(sha256).cloned() {
            self.add_file(sha256, url, media);
        }
    }

    /// Returns how much was seen: it grows with everything that a recording shows.
    pub(crate) fn seen(&self) -> usize {
        let observed: usize = self.jobs.iter().map(Job::observed).sum();
        self.exchanges.len() + observed
    }

    /// Adds a whole file.
    pub(crate) fn add_file(&mut self, sha256: &str, url: &str, media: RecordedMedia) {
        let media = self.media.entry(sha256.to_owned()).or_insert(media);
        let url = without_query(url);
        let mut urls = vec![url.to_owned()];
        urls.extend(self.tickets.get(url).cloned());
        for url in urls {
            if !media.urls.contains(&url) {
                media.urls.push(url.clone());
            }
            self.files.insert(url, sha256.to_owned());
        }
    }

    /// Returns a job by its id.
    pub(crate) fn job(&mut self, id: &str) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    /// Adds a job, unless it is known.
    pub(crate) fn add_job(&mut self, job: Job) -> bool {
        let is_new = self.jobs.iter().all(|known| known.id != job.id);
        if is_new {
            self.jobs.push(job);
        }
        is_new
    }
}
