//! What the program does: loads the suite, runs the drivers, writes the reports.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use globset::Glob;
use jiff::Zoned;
use jiff::civil::Date;

use crate::case::{self, Case};
use crate::contract::{ErrorTable, Features, Profile, Promise};
use crate::fixtures::Fixtures;
use crate::mutants::{self, Trial};
use crate::report::{self, Run};
use crate::suite::{DriverReport, Suite};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The repository's folder.
    pub root: PathBuf,
    /// Cargo's target folder; where Cargo has it by default.
    pub target: Option<PathBuf>,
    /// Where the reports go.
    pub out: PathBuf,
    /// Only these drivers; all when there is none.
    pub drivers: Vec<String>,
    /// Only cases that fit this pattern.
    pub case: Option<String>,
    /// The longest one case may take.
    pub limit: Duration,
    /// The day by which known failures are judged; today by default.
    pub today: Option<Date>,
    /// Other people's released clients, in place of our own drivers.
    pub released: bool,
    /// Whether drivers are built first.
    pub build: bool,
    /// The OpenAPI document that the mock server is held to; its own by default.
    pub openapi: Option<String>,
}

/// How it went.
#[derive(Clone, Debug, Default)]
pub struct Conclusion {
    /// What to show on a terminal.
    pub text: String,
    /// What makes the run red; green where there is nothing.
    pub red: Vec<String>,
}

/// Runs the suite.
///
/// # Errors
/// Where cases or profiles are wrong, nothing fits what was asked for, or a driver cannot be
/// started at all.
pub async fn run(request: &Request) -> Result<Conclusion> {
    let (suite, profiles) = prepare(request)?;
    let mut drivers = Vec::new();
    for profile in &profiles {
        if request.build {
            build(profile, &suite.root)?;
        }
        drivers.push(suite.run(profile, &[]).await?);
    }
    let mut red: Vec<String> = Vec::new();
    if !request.released {
        red.extend(drivers.iter().flat_map(DriverReport::red));
        if request.drivers.is_empty() && request.case.is_none() {
            red.extend(ran_nowhere(&suite.cases, &drivers));
        }
    }
    let mut run = Run::new(&suite, drivers, request.released);
    if request.case.is_none() && !request.released {
        run.mutants = mutants::try_all(&suite, &profiles).await?;
        red.extend(run.mutants.iter().filter_map(Trial::red));
    }
    let text = report::write(&run, &request.out)?;
    Ok(Conclusion { text, red })
}

/// Cases that no driver carried out.
fn ran_nowhere(cases: &[Case], drivers: &[DriverReport]) -> Vec<String> {
    let has_run = |case: &&Case| {
        let mut results = drivers.iter().flat_map(|driver| &driver.results);
        results.any(|result| result.id == case.id && result.verdict.has_run())
    };
    let idle = cases.iter().filter(|case| !has_run(case));
    idle.map(|case| format!("{}: no driver runs it", case.id)).collect()
}

pub(crate) fn prepare(request: &Request) -> Result<(Suite, Vec<Profile>)> {
    let root = request.root.canonicalize().context("the repository's folder")?;
    let here = root.join("conformance");
    let features = Features::load(&here.join("features.yaml"))?;
    let errors = ErrorTable::load(&here.join("errors.yaml"))?;
    let mut cases = case::load(&here.join("cases"), &features, &errors)?.cases;
    ensure!(!cases.is_empty(), "there are no cases in conformance/cases");
    if let Some(pattern) = &request.case {
        let glob = Glob::new(pattern).context("the pattern of --case")?.compile_matcher();
        cases.retain(|case| glob.is_match(&case.id));
        ensure!(!cases.is_empty(), "no case fits `{pattern}`");
    }
    let profiles = profiles(&here.join("profiles"), request, &features)?;
    let target = request.target.clone().unwrap_or_else(|| target(&root));
    let fixtures = Fixtures::make(&here.join("fixtures.yaml"), &root, &target)?;
    let openapi = request.openapi.as_deref().unwrap_or(viseme_mock::OPENAPI);
    let promise = Arc::new(Promise::read(openapi).context("the mock server's OpenAPI document")?);
    let out = std::path::absolute(&request.out)?;
    std::fs::create_dir_all(&out)?;
    let suite = Suite {
        cases,
        errors,
        fixtures: Arc::new(fixtures),
        promise,
        work: out.join("work"),
        root,
        target,
        today: request.today.unwrap_or_else(|| Zoned::now().date()),
        limit: request.limit,
    };
    Ok((suite, profiles))
}

/// The profiles that are asked for.
fn profiles(folder: &Path, request: &Request, features: &Features) -> Result<Vec<Profile>> {
    let mut profiles = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            profiles.push(Profile::load(&path, features)?);
        }
    }
    profiles.sort_by(|one, other| one.name.cmp(&other.name));
    if request.drivers.is_empty() {
        profiles.retain(|profile| profile.released == request.released);
    } else {
        for name in &request.drivers {
            if !profiles.iter().any(|profile| profile.name == *name) {
                let names: Vec<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
                bail!("there is no driver `{name}`; there are {}", names.join(", "));
            }
        }
        profiles.retain(|profile| request.drivers.contains(&profile.name));
    }
    ensure!(!profiles.is_empty(), "there is no such driver in conformance/profiles");
    Ok(profiles)
}

/// Cargo's target folder.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), |folder| root.join(folder))
}

pub(crate) fn build(profile: &Profile, root: &Path) -> Result<()> {
    let Some((program, arguments)) = profile.build.split_first() else { return Ok(()) };
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .status()
        .with_context(|| format!("`{program}` cannot be started"))?;
    ensure!(status.success(), "the driver {} could not be built ({status})", profile.name);
    Ok(())
}
