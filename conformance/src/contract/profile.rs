//! The profiles of the drivers and the list of features.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use crate::protocol::Hello;

/// The list of all features with their descriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features(BTreeMap<String, String>);

impl Features {
    /// Reads `features.yaml`.
    ///
    /// # Errors
    /// If the file cannot be read, or is not a map of names to descriptions.
    pub fn load(path: &Path) -> Result<Self> {
        super::read(path).map(Self)
    }

    /// Returns every feature with its description.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(feature, description)| (feature.as_str(), description.as_str()))
    }

    /// Whether the list contains a feature.
    #[must_use]
    pub fn has(&self, feature: &str) -> bool {
        self.0.contains_key(feature)
    }

    /// Checks that all these features are on the list.
    ///
    /// # Errors
    /// Names the first that is not.
    pub fn require<'a>(&self, features: impl IntoIterator<Item = &'a str>) -> Result<()> {
        match features.into_iter().find(|feature| !self.has(feature)) {
            Some(feature) => bail!("there is no feature `{feature}`; features.yaml lists them all"),
            None => Ok(()),
        }
    }
}

/// A driver's profile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name, which is also the name of the file.
    pub name: String,
    /// The language of the client.
    pub language: String,
    /// The program and its arguments; `{root}` and `{target}` stand for folders.
    pub command: Vec<String>,
    /// The command that builds the driver, run in the root folder of the repository.
    #[serde(default)]
    pub build: Vec<String>,
    /// The clock of its worlds.
    #[serde(default)]
    pub clock: ClockKind,
    /// Whether it is a released client of another project, which runs only with `--released`.
    #[serde(default)]
    pub released: bool,
    /// The features that it supports.
    pub features: Vec<String>,
    /// Cases that are known to fail.
    #[serde(default)]
    pub known_failures: Vec<KnownFailure>,
}

/// How time passes in the worlds of a driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Virtual: the client reports how long it would have slept.
    #[default]
    Virtual,
    /// Faster than real time by this factor.
    Scaled(f64),
}

/// Cases that are known to fail for now.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailure {
    /// A glob pattern for the ids of the cases.
    pub case: String,
    /// Why they fail.
    pub reason: String,
    /// The last date on which they may fail.
    pub until: jiff::civil::Date,
}

impl KnownFailure {
    /// Whether it covers a case.
    #[must_use]
    pub fn covers(&self, case: &str) -> bool {
        matcher(&self.case).is_ok_and(|glob| glob.is_match(case))
    }
}

impl Profile {
    /// Reads `NAME.yaml`.
    ///
    /// # Errors
    /// If the file cannot be read, names unknown features, or is inconsistent.
    pub fn load(path: &Path, features: &Features) -> Result<Self> {
        let profile: Self = super::read(path)?;
        profile.check(path, features).with_context(|| format!("{} is invalid", path.display()))?;
        Ok(profile)
    }

    fn check(&self, path: &Path, features: &Features) -> Result<()> {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        ensure!(
            stem.as_deref() == Some(&self.name),
            "`name` must be the name of the file, got {}",
            self.name
        );
        ensure!(!self.command.is_empty(), "`command` is empty");
        features.require(self.features.iter().map(String::as_str))?;
        let has_virtual_clock = self.has("virtual_clock");
        ensure!(
            has_virtual_clock == (self.clock == ClockKind::Virtual),
            "`clock: virtual` requires the feature `virtual_clock`, and the other way round"
        );
        for known in &self.known_failures {
            matcher(&known.case)?;
        }
        Ok(())
    }

    /// Whether the driver supports a feature.
    #[must_use]
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// Returns the differences between the `hello` of a driver and its profile.
    #[must_use]
    pub fn differences(&self, hello: &Hello) -> Vec<String> {
        let mut differences = Vec::new();
        if hello.protocol != crate::protocol::VERSION {
            differences.push(format!("hello: the protocol is {}", hello.protocol));
        }
        if hello.name != self.name {
            differences.push(format!("hello: the name is {}", hello.name));
        }
        if hello.language != self.language {
            differences.push(format!("hello: the language is {}", hello.language));
        }
        for feature in &hello.features {
            if !self.has(feature) {
                differences.push(format!("hello lists {feature}, but the profile does not"));
            }
        }
        for feature in &self.features {
            if !hello.features.contains(feature) {
                differences.push(format!("the profile lists {feature}, but hello does not"));
            }
        }
        differences
    }
}

fn matcher(glob: &str) -> Result<GlobMatcher> {
    Ok(Glob::new(glob)
        .with_context(|| format!("`{glob}` is not a glob pattern"))?
        .compile_matcher())
}
