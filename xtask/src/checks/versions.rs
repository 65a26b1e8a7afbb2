//! One version and one address of the repository: `Cargo.toml` states both, and every other place that
//! repeats them is checked here, and rewritten by `cargo xtask versions --write`.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use regex::Regex;

use super::{changelog, conclude, crates};
use crate::process::root;

/// Files that repeat the version, and what stands around it there. The group is the version; each
/// pattern must occur.
const VERSIONS: &[(&str, &str)] = &[
    ("Cargo.toml", r#"(?m)^viseme[a-z-]* = \{ path = "[^"]+", version = "([^"]+)""#),
    (
        "bindings-common/Cargo.toml",
        r#"(?m)^viseme[a-z-]* = \{ path = "[^"]+", version = "([^"]+)""#,
    ),
    (
        "bindings-mobile/Cargo.toml",
        r#"(?m)^viseme[a-z-]* = \{ path = "[^"]+", version = "([^"]+)""#,
    ),
    ("bindings-node/package.json", r#"\A\{\s+"name": "viseme",\s+"version": "([^"]+)""#),
    ("bindings-node/package-lock.json", r#""name": "viseme",\s+"version": "([^"]+)""#),
    ("bindings-node/mock/package.json", r#"\A\{\s+"name": "viseme-mock",\s+"version": "([^"]+)""#),
    ("bindings-node/README.md", r"viseme-(?:mock-)?(?:linux-x64-gnu-)?(\d[^`]*?)\.tgz"),
    ("bindings-node/mock/README.md", r"viseme-(?:mock-)?(?:linux-x64-gnu-)?(\d[^`]*?)\.tgz"),
    ("README.md", r"viseme-(?:mock-)?(?:linux-x64-gnu-)?(\d[^` ]*?)\.tgz"),
    (
        "integrations/temporal-node/package.json",
        r#""name": "@viseme/temporal",\s+"version": "([^"]+)""#,
    ),
    (
        "integrations/temporal-node/package.json",
        r#"(?s)"peerDependencies": \{.*?"viseme": "([^"]+)""#,
    ),
    ("integrations/temporal-python/pyproject.toml", r#"(?m)^version = "([^"]+)""#),
    (
        "bindings-mobile/kotlin/pom.xml",
        r"<artifactId>viseme-parent</artifactId>\s+<version>([^<]+)<",
    ),
    (
        "bindings-mobile/kotlin/viseme/pom.xml",
        r"<artifactId>viseme-parent</artifactId>\s+<version>([^<]+)<",
    ),
    (
        "bindings-mobile/kotlin/sample/pom.xml",
        r"<artifactId>viseme-parent</artifactId>\s+<version>([^<]+)<",
    ),
    (
        "bindings-mobile/kotlin/conformance/pom.xml",
        r"<artifactId>viseme-parent</artifactId>\s+<version>([^<]+)<",
    ),
    ("docs/mobile.md", r"`dev\.viseme:viseme:([^`]+)`"),
    ("CHANGELOG.md", r"(?s)\A.*?(?:This will become |\n## \[)(\d+\.\d+\.\d+)"),
];

/// Files that repeat the address of the repository.
const REPOSITORIES: &[(&str, &str)] = &[
    ("bindings-python/pyproject.toml", r#"(?m)^Repository = "([^"]+)""#),
    ("bindings-python/mock/pyproject.toml", r#"(?m)^Repository = "([^"]+)""#),
    ("integrations/temporal-python/pyproject.toml", r#"(?m)^Repository = "([^"]+)""#),
    ("bindings-node/package.json", r#""url": "git\+([^"]+)\.git""#),
    ("bindings-node/mock/package.json", r#""url": "git\+([^"]+)\.git""#),
    ("integrations/temporal-node/package.json", r#""url": "git\+([^"]+)\.git""#),
    ("bindings-mobile/kotlin/pom.xml", r"<repository\.url>([^<]+)</repository\.url>"),
];

/// What `Cargo.toml` states.
struct Facts {
    version: String,
    repository: String,
}

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Result<String> {
    let facts = facts()?;
    let mut faults = Vec::new();
    for (file, pattern, wanted) in places(&facts) {
        let text = read(file)?;
        faults.extend(differing(&text, pattern, wanted)?.into_iter().map(|found| {
            format!("{file}: {found}, but Cargo.toml states {wanted}; `cargo xtask versions --write` rewrites it")
        }));
    }
    faults.extend(changelog::faults(&read("CHANGELOG.md")?, &facts.version));
    let published = crates::published()?;
    faults.extend(published.iter().flat_map(crates::Published::faults));
    faults.extend(differing_samples()?);
    let count = published.len();
    conclude(&faults, format!("version {} everywhere; {count} crates have metadata", facts.version))
}

/// The copies of the samples that a crate contains must be the samples.
fn differing_samples() -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for entry in root().join("samples").read_dir().context("cannot read the samples")? {
        let name = entry?.file_name();
        let copy = root().join("playground/samples").join(&name);
        if fs::read(&copy).ok() != fs::read(root().join("samples").join(&name)).ok() {
            faults.push(format!("{} must be a copy of {}", copy.display(), name.display()));
        }
    }
    Ok(faults)
}

/// `cargo xtask versions`.
#[derive(Args)]
pub(crate) struct Versions {
    /// Rewrite all places that differ from Cargo.toml
    #[arg(long)]
    write: bool,
    /// Check that this tag is `v` and the version
    #[arg(long)]
    tag: Option<String>,
}

impl Versions {
    pub(crate) fn run(&self) -> Result<()> {
        if self.write {
            write()?;
        }
        let version = facts()?.version;
        if let Some(tag) = &self.tag {
            let is_right = tag.strip_prefix('v').is_some_and(|tag| tag == version);
            ensure!(is_right, "the tag is {tag}, but Cargo.toml states {version}");
        }
        println!("versions: {}", check()?);
        Ok(())
    }
}

/// Rewrites every place that repeats the version or the address of the repository.
fn write() -> Result<()> {
    let facts = facts()?;
    for (file, pattern, wanted) in places(&facts) {
        let text = read(file)?;
        let new = rewritten(&text, pattern, wanted)?;
        if new != text {
            fs::write(root().join(file), new).with_context(|| format!("cannot write {file}"))?;
            println!("versions: {file} is rewritten");
        }
    }
    Ok(())
}

fn places(facts: &Facts) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
    let of = |list: &'static [(&'static str, &'static str)], wanted| {
        list.iter().map(move |(file, pattern)| (*file, *pattern, wanted))
    };
    of(VERSIONS, facts.version.as_str()).chain(of(REPOSITORIES, facts.repository.as_str()))
}

fn facts() -> Result<Facts> {
    let published = crates::published()?;
    let core = published.iter().find(|it| it.name == "viseme").context("there is no `viseme`")?;
    let text = |key: &str| core.text(key).to_owned();
    Ok(Facts { version: text("version"), repository: text("repository") })
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))
}

/// What stands at a place instead of what is wanted; an error if the file has no such place.
fn differing(text: &str, pattern: &str, wanted: &str) -> Result<Vec<String>> {
    let regex = Regex::new(pattern).context("invalid pattern")?;
    let found: Vec<&str> =
        regex.captures_iter(text).filter_map(|found| Some(found.get(1)?.as_str())).collect();
    ensure!(!found.is_empty(), "nothing in the file matches `{pattern}`");
    let other = |it: &&&str| **it != wanted;
    Ok(found.iter().filter(other).map(|it| (*it).to_owned()).collect())
}

fn rewritten(text: &str, pattern: &str, wanted: &str) -> Result<String> {
    let regex = Regex::new(pattern).context("invalid pattern")?;
    let mut new = String::with_capacity(text.len());
    let mut end = 0;
    for found in regex.captures_iter(text).filter_map(|found| found.get(1)) {
        new.push_str(text.get(end..found.start()).unwrap_or_default());
        new.push_str(wanted);
        end = found.end();
    }
    new.push_str(text.get(end..).unwrap_or_default());
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_found_and_rewritten_and_a_missing_place_is_an_error() {
        let pattern = r#"version = "([^"]+)""#;
        let text = "a = { version = \"0.1.0\" }\nb = { version = \"0.2.0\" }\n";
        assert_eq!(differing(text, pattern, "0.2.0").expect("matches"), ["0.1.0"]);
        let new = rewritten(text, pattern, "0.2.0").expect("matches");
        assert!(differing(&new, pattern, "0.2.0").expect("matches").is_empty());
        assert_eq!(new, text.replace("0.1.0", "0.2.0"));
        differing("nothing", pattern, "0.2.0").expect_err("no place");
    }
}
