//! One version and one address of the repository: `Cargo.toml` states both, and every other place that
//! repeats them is checked here, and rewritten by `cargo xtask versions --write`.

mod places;

use std::fs;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use regex::Regex;

use self::places::{MINORS, NEXT_BREAKING, REPOSITORIES, VERSIONS};
use super::{changelog, conclude, crates};
use crate::process::{program, root, run};

/// What `Cargo.toml` states.
struct Facts {
    version: String,
    /// `0.1` of 0.1.2.
    minor: String,
    /// The first version that may break what works: `0.2` of 0.1.2, `2` of 1.2.3.
    next_breaking: String,
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
    /// Set the version in Cargo.toml and everywhere else
    #[arg(long, value_name = "VERSION")]
    set: Option<String>,
    /// Rewrite all places that differ from Cargo.toml
    #[arg(long)]
    write: bool,
    /// Check that this tag is `v` and the version
    #[arg(long)]
    tag: Option<String>,
}

impl Versions {
    pub(crate) fn run(&self) -> Result<()> {
        if let Some(version) = &self.set {
            set(version)?;
        }
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

/// Sets the version. Cargo cannot resolve the crates while only a part of the places is changed, so this does not
/// ask it before all are.
fn set(version: &str) -> Result<()> {
    numbers(version)?;
    let new = rewritten(&read("Cargo.toml")?, OWN_VERSION, version)?;
    fs::write(root().join("Cargo.toml"), new).context("cannot write Cargo.toml")?;
    write()?;
    for folder in ["", "fuzz"] {
        let mut command = program("cargo", &["update", "--workspace", "--quiet"]);
        command.current_dir(root().join(folder));
        run(command)?;
    }
    Ok(())
}

/// Where Cargo.toml states the version.
const OWN_VERSION: &str = r#"(?m)^version = "([^"]+)""#;

/// The numbers of a version.
fn numbers(version: &str) -> Result<[u64; 3]> {
    let numbers: Option<Vec<u64>> = version.split('.').map(|it| it.parse().ok()).collect();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.with_context(|| format!("a version must have the form 1.2.3, not `{version}`"))
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
    of(VERSIONS, facts.version.as_str())
        .chain(of(MINORS, facts.minor.as_str()))
        .chain(of(NEXT_BREAKING, facts.next_breaking.as_str()))
        .chain(of(REPOSITORIES, facts.repository.as_str()))
}

fn facts() -> Result<Facts> {
    let published = crates::published()?;
    let core = published.iter().find(|it| it.name == "viseme").context("there is no `viseme`")?;
    Facts::new(core.text("version"), core.text("repository"))
}

impl Facts {
    fn new(version: &str, repository: &str) -> Result<Self> {
        let [major, minor, _] = numbers(version)?;
        let breaking =
            if major == 0 { format!("0.{}", minor + 1) } else { (major + 1).to_string() };
        Ok(Self {
            version: version.to_owned(),
            minor: format!("{major}.{minor}"),
            next_breaking: breaking,
            repository: repository.to_owned(),
        })
    }
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

    #[test]
    fn every_place_is_rewritten_for_a_new_version_and_then_found_in_order() {
        let facts = Facts::new("7.8.9", "https://example.com/a/b").expect("a version");
        for (file, pattern, wanted) in places(&facts) {
            let text = read(file).expect("readable");
            assert!(!differing(&text, pattern, wanted).expect("matches").is_empty(), "{file}");
            let new = rewritten(&text, pattern, wanted).expect("matches");
            assert!(differing(&new, pattern, wanted).expect("matches").is_empty(), "{file}");
        }
    }

    #[test]
    fn a_range_ends_before_the_next_version_that_may_break_what_works() {
        let ranges = [("0.1.2", "0.1", "0.2"), ("1.2.3", "1.2", "2")];
        for (version, minor, next) in ranges {
            let facts = Facts::new(version, "").expect("a version");
            assert_eq!((&*facts.minor, &*facts.next_breaking), (minor, next));
        }
        for wrong in ["1.2", "v1.2.3", "1.2.3-rc1", ""] {
            numbers(wrong).expect_err(wrong);
        }
        let own = "[workspace.package]\nversion = \"0.1.0\"\n";
        let new = rewritten(own, OWN_VERSION, "0.2.0").expect("matches");
        assert_eq!(new, own.replace("0.1.0", "0.2.0"));
    }
}
