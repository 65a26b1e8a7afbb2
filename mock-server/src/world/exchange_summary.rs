//! What the events of a world say of an exchange.

use serde::Serialize;

use super::exchange::Termination;
use super::exchange_record::{ExchangeRecord, Moment};
use crate::scenario::{FaultAction, RequestKind};

/// An exchange without headers and bodies.
#[derive(Serialize)]
pub(super) struct ExchangeSummary<'e> {
    sequence: u64,
    connection: u64,
    reused: bool,
    kind: RequestKind,
    method: &'e str,
    path: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    query: &'e str,
    status: Option<u16>,
    termination: Termination,
    response_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'e FaultAction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<&'e str>,
    at: Moment,
    wall_ms: u64,
    ended_wall_ms: Option<u64>,
}

impl<'e> ExchangeSummary<'e> {
    pub(super) fn of(exchange: &'e ExchangeRecord) -> Self {
        let [method, path, query] = exchange.line.parts();
        Self {
            sequence: exchange.sequence,
            connection: exchange.connection,
            reused: exchange.reused,
            kind: exchange.kind,
            method,
            path,
            query,
            status: exchange.status,
            termination: exchange.termination,
            response_bytes: exchange.response_bytes,
            rule: exchange.rule(),
            fault: exchange.fault_action(),
            fault_index: exchange.fault().map(|fault| fault.index),
            job_id: exchange.job_id.as_deref(),
            at: exchange.at,
            wall_ms: exchange.wall_ms,
            ended_wall_ms: exchange.ended_wall_ms,
        }
    }
}

/// The fields of a summary that differ from those of the exchange before it. The number is one more
/// unless it is here; `null` means that the field is absent.
#[derive(Default, Serialize)]
pub(super) struct ExchangeChanges<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reused: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<RequestKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Option<u16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    termination: Option<Termination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Option<&'e str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Option<&'e FaultAction>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_index: Option<Option<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<Option<&'e str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wall_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_wall_ms: Option<Option<u64>>,
}

impl<'e> ExchangeChanges<'e> {
    pub(super) fn between(before: &'e ExchangeRecord, exchange: &'e ExchangeRecord) -> Self {
        let (old, new) = (ExchangeSummary::of(before), ExchangeSummary::of(exchange));
        Self {
            sequence: changed(&(old.sequence + 1), new.sequence),
            connection: changed(&old.connection, new.connection),
            reused: changed(&old.reused, new.reused),
            kind: changed(&old.kind, new.kind),
            method: changed(&old.method, new.method),
            path: changed(&old.path, new.path),
            query: changed(&old.query, new.query),
            status: changed(&old.status, new.status),
            termination: changed(&old.termination, new.termination),
            response_bytes: changed(&old.response_bytes, new.response_bytes),
            rule: changed(&old.rule, new.rule),
            fault: changed(&old.fault, new.fault),
            fault_index: changed(&old.fault_index, new.fault_index),
            job_id: changed(&old.job_id, new.job_id),
            at: changed(&old.at, new.at),
            wall_ms: changed(&old.wall_ms, new.wall_ms),
            ended_wall_ms: changed(&old.ended_wall_ms, new.ended_wall_ms),
        }
    }
}

fn changed<T: PartialEq>(old: &T, new: T) -> Option<T> {
    (*old != new).then_some(new)
}
