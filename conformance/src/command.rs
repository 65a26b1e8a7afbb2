//! The command: loads the suite, runs the drivers, and writes the reports.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use globset::Glob;
use jiff::Zoned;
use jiff::civil::Date;

use crate::case::{self, Case};
use crate::contract::{ErrorTable, Features, OpenApiContract, Profile};
use crate::fixtures::Fixtures;
use crate::mutants::{self, MutantResult};
use crate::report::{self, Run};
use crate::suite::{DriverReport, Suite};

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Request {
    /// The root folder of the repository.
    pub root: PathBuf,
    /// The target folder of Cargo. Default: `CARGO_TARGET_DIR`, or `target` in the root folder.
    pub target: Option<PathBuf>,
    /// The folder for the reports.
    pub out: PathBuf,
    /// The drivers to run. If empty, all of them run.
    pub drivers: Vec<String>,
    /// The folder of the cases. Default: the cases of the repository.
    pub cases: Option<PathBuf>,
    /// Runs only the cases whose id matches this glob pattern.
    pub case: Option<String>,
    /// The time limit of one case.
    pub limit: Duration,
    /// The date that the `until` of known failures is compared with. Default: today.
    pub today: Option<Date>,
    /// Runs the released clients of other projects instead of our own drivers.
    pub released: bool,
    /// Builds each driver before it runs.
    pub build: bool,
    /// The OpenAPI document that responses must match. Default: the one of the mock server.
    pub openapi: Option<String>,
}

/// The result of a run.
#[derive(Clone, Debug, Default)]
pub struct RunSummary {
    /// The text for a terminal.
    pub text: String,
    /// A line for each reason why the run is red. Empty if the run is green.
    pub red: Vec<String>,
}

/// Runs the suite.
///
/// # Errors
/// If a case or a profile is invalid, if nothing matches the request, or if a driver cannot be
/// started.
pub async fn run(request: &Request) -> Result<RunSummary> {
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
        let is_whole = request.cases.is_none() && request.case.is_none();
        if request.drivers.is_empty() && is_whole {
            red.extend(cases_without_driver(&suite.cases, &drivers));
        }
    }
    let mut run = Run::new(&suite, drivers, request.released);
    let is_whole = request.cases.is_none() && request.case.is_none();
    if is_whole && !request.released {
        run.mutants = mutants::run_all(&suite, &profiles).await?;
        red.extend(run.mutants.iter().filter_map(MutantResult::red));
    }
    let text = report::write(&run, &request.out)?;
    Ok(RunSummary { text, red })
}

/// Runs only the mutants, each on the case that must kill it.
///
/// # Errors
/// As [`run`]; and if the case of a mutant does not exist.
pub async fn run_mutants(request: &Request) -> Result<RunSummary> {
    let drivers = vec![mutants::MUTATED_DRIVER.to_owned()];
    let request = Request { drivers, cases: None, case: None, ..request.clone() };
    let (suite, profiles) = prepare(&request)?;
    let profile = profiles.first().context("there is no profile for the driver `rust`")?;
    if request.build {
        build(profile, &suite.root)?;
    }
    let results = mutants::run_all(&suite, &profiles).await?;
    let json = serde_json::to_vec_pretty(&results)?;
    std::fs::write(request.out.join("mutants.json"), json)?;
    Ok(RunSummary {
        red: results.iter().filter_map(MutantResult::red).collect(),
        text: mutants::table(&results),
    })
}

/// Returns a line for each case that no driver ran.
fn cases_without_driver(cases: &[Case], drivers: &[DriverReport]) -> Vec<String> {
    let has_run = |case: &&Case| {
        let mut reports = drivers.iter().flat_map(|driver| &driver.results);
        reports.any(|report| report.id == case.id && report.result.has_run())
    };
    let idle = cases.iter().filter(|case| !has_run(case));
    idle.map(|case| format!("{}: no driver runs it", case.id)).collect()
}

fn prepare(request: &Request) -> Result<(Suite, Vec<Profile>)> {
    let root = request
        .root
        .canonicalize()
        .with_context(|| format!("--root {}", request.root.display()))?;
    let here = root.join("conformance");
    let features = Features::load(&here.join("features.yaml"))?;
    let errors = ErrorTable::load(&here.join("errors.yaml"))?;
    let folder = request.cases.clone().unwrap_or_else(|| here.join("cases"));
    let mut cases = case::load(&folder, &features, &errors)?.cases;
    ensure!(!cases.is_empty(), "{} contains no cases", folder.display());
    if let Some(pattern) = &request.case {
        let glob = Glob::new(pattern).context("--case")?.compile_matcher();
        cases.retain(|case| glob.is_match(&case.id));
        ensure!(!cases.is_empty(), "no case matches --case `{pattern}`");
    }
    let profiles = profiles(&here.join("profiles"), request, &features)?;
    let target = request.target.clone().unwrap_or_else(|| default_target(&root));
    let fixtures = Fixtures::make(&here.join("fixtures.yaml"), &root, &target)?;
    let openapi = request.openapi.as_deref().unwrap_or(viseme_mock::OPENAPI);
    let contract =
        OpenApiContract::parse(openapi).context("the OpenAPI document of the mock server")?;
    let out = std::path::absolute(&request.out)?;
    std::fs::create_dir_all(&out)?;
    let suite = Suite {
        cases,
        errors,
        fixtures: Arc::new(fixtures),
        contract: Arc::new(contract),
        work: out.join("work"),
        root,
        target,
        today: request.today.unwrap_or_else(|| Zoned::now().date()),
        limit: request.limit,
    };
    Ok((suite, profiles))
}

/// Loads the profiles that the request selects.
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
                bail!("there is no driver `{name}`; choose one of {}", names.join(", "));
            }
        }
        profiles.retain(|profile| request.drivers.contains(&profile.name));
    }
    ensure!(!profiles.is_empty(), "conformance/profiles contains no such driver");
    Ok(profiles)
}

/// Returns the target folder of Cargo.
fn default_target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), |folder| root.join(folder))
}

fn build(profile: &Profile, root: &Path) -> Result<()> {
    let Some((program, arguments)) = profile.build.split_first() else { return Ok(()) };
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .status()
        .with_context(|| format!("cannot start `{program}`"))?;
    ensure!(status.success(), "the build of the driver {} failed ({status})", profile.name);
    Ok(())
}
