//! Runs cases against a driver: several at a time where it may, with new starts after crashes.

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

use crate::case::Case;
use crate::contract::{ErrorTable, Profile, Promise};
use crate::drive::{Broken, Driver, Evidence, Hooks, Launch, Stage, run_case};
use crate::fixtures::Fixtures;
use crate::judge::judge;
use crate::protocol::Hello;
use crate::verdict::{Verdict, decide};

/// How many cases run at a time, where the driver may.
const AT_ONCE: usize = 8;

/// What the drivers of a run share.
pub struct Suite {
    /// The cases.
    pub cases: Vec<Case>,
    /// The table of errors.
    pub errors: ErrorTable,
    /// The media.
    pub fixtures: Arc<Fixtures>,
    /// What the mock server may answer.
    pub promise: Arc<Promise>,
    /// The repository's folder.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// Where cases get their folders and drivers their logs.
    pub work: PathBuf,
    /// Today, by which known failures are judged.
    pub today: Date,
    /// How long one case may take.
    pub limit: Duration,
}

/// What came of a driver.
#[derive(Clone, Debug, Serialize)]
pub struct DriverReport {
    /// The profile's name.
    pub name: String,
    /// What it said of itself.
    pub version: String,
    /// Its language.
    pub language: String,
    /// The cases, in the order of the files.
    pub results: Vec<CaseResult>,
    /// What else is wrong: a hello that differs from the profile, an end without success.
    pub problems: Vec<String>,
    /// How long all of it took, in milliseconds.
    pub wall_ms: u64,
}

/// What came of a case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseResult {
    /// The case.
    pub id: String,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long it took, in milliseconds.
    pub wall_ms: u64,
    /// What was seen.
    pub evidence: Evidence,
}

impl DriverReport {
    /// How many cases were carried out.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.results.iter().filter(|result| result.verdict.has_run()).count()
    }

    /// How many cases have each verdict.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for result in &self.results {
            *counts.entry(result.verdict.word()).or_default() += 1;
        }
        counts
    }

    /// What turns the run red, a line each.
    #[must_use]
    pub fn red(&self) -> Vec<String> {
        let mut red: Vec<String> =
            self.problems.iter().map(|problem| format!("{}: {problem}", self.name)).collect();
        if self.ran() == 0 {
            red.push(format!("{}: no case was run", self.name));
        }
        let failing = self.results.iter().filter(|result| result.verdict.is_red());
        red.extend(
            failing.map(|result| format!("{}: {}: {}", self.name, result.id, result.verdict)),
        );
        red
    }
}

/// The driver that is running now; there is a new one after each crash.
struct Slot {
    launch: Launch,
    running: Mutex<Option<Arc<Driver>>>,
}

impl Slot {
    /// A driver that works.
    async fn driver(&self) -> Result<Arc<Driver>> {
        let mut running = self.running.lock().await;
        match running.as_ref().filter(|driver| !driver.is_broken()) {
            Some(driver) => Ok(Arc::clone(driver)),
            None => {
                if let Some(broken) = running.take() {
                    broken.kill().await;
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
    /// The same suite with some of its cases.
    #[must_use]
    pub fn with_cases(&self, cases: Vec<Case>, work: &str) -> Self {
        Self {
            cases,
            errors: self.errors.clone(),
            fixtures: Arc::clone(&self.fixtures),
            promise: Arc::clone(&self.promise),
            root: self.root.clone(),
            target: self.target.clone(),
            work: self.work.join(work),
            today: self.today,
            limit: self.limit,
        }
    }

    /// Runs all cases against the driver of a profile; `more` is added to its command.
    ///
    /// # Errors
    /// Where the driver cannot be started at all, or the mock server cannot.
    pub async fn run(&self, profile: &Profile, more: &[String]) -> Result<DriverReport> {
        let began = Instant::now();
        let (stage, launch) = self.prepare(profile, more).await?;
        let slot = Slot { launch, running: Mutex::default() };
        let hello = slot.driver().await.with_context(|| profile.name.clone())?.hello().clone();
        let mut problems: Vec<String> = profile.differences(&hello);
        let results = self.all(&stage, &slot, profile).await?;
        if let Some(driver) = slot.running.lock().await.take()
            && let Err(error) = driver.end().await
        {
            problems.push(error.to_string());
        }
        let results = self.search_output(&slot.launch, results);
        Ok(self.report(profile, &hello, results, problems, began))
    }

    async fn prepare(&self, profile: &Profile, more: &[String]) -> Result<(Stage, Launch)> {
        let work = self.work.join(&profile.name);
        std::fs::create_dir_all(&work)?;
        let log = work.join("output.log");
        std::fs::write(&log, "")?;
        let place = |word: &String| {
            word.replace("{root}", &self.root.display().to_string())
                .replace("{target}", &self.target.display().to_string())
        };
        let command = profile.command.iter().chain(more).map(place).collect();
        let stage = Stage {
            server: MockServer::start().await?,
            hooks: Hooks::start().await?,
            fixtures: Arc::clone(&self.fixtures),
            folder: work.join("cases"),
            limit: self.limit,
        };
        Ok((stage, Launch { command, folder: self.root.clone(), log }))
    }

    async fn all(&self, stage: &Stage, slot: &Slot, profile: &Profile) -> Result<Vec<CaseResult>> {
        let at_once = if profile.has("parallel") { AT_ONCE } else { 1 };
        let next = AtomicUsize::new(0);
        let finished = Mutex::new(BTreeMap::new());
        let work = || async {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = self.cases.get(number) else { return Ok::<_, anyhow::Error>(()) };
                let result = self.one(stage, slot, profile, case).await?;
                finished.lock().await.insert(number, result);
            }
        };
        futures_util::future::try_join_all((0..at_once).map(|_| work())).await?;
        let mut finished = finished.into_inner();
        if at_once > 1 {
            // A crash takes all cases with it that are under way: each is tried again alone.
            for (number, result) in &mut finished {
                if let (Verdict::Crash { .. }, Some(case)) =
                    (&result.verdict, self.cases.get(*number))
                {
                    stage.server.remove_world(&format!(
                        "{}-{}",
                        case.id.replace('/', "-"),
                        profile.name
                    ));
                    *result = self.one(stage, slot, profile, case).await?;
                }
            }
        }
        Ok(finished.into_values().collect())
    }

    async fn one(
        &self,
        stage: &Stage,
        slot: &Slot,
        profile: &Profile,
        case: &Case,
    ) -> Result<CaseResult> {
        let began = Instant::now();
        let lacks: Vec<_> =
            case.features().into_iter().filter(|feature| !profile.has(feature)).collect();
        let (verdict, evidence) = if lacks.is_empty() {
            let driver = slot.driver().await?;
            let mut evidence = run_case(stage, &driver, profile, case).await;
            if evidence.harness_error.is_none() {
                evidence.harness_error = self.promise.broken_by(&evidence.journal);
            }
            if matches!(evidence.broken, Some(Broken::Timeout(_))) && !profile.has("parallel") {
                // It is busy with what nobody waits for any more.
                slot.discard().await;
            }
            let known = profile.known_failures.iter().find(|known| known.covers(&case.id));
            let differences = judge(case, profile, &self.errors, &evidence);
            (decide(&evidence, differences, known, self.today), evidence)
        } else {
            (Verdict::NotApplicable { lacks }, Evidence::default())
        };
        let wall_ms = millis(began);
        Ok(CaseResult { id: case.id.clone(), verdict, wall_ms, evidence })
    }

    /// A key that was printed fails the case it belongs to.
    fn search_output(&self, launch: &Launch, mut results: Vec<CaseResult>) -> Vec<CaseResult> {
        let printed = std::fs::read(&launch.log).unwrap_or_default();
        let mut output = String::from_utf8_lossy(&printed).into_owned();
        // Of cases that run side by side, each may bring lines that another one's client logged.
        let steps = results.iter().flat_map(|result| &result.evidence.steps);
        for line in steps.filter_map(|step| step.outcome.as_ref()).flat_map(|it| &it.logs) {
            output.push_str(line);
            output.push('\n');
        }
        for result in &mut results {
            let key = &result.evidence.key;
            if key.is_empty() || !output.contains(key.as_str()) {
                continue;
            }
            let why = "the key stands in what the driver printed or logged".to_owned();
            match &mut result.verdict {
                Verdict::Fail { differences } | Verdict::KnownFail { differences, .. } => {
                    differences.push(why);
                }
                verdict @ Verdict::Pass => *verdict = Verdict::Fail { differences: vec![why] },
                _ => {}
            }
        }
        results
    }

    fn report(
        &self,
        profile: &Profile,
        hello: &Hello,
        results: Vec<CaseResult>,
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
