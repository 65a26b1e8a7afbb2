//! Runs the cases against a driver: in parallel if the driver supports it, and with a new process
//! after each crash.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use serde::Serialize;
use tokio::sync::Mutex;
use viseme_mock::MockServer;

use crate::assertions::check_case;
use crate::case::Case;
use crate::contract::{ErrorTable, OpenApiContract, Profile};
use crate::fixtures::Fixtures;
use crate::protocol::Hello;
use crate::result::{CaseResult, classify};
use crate::runner::{
    CaseTrace, Driver, DriverFailure, Environment, LaunchCommand, WebhookReceiver, run_case,
};

/// How many cases run in parallel, if the driver supports it.
const MAX_PARALLEL_CASES: usize = 8;

/// What the drivers of a run have in common.
pub struct Suite {
    /// The cases.
    pub cases: Vec<Case>,
    /// The error table.
    pub errors: ErrorTable,
    /// The media files that cases name.
    pub fixtures: Arc<Fixtures>,
    /// The OpenAPI document that every response of the mock server must match.
    pub contract: Arc<OpenApiContract>,
    /// The root folder of the repository.
    pub root: PathBuf,
    /// The target folder of Cargo.
    pub target: PathBuf,
    /// The folder for the files of the cases and the logs of the drivers.
    pub work: PathBuf,
    /// The date that the `until` of known failures is compared with.
    pub today: Date,
    /// The time limit of one case.
    pub limit: Duration,
}

/// The results of one driver.
#[derive(Clone, Debug, Serialize)]
pub struct DriverReport {
    /// The name of the profile.
    pub name: String,
    /// The version of the client, from `hello`.
    pub version: String,
    /// The language of the client.
    pub language: String,
    /// One report per case, in the order of the files.
    pub results: Vec<CaseReport>,
    /// Problems outside of cases: a `hello` that differs from the profile, a failing exit status.
    pub problems: Vec<String>,
    /// How long the driver took for all cases, in milliseconds of real time.
    pub wall_ms: u64,
}

/// The result of one case with one driver.
#[derive(Clone, Debug, Serialize)]
pub struct CaseReport {
    /// The id of the case.
    pub id: String,
    /// The result.
    #[serde(flatten)]
    pub result: CaseResult,
    /// How long the case took, in milliseconds of real time.
    pub wall_ms: u64,
    /// The trace of the case.
    pub trace: CaseTrace,
}

impl DriverReport {
    /// Returns how many cases were run.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.results.iter().filter(|result| result.result.has_run()).count()
    }

    /// Returns how many cases have each result.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for result in &self.results {
            *counts.entry(result.result.name()).or_default() += 1;
        }
        counts
    }

    /// Returns a line for each reason why the run is red.
    #[must_use]
    pub fn red(&self) -> Vec<String> {
        let mut red: Vec<String> =
            self.problems.iter().map(|problem| format!("{}: {problem}", self.name)).collect();
        if self.ran() == 0 {
            red.push(format!("{}: no case ran", self.name));
        }
        let failing = self.results.iter().filter(|result| result.result.is_red());
        red.extend(
            failing.map(|result| format!("{}: {}: {}", self.name, result.id, result.result)),
        );
        red
    }
}

/// The driver process in use. A new process replaces it after a crash.
struct Slot {
    launch: LaunchCommand,
    running: Mutex<Option<Arc<Driver>>>,
}

impl Slot {
    /// Returns a driver that has not failed.
    async fn driver(&self) -> Result<Arc<Driver>> {
        let mut running = self.running.lock().await;
        match running.as_ref().filter(|driver| !driver.has_failed()) {
            Some(driver) => Ok(Arc::clone(driver)),
            None => {
                if let Some(driver_failure) = running.take() {
                    driver_failure.kill().await;
                }
                let driver = Arc::new(Driver::start(&self.launch).await?);
                *running = Some(Arc::clone(&driver));
                Ok(driver)
            }
        }
    }

    async fn discard(&self) {
        if let Some(driver) = self.running.lock().await.take() {
            driver.kill().await;
        }
    }
}

impl Suite {
    /// Returns the suite with other cases and another work folder.
    #[must_use]
    pub fn with_cases(&self, cases: Vec<Case>, work: &str) -> Self {
        Self {
            cases,
            errors: self.errors.clone(),
            fixtures: Arc::clone(&self.fixtures),
            contract: Arc::clone(&self.contract),
            root: self.root.clone(),
            target: self.target.clone(),
            work: self.work.join(work),
            today: self.today,
            limit: self.limit,
        }
    }

    /// Runs all cases against the driver of a profile. Appends `more` to the command of the driver.
    ///
    /// # Errors
    /// If the driver or the mock server cannot be started.
    pub async fn run(&self, profile: &Profile, more: &[String]) -> Result<DriverReport> {
        let began = Instant::now();
        let (environment, launch) = self.prepare(profile, more).await?;
        let slot = Slot { launch, running: Mutex::default() };
        let hello = slot.driver().await.with_context(|| profile.name.clone())?.hello().clone();
        let mut problems: Vec<String> = profile.differences(&hello);
        let results = self.all(&environment, &slot, profile).await?;
        if let Some(driver) = slot.running.lock().await.take()
            && let Err(error) = driver.end().await
        {
            problems.push(error.to_string());
        }
        let results = self.search_output(&slot.launch, results);
        Ok(self.report(profile, &hello, results, problems, began))
    }

    async fn prepare(
        &self,
        profile: &Profile,
        more: &[String],
    ) -> Result<(Environment, LaunchCommand)> {
        let work = self.work.join(&profile.name);
        std::fs::create_dir_all(&work)?;
        let log = work.join("output.log");
        std::fs::write(&log, "")?;
        let place = |word: &String| {
            word.replace("{root}", &self.root.display().to_string())
                .replace("{target}", &self.target.display().to_string())
        };
        let command = profile.command.iter().chain(more).map(place).collect();
        let launch = LaunchCommand { command, folder: self.root.clone(), log };
        let environment = Environment {
            server: MockServer::start().await?,
            webhooks: WebhookReceiver::start().await?,
            fixtures: Arc::clone(&self.fixtures),
            folder: work.join("cases"),
            launch: launch.clone(),
            limit: self.limit,
        };
        Ok((environment, launch))
    }

    async fn all(
        &self,
        environment: &Environment,
        slot: &Slot,
        profile: &Profile,
    ) -> Result<Vec<CaseReport>> {
        let parallel = if profile.has("parallel") { MAX_PARALLEL_CASES } else { 1 };
        let next = AtomicUsize::new(0);
        let finished = Mutex::new(BTreeMap::new());
        let work = || async {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = self.cases.get(number) else { return Ok::<_, anyhow::Error>(()) };
                let result = self.one(environment, slot, profile, case).await?;
                finished.lock().await.insert(number, result);
            }
        };
        futures_util::future::try_join_all((0..parallel).map(|_| work())).await?;
        let mut finished = finished.into_inner();
        if parallel > 1 {
            // A crash also fails the other cases in progress, so each of them runs again alone.
            for (number, result) in &mut finished {
                if let (CaseResult::Crash { .. }, Some(case)) =
                    (&result.result, self.cases.get(*number))
                {
                    environment.server.remove_world(&format!(
                        "{}-{}",
                        case.id.replace('/', "-"),
                        profile.name
                    ));
                    *result = self.one(environment, slot, profile, case).await?;
                }
            }
        }
        Ok(finished.into_values().collect())
    }

    async fn one(
        &self,
        environment: &Environment,
        slot: &Slot,
        profile: &Profile,
        case: &Case,
    ) -> Result<CaseReport> {
        let began = Instant::now();
        let lacks: Vec<_> =
            case.features().into_iter().filter(|feature| !profile.has(feature)).collect();
        let (result, trace) = if lacks.is_empty() {
            // A case that kills the driver has one of its own.
            let driver = if case.kills_the_driver() {
                Arc::new(Driver::start(&environment.launch).await?)
            } else {
                slot.driver().await?
            };
            let mut trace = run_case(environment, &driver, profile, case).await;
            if trace.harness_error.is_none() {
                trace.harness_error = self.contract.violation(&trace.journal);
            }
            if matches!(trace.driver_failure, Some(DriverFailure::Timeout(_)))
                && !profile.has("parallel")
            {
                // The driver is still busy with the operation that timed out.
                slot.discard().await;
            }
            let known = profile.known_failures.iter().find(|known| known.covers(&case.id));
            let differences = check_case(case, profile, &self.errors, &trace);
            (classify(&trace, differences, known, self.today), trace)
        } else {
            (CaseResult::NotApplicable { lacks }, CaseTrace::default())
        };
        let wall_ms = millis(began);
        Ok(CaseReport { id: case.id.clone(), result, wall_ms, trace })
    }

    /// Fails each case whose API key appears in the output or the logs of the driver.
    fn search_output(
        &self,
        launch: &LaunchCommand,
        mut results: Vec<CaseReport>,
    ) -> Vec<CaseReport> {
        let printed = std::fs::read(&launch.log).unwrap_or_default();
        let mut output = String::from_utf8_lossy(&printed).into_owned();
        // Parallel cases can return each other's log lines, so search all of them for every key.
        let steps = results.iter().flat_map(|result| &result.trace.steps);
        for line in steps.filter_map(|step| step.outcome.as_ref()).flat_map(|it| &it.logs) {
            output.push_str(line);
            output.push('\n');
        }
        for result in &mut results {
            let key = &result.trace.key;
            if key.is_empty() || !output.contains(key.as_str()) {
                continue;
            }
            let why = "the API key appears in the output or the logs of the driver".to_owned();
            match &mut result.result {
                CaseResult::Fail { differences } | CaseResult::KnownFail { differences, .. } => {
                    differences.push(why);
                }
                result @ CaseResult::Pass => *result = CaseResult::Fail { differences: vec![why] },
                _ => {}
            }
        }
        results
    }

    fn report(
        &self,
        profile: &Profile,
        hello: &Hello,
        results: Vec<CaseReport>,
        problems: Vec<String>,
        began: Instant,
    ) -> DriverReport {
        DriverReport {
            name: profile.name.clone(),
            version: hello.version.clone(),
            language: hello.language.clone(),
            results,
            problems,
            wall_ms: millis(began),
        }
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
