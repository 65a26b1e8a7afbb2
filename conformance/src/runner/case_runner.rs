//! Runs one case against a driver.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use viseme_mock::{MockServer, Termination, World};

use super::{CaseTrace, Driver, DriverFailure, LaunchCommand, StepRecord, WebhookReceiver};
use crate::case::{
    Action, Cancel, Case, Crash, Operation, Seen, Step, Variables, driver_input, resolve,
};
use crate::contract::{ClockKind, Profile};
use crate::fixtures::Fixtures;
use crate::protocol::{Client, Outcome, Run};

/// How often the runner checks for an event that it waits for.
const POLL_INTERVAL: Duration = Duration::from_millis(2);
/// How long the runner watches for further requests after a cancelled operation, in real time.
/// Longer than the delays of the responses in the cases about cancelling.
const QUIET_PERIOD: Duration = Duration::from_millis(900);

/// How long exchanges may stay open after the last outcome, in real time.
const EXCHANGE_TIMEOUT: Duration = Duration::from_millis(500);

/// What all cases of a run share.
pub struct Environment {
    /// The mock server.
    pub server: MockServer,
    /// The receiver of webhooks.
    pub webhooks: WebhookReceiver,
    /// The media files that cases name.
    pub fixtures: Arc<Fixtures>,
    /// The parent of the folders of the cases.
    pub folder: PathBuf,
    /// How the driver is started, for cases that kill it.
    pub launch: LaunchCommand,
    /// The time limit of one case.
    pub limit: Duration,
}

/// Runs a case and returns its trace. Failures are part of the trace.
pub async fn run_case(
    environment: &Environment,
    driver: &Arc<Driver>,
    profile: &Profile,
    case: &Case,
) -> CaseTrace {
    let folder = environment.folder.join(case.id.replace('/', "_"));
    let mut trace = CaseTrace { folder: folder.clone(), ..CaseTrace::default() };
    // Files of an earlier attempt.
    let _ = std::fs::remove_dir_all(&folder);
    if let Err(error) = std::fs::create_dir_all(&folder) {
        trace.harness_error = Some(format!("{}: {error}", folder.display()));
        return trace;
    }
    let id = format!("{}-{}", case.id.replace('/', "-"), profile.name);
    let world = match new_world(environment, profile, case, &id) {
        Ok(world) => world,
        Err(error) => {
            trace.harness_error = Some(error);
            return trace;
        }
    };
    trace.key = world.key().to_owned();
    let mut runner = CaseRunner {
        environment,
        driver: Arc::clone(driver),
        profile,
        case,
        world: &world,
        variables: Variables::default(),
        pending: HashMap::new(),
        clients: Vec::new(),
        trace,
        began: Instant::now(),
    };
    runner.init();
    if let Err(reason) = runner.run_steps().await {
        match reason {
            StopReason::DriverFailure(driver_failure) => {
                runner.trace.driver_failure = Some(driver_failure);
            }
            StopReason::Harness(error) => runner.trace.harness_error = Some(error),
        }
    }
    runner.finish().await
}

fn new_world(
    environment: &Environment,
    profile: &Profile,
    case: &Case,
    id: &str,
) -> Result<World, String> {
    let mut variables = Variables::default();
    variables
        .set("world", json!({"key": format!("mock-{id}"), "base_url": environment.server.url()}));
    let given = resolve(&Value::Object(case.given.clone()), &variables)?;
    let mut scenario = crate::case::scenario_of(given).map_err(|error| format!("{error:#}"))?;
    if let (ClockKind::Scaled(factor), Some(clock)) = (profile.clock, scenario.clock.as_mut()) {
        clock.mode = viseme_mock::ClockMode::Scaled(factor);
    }
    environment
        .server
        .world_with_id(id, scenario)
        .ok_or_else(|| format!("there is a world {id} already"))
}

/// Why the runner stopped before the end of the case.
enum StopReason {
    DriverFailure(DriverFailure),
    Harness(String),
}

impl From<String> for StopReason {
    fn from(error: String) -> Self {
        Self::Harness(error)
    }
}

/// An operation in progress.
struct PendingOperation {
    operation: Operation,
    run: Run,
    receiver: oneshot::Receiver<Outcome>,
    started_after: usize,
}

struct CaseRunner<'a> {
    environment: &'a Environment,
    driver: Arc<Driver>,
    profile: &'a Profile,
    case: &'a Case,
    world: &'a World,
    variables: Variables,
    pending: HashMap<String, PendingOperation>,
    clients: Vec<String>,
    trace: CaseTrace,
    began: Instant,
}

impl CaseRunner<'_> {
    fn init(&mut self) {
        let folder = self.trace.folder.display().to_string();
        self.variables.set("folder", json!(folder));
        self.variables
            .set("fixtures", json!(self.environment.fixtures.folder().display().to_string()));
        self.refresh_vars();
    }

    /// Updates the variables that refer to the world.
    fn refresh_vars(&mut self) {
        let jobs: Vec<_> =
            self.world.jobs().iter().map(|job| json!({"id": job.id, "input": job.input})).collect();
        let world =
            json!({"key": self.world.key(), "base_url": self.world.base_url(), "jobs": jobs});
        self.variables.set("world", world);
        let deliveries = self.environment.webhooks.of(self.world.id());
        self.variables.set("now", json!(Timestamp::now().to_string()));
        let url = self.environment.webhooks.url(self.world.id());
        self.variables.set("hook", json!({"url": url, "deliveries": deliveries}));
    }

    fn remaining(&self) -> Duration {
        self.environment.limit.saturating_sub(self.began.elapsed())
    }

    async fn run_steps(&mut self) -> Result<(), StopReason> {
        for (number, step) in self.case.when.iter().enumerate() {
            self.refresh_vars();
            match step {
                Step::Operation(operation) => self.start_operation(operation, number + 1).await?,
                Step::Action(action) => self.act(action).await?,
            }
        }
        // Sorted, so that two runs report them in the same order.
        let mut names: Vec<_> = self.pending.keys().cloned().collect();
        names.sort();
        for name in names {
            self.join(&name).await?;
        }
        Ok(())
    }

    async fn start_operation(
        &mut self,
        operation: &Operation,
        number: usize,
    ) -> Result<(), StopReason> {
        let name = operation.name.clone().unwrap_or_else(|| number.to_string());
        let run = self.message(operation, &name)?;
        let started_after = self.world.journal().len();
        let receiver = self.driver.start_operation(run.clone());
        let pending =
            PendingOperation { operation: operation.clone(), run, receiver, started_after };
        if let Some(crash) = &operation.crash {
            return self.crash(crash, &pending.run.options, &name).await;
        }
        let id = pending.run.id.clone();
        self.pending.insert(name.clone(), pending);
        if let Some(Cancel::Seen(seen)) = &operation.cancel {
            self.wait_for_request(seen).await?;
            self.driver.cancel(&id);
        }
        if operation.background { Ok(()) } else { self.join(&name).await }
    }

    /// Kills the driver at a point of an operation, and starts a new one. The record that the operation
    /// saved becomes a variable.
    async fn crash(
        &mut self,
        crash: &Crash,
        options: &Map<String, Value>,
        name: &str,
    ) -> Result<(), StopReason> {
        let option = |field: &str| options.get("save_record")?.get(field)?.as_str();
        let file = option("to").map(PathBuf::from);
        // A process that dies before it has saved the record leaves an empty file, which is no record.
        let record = || -> Option<Value> {
            serde_json::from_str(&std::fs::read_to_string(file.as_ref()?).ok()?).ok()
        };
        match crash {
            Crash::Seen(seen) => self.wait_for_request(seen).await?,
            Crash::Callback => {
                let is_held = || match option("hold") {
                    Some("before") => file.as_ref().is_some_and(|file| file.exists()),
                    _ => record().is_some(),
                };
                self.wait_until(|_| is_held(), "the callback did not save the record").await?;
            }
        }
        self.driver.kill().await;
        self.wait_for_open_exchanges().await;
        self.variables.set(name, json!({"record": record()}));
        let driver = Driver::start(&self.environment.launch).await;
        self.driver = Arc::new(driver.map_err(|error| format!("{error:#}"))?);
        Ok(())
    }

    fn message(&mut self, operation: &Operation, name: &str) -> Result<Run, String> {
        let resolved = |fields: &Map<String, Value>,
                        variables: &Variables|
         -> Result<Map<String, Value>, String> {
            match resolve(&Value::Object(fields.clone()), variables)? {
                Value::Object(fields) => Ok(fields),
                _ => Ok(Map::new()),
            }
        };
        let input = resolved(&operation.input, &self.variables)?;
        let fixture = |file: &str| self.environment.fixtures.path(file);
        let mut input = driver_input(&operation.op, &input, &fixture)?;
        // The driver knows an earlier operation by the id of its `run` message.
        if let Some(Value::String(of)) = input.get("of") {
            let id = format!("{}#{of}", self.world.id());
            input.insert("of".to_owned(), json!(id));
        }
        let mut settings = resolved(&self.case.settings, &self.variables)?;
        settings.extend(resolved(&operation.settings, &self.variables)?);
        let needs_client = operation.op != "webhook_verify";
        let client = needs_client.then(|| Client {
            id: format!("{}@{}", operation.client, self.world.id()),
            base_url: self.world.base_url().to_owned(),
            key: self.world.key().to_owned(),
            virtual_clock: self.profile.clock == ClockKind::Virtual,
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
            options: resolved(&operation.options, &self.variables)?,
            cancelled_before: operation.cancel == Some(Cancel::Before),
        })
    }

    /// Waits for the outcome of an operation and records it.
    async fn join(&mut self, name: &str) -> Result<(), StopReason> {
        let Some(mut pending) = self.pending.remove(name) else {
            return Err(StopReason::Harness(format!("no operation `{name}` is in progress")));
        };
        let outcome = self.driver.outcome(&mut pending.receiver, self.remaining()).await;
        let ended_after = self.world.journal().len();
        if pending.operation.cancel.is_some() {
            self.trace.exchanges_at_cancel = Some(ended_after);
        }
        let (outcome, driver_failure) = match outcome {
            Ok(outcome) => (Some(outcome), None),
            Err(driver_failure) => (None, Some(driver_failure)),
        };
        if let Some(outcome) = &outcome {
            self.variables.set(name, serde_json::to_value(outcome).unwrap_or_default());
        }
        self.trace.steps.push(StepRecord {
            name: name.to_owned(),
            op: pending.run.op.clone(),
            input: self.without_key(&Value::Object(pending.run.input)),
            options: Value::Object(pending.run.options),
            outcome,
            started_after: pending.started_after,
            ended_after,
            wall_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        driver_failure
            .map_or(Ok(()), |driver_failure| Err(StopReason::DriverFailure(driver_failure)))
    }

    /// Replaces the API key in an input, because reports must not contain it.
    fn without_key(&self, input: &Value) -> Value {
        let text = input.to_string().replace(self.world.key(), "{world.key}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn act(&mut self, action: &Action) -> Result<(), StopReason> {
        match action {
            Action::Advance(by) => self.world.advance(*by),
            Action::Await(seen) => self.wait_for_request(seen).await?,
            Action::Join(name) => self.join(name).await?,
            Action::Settle(time) => tokio::time::sleep(*time).await,
            Action::Delivery(nth) => {
                let arrived =
                    |runner: &Self| runner.environment.webhooks.of(runner.world.id()).len() >= *nth;
                self.wait_until(arrived, &format!("webhook {nth} did not arrive")).await?;
            }
            Action::OperationResult(given) => {
                let given = resolve(&Value::Object(given.clone()), &self.variables)?;
                let scenario =
                    crate::case::scenario_of(given).map_err(|error| format!("{error:#}"))?;
                self.world.set_scenario(scenario);
            }
            Action::Job { nth, becomes } => {
                let jobs = self.world.jobs();
                let job = nth.checked_sub(1).and_then(|index| jobs.get(index));
                let job = job
                    .ok_or_else(|| format!("the world has only {} jobs, not {nth}", jobs.len()))?;
                self.world.force(&job.id, becomes);
            }
        }
        Ok(())
    }

    /// Waits until the world has received a request.
    async fn wait_for_request(&self, seen: &Seen) -> Result<(), StopReason> {
        let has = |runner: &Self| runner.world.requests(seen.at).len() >= seen.nth;
        self.wait_until(has, &format!("{:?} request {} did not arrive", seen.at, seen.nth)).await
    }

    async fn wait_until(
        &self,
        holds: impl Fn(&Self) -> bool,
        error: &str,
    ) -> Result<(), StopReason> {
        while !holds(self) {
            if self.remaining().is_zero() {
                return Err(StopReason::Harness(error.to_owned()));
            }
            if self.driver.has_failed() {
                return Err(StopReason::DriverFailure(DriverFailure::Crash(
                    "the driver failed".to_owned(),
                )));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Waits until the mock server has recorded the end of each exchange: the client can finish
    /// slightly earlier. Exchanges that a fault keeps open are not waited for beyond the limit.
    async fn wait_for_open_exchanges(&self) {
        let began = Instant::now();
        let is_open = || self.world.journal().iter().any(|it| it.termination == Termination::Open);
        while is_open() && began.elapsed() < EXCHANGE_TIMEOUT {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn finish(mut self) -> CaseTrace {
        // Operations that are still in progress are cancelled.
        for pending in self.pending.values() {
            self.driver.cancel(&pending.run.id);
        }
        if self.trace.exchanges_at_cancel.is_some() {
            tokio::time::sleep(QUIET_PERIOD).await;
        }
        for client in &self.clients {
            self.driver.close(client);
        }
        self.wait_for_open_exchanges().await;
        if self.case.kills_the_driver() {
            self.driver.kill().await;
        }
        self.refresh_vars();
        let mut trace = self.trace;
        trace.variables = self.variables;
        trace.jobs = self.world.jobs().into_iter().map(|job| job.id).collect();
        trace.journal = self.world.journal();
        trace.ledger = self.world.ledger();
        trace.faults = self.world.faults();
        let in_real_time = self.profile.clock != ClockKind::Virtual;
        match crate::case::expect(self.case, in_real_time) {
            Ok(expect) => trace.verified = self.world.verify(&expect),
            Err(error) => trace.harness_error = Some(format!("{error:#}")),
        }
        trace.files = files(&trace.folder);
        trace
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
