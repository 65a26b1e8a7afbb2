//! What a driver is, how it is started and what it can do.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use super::Features;
use crate::protocol::Hello;

/// A driver's profile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, that of the file.
    pub name: String,
    /// The language of the client.
    pub language: String,
    /// The program and its arguments; `{root}` and `{target}` are folders.
    pub command: Vec<String>,
    /// What builds it, run from the repository's root before the driver is started.
    #[serde(default)]
    pub build: Vec<String>,
    /// How its worlds' time passes.
    #[serde(default)]
    pub clock: ClockKind,
    /// A released client of others, for the score board alone.
    #[serde(default)]
    pub released: bool,
    /// What it can do.
    pub features: Vec<String>,
    /// Cases that are known to fail.
    #[serde(default)]
    pub known_failures: Vec<KnownFailure>,
}

/// How the time of a driver's worlds passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// By what the client says it would have slept.
    #[default]
    Lockstep,
    /// So many times as fast as real time.
    Scaled(f64),
}

/// Cases that are known to fail, for now.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailure {
    /// A glob over the ids of cases.
    pub case: String,
    /// Why.
    pub reason: String,
    /// The last day on which it may fail.
    pub until: jiff::civil::Date,
}

impl KnownFailure {
    /// Whether a case is meant.
    #[must_use]
    pub fn covers(&self, case: &str) -> bool {
        matcher(&self.case).is_ok_and(|glob| glob.is_match(case))
    }
}

impl Profile {
    /// Reads `NAME.yaml`.
    ///
    /// # Errors
    /// Where the file cannot be read, names features that do not exist, or contradicts itself.
    pub fn load(path: &Path, features: &Features) -> Result<Self> {
        let profile: Self = super::read(path)?;
        profile.check(path, features).with_context(|| format!("{} is wrong", path.display()))?;
        Ok(profile)
    }

    fn check(&self, path: &Path, features: &Features) -> Result<()> {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        ensure!(stem.as_deref() == Some(&self.name), "its name is {}", self.name);
        ensure!(!self.command.is_empty(), "it has no command");
        features.require(self.features.iter().map(String::as_str))?;
        let has_lockstep = self.has("lockstep");
        ensure!(
            has_lockstep == (self.clock == ClockKind::Lockstep),
            "the clock `lockstep` and the feature of that name go together"
        );
        for known in &self.known_failures {
            matcher(&known.case)?;
        }
        Ok(())
    }

    /// Whether it has a feature.
    #[must_use]
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// What of a driver's `hello` differs from its profile.
    #[must_use]
    pub fn differences(&self, hello: &Hello) -> Vec<String> {
        let mut differences = Vec::new();
        if hello.protocol != crate::protocol::VERSION {
            differences.push(format!("it speaks protocol {}", hello.protocol));
        }
        if hello.name != self.name {
            differences.push(format!("it calls itself {}", hello.name));
        }
        if hello.language != self.language {
            differences.push(format!("it says its language is {}", hello.language));
        }
        for feature in &hello.features {
            if !self.has(feature) {
                differences.push(format!("it says it can {feature}; its profile does not"));
            }
        }
        for feature in &self.features {
            if !hello.features.contains(feature) {
                differences.push(format!("its profile says it can {feature}; it does not"));
            }
        }
        differences
    }
}

fn matcher(glob: &str) -> Result<GlobMatcher> {
    Ok(Glob::new(glob).with_context(|| format!("`{glob}` is no pattern"))?.compile_matcher())
}
