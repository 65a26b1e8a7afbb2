//! What happened in a world as a scenario that makes it happen again.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::scenario::{Fault, JobMatch, JobRule, Nth, RequestKind, Scenario, Span, Timeline};
use crate::world::fault_table::TriggeredFault;
use crate::world::job::{Job, is_terminal};
use crate::world::state::WorldState;

/// Returns the scenario. Without duplicates, jobs are counted as if no submit was repeated.
pub(super) fn of(state: &WorldState, with_duplicates: bool) -> Value {
    written(&Scenario {
        jobs: jobs(state, with_duplicates),
        faults: faults(state),
        ..state.scenario.clone()
    })
}

/// Returns a scenario without what is so by default.
pub(super) fn written(scenario: &Scenario) -> Value {
    let mut scenario = json!(scenario);
    without_defaults(&mut scenario);
    scenario
}

/// Returns a rule for each job whose state was set by hand, before the rules of the scenario.
fn jobs(state: &WorldState, with_duplicates: bool) -> Vec<JobRule> {
    let counted = state.jobs().iter().filter(|job| with_duplicates || !job.duplicate);
    let forced = (1..).zip(counted).filter_map(|(nth, job)| {
        // A job that is held would never end.
        let forced = job.forced.as_deref().filter(|status| is_terminal(status))?;
        let rule = JobRule {
            matches: Some(JobMatch { model: None, nth: Some(nth) }),
            timeline: Some(timeline(job, forced)),
            price_usd: Some(job.price_usd),
            code: job.code,
            error: job.error.clone(),
            ..JobRule::default()
        };
        Some(rule)
    });
    forced.chain(state.scenario.jobs.iter().cloned()).collect()
}

/// Returns the states that a job had before one was set by hand, and that one.
fn timeline(job: &Job, forced: &str) -> Timeline {
    let at = job.forced_at.unwrap_or_default().saturating_sub(job.submitted);
    let at = Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or(u64::MAX));
    let state = |word: &str, at: Duration| BTreeMap::from([(word.to_owned(), Span(at))]);
    let mut states: Vec<_> = match &job.timeline {
        Timeline::Times(states) => {
            states.iter().filter(|state| state.values().all(|time| time.0 < at)).cloned().collect()
        }
        Timeline::Polls(_) => Vec::new(),
    };
    if states.is_empty() {
        states.push(state("created", Duration::ZERO));
    }
    states.push(state(forced, at));
    Timeline::Times(states)
}

/// Returns the faults that triggered, each at its request, and those that can still trigger.
fn faults(state: &WorldState) -> Vec<Fault> {
    let mut numbers = HashMap::<RequestKind, u64>::new();
    let mut triggered: Vec<Fault> = Vec::new();
    for exchange in state.journal.entries() {
        let number = numbers.entry(exchange.kind).or_default();
        *number += 1;
        let Some(TriggeredFault { action, when, .. }) = exchange.fault() else { continue };
        let when = *when;
        let is_same = |fault: &&mut Fault| {
            fault.at == exchange.kind && fault.when == when && fault.action == *action
        };
        match triggered.iter_mut().find(is_same) {
            Some(Fault { nth: Some(Nth::Many(nth)), .. }) => nth.push(*number),
            _ => {
                let mut fault = Fault::at(exchange.kind).each(&[*number]);
                (fault.when, fault.action) = (when, action.clone());
                triggered.push(fault);
            }
        }
    }
    for fault in &mut triggered {
        if let Some(Nth::Many(nth)) = &fault.nth
            && let [one] = nth.as_slice()
        {
            fault.nth = Some(Nth::One(*one));
        }
    }
    triggered
}

/// Removes what a scenario has by default.
fn without_defaults(scenario: &mut Value) {
    let default = json!(Scenario::default());
    if let (Value::Object(fields), Value::Object(defaults)) = (scenario, default) {
        retain_different(fields, &defaults);
        if let Some(Value::Object(clock)) = fields.get_mut("clock") {
            clock.retain(|_, value| !value.is_null());
        }
        // Most faults trigger before the effect.
        for fault in fields.get_mut("faults").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Value::Object(fault) = fault {
                fault.retain(|name, value| name != "when" || value != "before_accept");
            }
        }
    }
}

fn retain_different(fields: &mut Map<String, Value>, defaults: &Map<String, Value>) {
    fields.retain(|name, value| {
        let default = defaults.get(name);
        if let (Value::Object(inner), Some(Value::Object(default))) = (&mut *value, default) {
            retain_different(inner, default);
            return !inner.is_empty();
        }
        !value.is_null() && default != Some(&*value)
    });
}
