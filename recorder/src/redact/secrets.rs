//! The secrets that a recorder has seen, and the search for them.

use std::collections::HashMap;
use std::io::{self, Read};

use aho_corasick::AhoCorasick;
use secrecy::{ExposeSecret as _, SecretString};

use super::encodings::{forms, views};

/// The shortest text that counts as a secret. Common words contain shorter ones.
const MIN_LENGTH: usize = 6;
/// How much of a file is searched at once, and how much of it again with the next part: more than the
/// longest form of a usual secret takes, even if each of its characters is escaped.
const CHUNK: usize = 1024 * 1024;
const OVERLAP: usize = 64 * 1024;

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretKind {
    /// An API key or another credential of a client.
    Key,
    /// The signature of a URL.
    Signature,
    /// The secret of the webhooks.
    WebhookSecret,
}

impl SecretKind {
    /// Returns it as the object of a sentence.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Key => "an API key",
            Self::Signature => "the signature of a URL",
            Self::WebhookSecret => "the webhook secret",
        }
    }
}

/// The secrets that were seen. They are in memory only.
#[derive(Default)]
pub(crate) struct Secrets {
    kinds: HashMap<String, SecretKind>,
    values: Vec<(SecretString, SecretKind)>,
}

impl Secrets {
    /// Adds a secret, unless it is too short to be one.
    pub(crate) fn add(&mut self, secret: &str, kind: SecretKind) {
        let secret = secret.trim();
        if secret.len() < MIN_LENGTH || self.kinds.contains_key(secret) {
            return;
        }
        self.kinds.insert(secret.to_owned(), kind);
        self.values.push((SecretString::from(secret.to_owned()), kind));
    }

    /// Adds the values of parameters in the query of a URL that authorize its reader.
    pub(crate) fn add_query(&mut self, query: &str, kind: SecretKind) {
        for part in query.split('&') {
            let Some((name, value)) = part.split_once('=') else { continue };
            if !is_secret_name(name) {
                continue;
            }
            self.add(value, kind);
            let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            if decoded != value {
                self.add(&decoded, kind);
            }
        }
    }

    /// Returns what finds these secrets.
    pub(crate) fn search(&self) -> Result<SecretSearch, String> {
        let mut patterns = Vec::new();
        let mut kinds = Vec::new();
        for (secret, kind) in &self.values {
            for form in forms(secret.expose_secret()) {
                patterns.push(form);
                kinds.push(*kind);
            }
        }
        let automaton = AhoCorasick::new(&patterns).map_err(|error| error.to_string())?;
        Ok(SecretSearch { automaton, kinds })
    }
}

/// Returns whether a parameter or header of this name has a secret value.
pub(crate) fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 11] = [
        "sig",
        "token",
        "credential",
        "key",
        "policy",
        "secret",
        "auth",
        "hmac",
        "hash",
        "passw",
        "cookie",
    ];
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
}

/// Finds secrets in all their forms.
pub(crate) struct SecretSearch {
    automaton: AhoCorasick,
    kinds: Vec<SecretKind>,
}

impl SecretSearch {
    /// Returns the first secret in a text.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<SecretKind> {
        views(bytes).iter().find_map(|view| {
            let found = self.automaton.find(view.as_ref())?;
            self.kinds.get(found.pattern().as_usize()).copied()
        })
    }

    /// Returns the first secret in a file, which is read in parts.
    pub(crate) fn find_in(&self, mut file: impl Read) -> io::Result<Option<SecretKind>> {
        let mut buffer = Vec::new();
        loop {
            let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut buffer)?;
            if read == 0 {
                return Ok(None);
            }
            if let Some(kind) = self.find(&buffer) {
                return Ok(Some(kind));
            }
            buffer.drain(..buffer.len().saturating_sub(OVERLAP));
        }
    }

    /// Returns the text with `[key]` in place of each secret, or in place of the whole text if an encoded
    /// one cannot be cut out. `None` if there is none.
    pub(crate) fn redact(&self, text: &str) -> Option<String> {
        self.find(text.as_bytes())?;
        let redacted = self.automaton.replace_all(text, &vec!["[key]"; self.kinds.len()]);
        Some(if self.find(redacted.as_bytes()).is_some() { "[key]".to_owned() } else { redacted })
    }
}
