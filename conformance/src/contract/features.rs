//! The closed list of what a driver may say it can do.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

/// Every feature there is, with what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features(BTreeMap<String, String>);

impl Features {
    /// Reads `features.yaml`.
    ///
    /// # Errors
    /// Where the file cannot be read or is no map of words to sentences.
    pub fn load(path: &Path) -> Result<Self> {
        super::read(path).map(Self)
    }

    /// Every feature with its meaning.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(word, means)| (word.as_str(), means.as_str()))
    }

    /// Whether the list has that word.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.0.contains_key(word)
    }

    /// Makes sure that all these words are on the list.
    ///
    /// # Errors
    /// Names the first that is not.
    pub fn require<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Result<()> {
        match words.into_iter().find(|word| !self.has(word)) {
            Some(word) => bail!("there is no feature `{word}`; features.yaml lists all"),
            None => Ok(()),
        }
    }
}
