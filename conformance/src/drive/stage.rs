//! Carries out one case against a driver.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use viseme_mock::{MockServer, Termination, World};

use super::{Broken, Driver, Evidence, Hooks, StepRecord};
use crate::case::{Act, Cancel, Case, Facts, Operation, Seen, Step, resolve, wire_input};
use crate::contract::{ClockKind, Profile};
use crate::fixtures::Fixtures;
use crate::protocol::{Client, Outcome, Run};

/// How often the world is looked at for a request that is waited for.
const LOOK: Duration = Duration::from_millis(2);
/// How long after a cancelled operation requests that must not come may come, in real time. Longer
/// than the answers that cases about cancelling hold back.
const QUIET: Duration = Duration::from_millis(900);

/// How long exchanges may take to end after the last outcome, in real time.
const TO_END: Duration = Duration::from_millis(500);

/// What all cases of a run share.
pub struct Stage {
    /// The mock server.
    pub server: MockServer,
    /// Where webhooks arrive.
    pub hooks: Hooks,
    /// The media.
    pub fixtures: Arc<Fixtures>,
    /// Where each case gets a folder.
    pub folder: PathBuf,
    /// How long one case may take.
    pub limit: Duration,
}

/// Carries a case out; whatever happens is in the evidence.
pub async fn run_case(stage: &Stage, driver: &Driver, profile: &Profile, case: &Case) -> Evidence {
    let folder = stage.folder.join(case.id.replace('/', "_"));
    let mut evidence = Evidence { folder: folder.clone(), ..Evidence::default() };
    // What an earlier try left behind.
    let _ = std::fs::remove_dir_all(&folder);
    if let Err(error) = std::fs::create_dir_all(&folder) {
        evidence.harness_error = Some(format!("{}: {error}", folder.display()));
        return evidence;
    }
    let id = format!("{}-{}", case.id.replace('/', "-"), profile.name);
    let world = match new_world(stage, profile, case, &id) {
        Ok(world) => world,
        Err(error) => {
            evidence.harness_error = Some(error);
            return evidence;
        }
    };
    evidence.key = world.key().to_owned();
    let mut play = Play {
        stage,
        driver,
        profile,
        case,
        world: &world,
        facts: Facts::default(),
        open: HashMap::new(),
        clients: Vec::new(),
        evidence,
        began: Instant::now(),
    };
    play.set_the_scene();
    if let Err(halt) = play.perform().await {
        match halt {
            Halt::Broken(broken) => play.evidence.broken = Some(broken),
            Halt::Harness(error) => play.evidence.harness_error = Some(error),
        }
    }
    play.finish().await
}

fn new_world(stage: &Stage, profile: &Profile, case: &Case, id: &str) -> Result<World, String> {
    let mut facts = Facts::default();
    facts.set("world", json!({"key": format!("mock-{id}"), "base_url": stage.server.url()}));
    let given = resolve(&Value::Object(case.given.clone()), &facts)?;
    let mut scenario = crate::case::scenario_of(given).map_err(|error| format!("{error:#}"))?;
    if let (ClockKind::Scaled(factor), Some(clock)) = (profile.clock, scenario.clock.as_mut()) {
        clock.mode = viseme_mock::ClockMode::Scaled(factor);
    }
    stage.server.world_called(id, scenario).ok_or_else(|| format!("there is a world {id} already"))
}

/// Why a case does not go on.
enum Halt {
    Broken(Broken),
    Harness(String),
}

impl From<String> for Halt {
    fn from(error: String) -> Self {
        Self::Harness(error)
    }
}

/// An operation that is under way.
struct Open {
    operation: Operation,
    run: Run,
    receiver: oneshot::Receiver<Outcome>,
    began_after: usize,
}

struct Play<'a> {
    stage: &'a Stage,
    driver: &'a Driver,
    profile: &'a Profile,
    case: &'a Case,
    world: &'a World,
    facts: Facts,
    open: HashMap<String, Open>,
    clients: Vec<String>,
    evidence: Evidence,
    began: Instant,
}

impl Play<'_> {
    fn set_the_scene(&mut self) {
        let folder = self.evidence.folder.display().to_string();
        self.facts.set("folder", json!(folder));
        self.facts.set("fixtures", json!(self.stage.fixtures.folder().display().to_string()));
        self.look_around();
    }

    /// Takes down what references may name of the world.
    fn look_around(&mut self) {
        let jobs: Vec<_> =
            self.world.jobs().iter().map(|job| json!({"id": job.id, "input": job.input})).collect();
        let world =
            json!({"key": self.world.key(), "base_url": self.world.base_url(), "jobs": jobs});
        self.facts.set("world", world);
        let deliveries = self.stage.hooks.of(self.world.id());
        self.facts.set("now", json!(Timestamp::now().to_string()));
        let url = self.stage.hooks.url(self.world.id());
        self.facts.set("hook", json!({"url": url, "deliveries": deliveries}));
    }

    fn left(&self) -> Duration {
        self.stage.limit.saturating_sub(self.began.elapsed())
    }

    async fn perform(&mut self) -> Result<(), Halt> {
        for (number, step) in self.case.when.iter().enumerate() {
            self.look_around();
            match step {
                Step::Operation(operation) => self.operate(operation, number + 1).await?,
                Step::Act(act) => self.act(act).await?,
            }
        }
        // In the order in which they began, so that two runs tell them in the same order.
        let mut names: Vec<_> = self.open.keys().cloned().collect();
        names.sort();
        for name in names {
            self.join(&name).await?;
        }
        Ok(())
    }

    async fn operate(&mut self, operation: &Operation, number: usize) -> Result<(), Halt> {
        let name = operation.name.clone().unwrap_or_else(|| number.to_string());
        let run = self.message(operation, &name)?;
        let began_after = self.world.journal().len();
        let receiver = self.driver.begin(run.clone());
        let open = Open { operation: operation.clone(), run, receiver, began_after };
        let id = open.run.id.clone();
        self.open.insert(name.clone(), open);
        if let Some(Cancel::Seen(seen)) = &operation.cancel {
            self.see(seen).await?;
            self.driver.cancel(&id);
        }
        if operation.background { Ok(()) } else { self.join(&name).await }
    }

    fn message(&mut self, operation: &Operation, name: &str) -> Result<Run, String> {
        let resolved =
            |fields: &Map<String, Value>, facts: &Facts| -> Result<Map<String, Value>, String> {
                match resolve(&Value::Object(fields.clone()), facts)? {
                    Value::Object(fields) => Ok(fields),
                    _ => Ok(Map::new()),
                }
            };
        let input = resolved(&operation.input, &self.facts)?;
        let fixture = |file: &str| self.stage.fixtures.path(file);
        let mut input = wire_input(&operation.op, &input, &fixture)?;
        // An earlier operation is known to the driver by the id it was sent under.
        if let Some(Value::String(of)) = input.get("of") {
            let id = format!("{}#{of}", self.world.id());
            input.insert("of".to_owned(), json!(id));
        }
        let mut settings = resolved(&self.case.settings, &self.facts)?;
        settings.extend(resolved(&operation.settings, &self.facts)?);
        let needs_client = operation.op != "webhook_verify";
        let client = needs_client.then(|| Client {
            id: format!("{}@{}", operation.client, self.world.id()),
            base_url: self.world.base_url().to_owned(),
            key: self.world.key().to_owned(),
            lockstep: self.profile.clock == ClockKind::Lockstep,
            settings,
        });
        if let Some(client) = &client
            && !self.clients.contains(&client.id)
        {
            self.clients.push(client.id.clone());
        }
        Ok(Run {
            id: format!("{}#{name}", self.world.id()),
            case: self.case.id.clone(),
            client,
            op: operation.op.clone(),
            input,
            options: resolved(&operation.options, &self.facts)?,
            cancelled_before: operation.cancel == Some(Cancel::Before),
        })
    }

    /// Waits for an operation to end, and takes down what came of it.
    async fn join(&mut self, name: &str) -> Result<(), Halt> {
        let Some(mut open) = self.open.remove(name) else {
            return Err(Halt::Harness(format!("no operation `{name}` is under way")));
        };
        let outcome = self.driver.outcome(&mut open.receiver, self.left()).await;
        let ended_after = self.world.journal().len();
        if open.operation.cancel.is_some() {
            self.evidence.exchanges_at_cancel = Some(ended_after);
        }
        let (outcome, broken) = match outcome {
            Ok(outcome) => (Some(outcome), None),
            Err(broken) => (None, Some(broken)),
        };
        if let Some(outcome) = &outcome {
            self.facts.set(name, serde_json::to_value(outcome).unwrap_or_default());
        }
        self.evidence.steps.push(StepRecord {
            name: name.to_owned(),
            op: open.run.op.clone(),
            input: Value::Object(open.run.input),
            options: Value::Object(open.run.options),
            outcome,
            began_after: open.began_after,
            ended_after,
            wall_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        broken.map_or(Ok(()), |broken| Err(Halt::Broken(broken)))
    }

    async fn act(&mut self, act: &Act) -> Result<(), Halt> {
        match act {
            Act::Advance(by) => self.world.advance(*by),
            Act::Await(seen) => self.see(seen).await?,
            Act::Join(name) => self.join(name).await?,
            Act::Settle(time) => tokio::time::sleep(*time).await,
            Act::Delivery(nth) => {
                let arrived = |play: &Self| play.stage.hooks.of(play.world.id()).len() >= *nth;
                self.until(arrived, &format!("webhook {nth} did not come")).await?;
            }
            Act::Given(given) => {
                let given = resolve(&Value::Object(given.clone()), &self.facts)?;
                let scenario =
                    crate::case::scenario_of(given).map_err(|error| format!("{error:#}"))?;
                self.world.set_scenario(scenario);
            }
            Act::Job { nth, becomes } => {
                let jobs = self.world.jobs();
                let job = nth.checked_sub(1).and_then(|index| jobs.get(index));
                let job = job.ok_or_else(|| format!("the world has no job {nth}"))?;
                self.world.force(&job.id, becomes);
            }
        }
        Ok(())
    }

    /// Waits until the world has seen a request.
    async fn see(&self, seen: &Seen) -> Result<(), Halt> {
        let has = |play: &Self| play.world.requests(seen.at).len() >= seen.nth;
        self.until(has, &format!("request {} of the kind {:?} did not come", seen.nth, seen.at))
            .await
    }

    async fn until(&self, holds: impl Fn(&Self) -> bool, otherwise: &str) -> Result<(), Halt> {
        while !holds(self) {
            if self.left().is_zero() {
                return Err(Halt::Harness(otherwise.to_owned()));
            }
            if self.driver.is_broken() {
                return Err(Halt::Broken(Broken::Crash("the driver broke down".to_owned())));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// The client has its answer a moment before the server has taken down that it was sent. Those
    /// that a fault keeps open are not waited for longer than that.
    async fn let_exchanges_end(&self) {
        let began = Instant::now();
        let is_open = || self.world.journal().iter().any(|it| it.termination == Termination::Open);
        while is_open() && began.elapsed() < TO_END {
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn finish(mut self) -> Evidence {
        // What is still open is not waited for any more.
        for open in self.open.values() {
            self.driver.cancel(&open.run.id);
        }
        if self.evidence.exchanges_at_cancel.is_some() {
            tokio::time::sleep(QUIET).await;
        }
        for client in &self.clients {
            self.driver.close(client);
        }
        self.let_exchanges_end().await;
        self.look_around();
        let mut evidence = self.evidence;
        evidence.facts = self.facts;
        evidence.jobs = self.world.jobs().into_iter().map(|job| job.id).collect();
        evidence.journal = self.world.journal();
        evidence.ledger = self.world.ledger();
        evidence.faults = self.world.faults();
        let in_real_time = self.profile.clock != ClockKind::Lockstep;
        match crate::case::expect(self.case, in_real_time) {
            Ok(expect) => evidence.verified = self.world.verify(&expect),
            Err(error) => evidence.harness_error = Some(format!("{error:#}")),
        }
        evidence.files = files(&evidence.folder);
        evidence
    }
}

fn files(folder: &std::path::Path) -> std::collections::BTreeMap<String, u64> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| {
        let bytes = entry.metadata().ok()?.len();
        Some((entry.file_name().to_string_lossy().into_owned(), bytes))
    };
    entries.filter_map(size).collect()
}
