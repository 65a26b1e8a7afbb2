//! Compares recorded responses with the API contract: the OpenAPI document of the mock server.
//!
//! Each difference names its place, how often it was seen, and how well the contract knows that place:
//! documented by the service, observed in its official clients, or assumed.

mod body;
mod document;
mod headers;
mod known_values;
mod report;
mod text;

use std::collections::BTreeMap;

use self::body::{Body, Found};
use self::document::{Operation, ResponseContract};
use crate::recording::{Endpoint, RecordedBody, RecordedExchange, RecordedResponse};

pub use document::OpenApiDocument;
pub use report::{
    Certainty, ComparedResponses, Difference, DifferenceKind, DriftReport, Gravity, NotCompared,
};

/// An operation and a status: the method, the path and the status.
type Key = (String, String, u16);

/// Compares the responses of these exchanges with the contract.
///
/// Uploads and downloads of files are not compared: they are not part of the API.
#[must_use]
pub fn compare(exchanges: &[RecordedExchange], document: &OpenApiDocument) -> DriftReport {
    let mut comparison = Comparison::default();
    for exchange in exchanges {
        comparison.add(exchange, document);
    }
    comparison.report(document)
}

#[derive(Default)]
struct Comparison {
    responses: BTreeMap<Key, Responses>,
    not_compared: NotCompared,
}

/// The responses of an operation with one status.
struct Responses {
    certainty: Certainty,
    /// Whether the contract has the operation.
    is_known: bool,
    count: u64,
    differing: u64,
    /// Each difference and how many responses have it.
    found: Vec<(Found, u64)>,
}

impl Comparison {
    fn add(&mut self, exchange: &RecordedExchange, document: &OpenApiDocument) {
        let is_file = matches!(exchange.endpoint, Endpoint::File | Endpoint::Put);
        if is_file || exchange.request.host.is_some() {
            self.not_compared.files += 1;
            return;
        }
        let Some(response) = &exchange.response else {
            self.not_compared.without_response += 1;
            return;
        };
        let (method, path) = (&exchange.request.method, &exchange.request.path);
        let operation = document.find(method, path);
        let (certainty, found) = match operation {
            // The mock has no such path either.
            None if matches!(response.status, 404 | 405) => (Certainty::Assumed, Vec::new()),
            None => (Certainty::Assumed, vec![unknown_path(response.status)]),
            Some(operation) => self.response(exchange, response, operation),
        };
        let path = operation.map_or(path, |operation| &operation.path);
        let key = (method.clone(), path.clone(), response.status);
        let responses = self.responses.entry(key).or_insert(Responses {
            certainty,
            is_known: operation.is_some(),
            count: 0,
            differing: 0,
            found: Vec::new(),
        });
        responses.add(found);
    }

    /// Returns how well the contract knows a response, and its differences.
    fn response(
        &mut self,
        exchange: &RecordedExchange,
        response: &RecordedResponse,
        operation: &Operation,
    ) -> (Certainty, Vec<Found>) {
        let Some(contract) = operation.response(response.status) else {
            return (operation.certainty, vec![undocumented_status(response, operation)]);
        };
        let mut found = headers::differences(response, contract);
        let is_cut = exchange.failure.is_some()
            || matches!(response.body, RecordedBody::Omitted { .. } | RecordedBody::Part { .. });
        if is_cut {
            self.not_compared.without_body += 1;
        } else {
            found.extend(body_differences(response, contract));
        }
        (contract.certainty, found)
    }

    fn report(self, document: &OpenApiDocument) -> DriftReport {
        let mut differences = Vec::new();
        let mut compared = Vec::new();
        let is_seen = |operation: &Operation| {
            self.responses
                .keys()
                .any(|(method, path, _)| *method == operation.method && *path == operation.path)
        };
        let not_seen = document.operations().iter().filter(|operation| !is_seen(operation));
        let not_seen = not_seen.map(|operation| format!("{} {}", operation.method, operation.path));
        let mut not_seen: Vec<String> = not_seen.collect();
        not_seen.sort();
        for ((method, path, status), responses) in self.responses {
            let of = responses.count;
            for (found, count) in responses.found {
                differences.push(Difference {
                    gravity: found.kind.gravity(status),
                    certainty: found.certainty,
                    kind: found.kind,
                    method: method.clone(),
                    path: path.clone(),
                    status,
                    at: found.at,
                    expected: found.expected,
                    found: found.found,
                    example: found.example,
                    count,
                    of,
                });
            }
            if responses.is_known {
                let (certainty, differing) = (responses.certainty, responses.differing);
                compared.push(ComparedResponses {
                    method,
                    path,
                    status,
                    certainty,
                    count: of,
                    differing,
                });
            }
        }
        differences.sort_by(|one, other| {
            let key = |it: &Difference| (it.gravity, it.certainty, it.kind);
            let place = |it: &Difference| (it.at.clone(), it.path.clone(), it.status);
            key(one).cmp(&key(other)).then_with(|| place(one).cmp(&place(other)))
        });
        DriftReport {
            version: 1,
            contract: env!("CARGO_PKG_VERSION").to_owned(),
            differences,
            compared,
            not_compared: self.not_compared,
            not_seen,
        }
    }
}

impl Responses {
    fn add(&mut self, found: Vec<Found>) {
        self.count += 1;
        self.differing += u64::from(!found.is_empty());
        let mut new: Vec<Found> = Vec::new();
        for found in found {
            // The entries of a list differ in the same way: that is one difference of the response.
            if !new.iter().any(|it| it.is_same(&found)) {
                new.push(found);
            }
        }
        for found in new {
            match self.found.iter_mut().find(|(known, _)| known.is_same(&found)) {
                Some((_, count)) => *count += 1,
                None => self.found.push((found, 1)),
            }
        }
    }
}

impl Found {
    /// Returns whether another one is the same but for the example.
    fn is_same(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.kind, it.at.clone(), it.expected.clone(), it.found.clone());
        key(self) == key(other)
    }
}

fn unknown_path(status: u16) -> Found {
    Found {
        kind: DifferenceKind::UnknownPath,
        at: String::new(),
        certainty: Certainty::Assumed,
        expected: "no such path".to_owned(),
        found: format!("status {status}"),
        example: None,
    }
}

fn undocumented_status(response: &RecordedResponse, operation: &Operation) -> Found {
    let example = match &response.body {
        RecordedBody::Json { value } => Some(value.to_string().chars().take(100).collect()),
        _ => None,
    };
    Found {
        kind: DifferenceKind::UndocumentedStatus,
        at: String::new(),
        certainty: operation.certainty,
        expected: "no such status".to_owned(),
        found: format!("status {}", response.status),
        example,
    }
}

fn body_differences(response: &RecordedResponse, contract: &ResponseContract) -> Vec<Found> {
    let Some(schema) = &contract.schema else { return Vec::new() };
    let certainty = contract.certainty;
    let body = match &response.body {
        RecordedBody::Json { value } => Body { value, is_shape: false },
        RecordedBody::Shape { value } => Body { value, is_shape: true },
        other => return not_json(other, contract).into_iter().collect(),
    };
    if response.status >= 400 {
        return body::error_difference(&body, schema, certainty).into_iter().collect();
    }
    match body::error_in_success(&body, schema, certainty) {
        Some(found) => vec![found],
        None => body::differences(&body, schema, certainty),
    }
}

/// Returns the difference of a body that is not JSON, unless the contract allows another type too.
fn not_json(body: &RecordedBody, contract: &ResponseContract) -> Option<Found> {
    let allows_others = contract.content_types.iter().any(|kind| kind != "application/json");
    let (found, example) = match body {
        RecordedBody::Text { .. } | RecordedBody::Media { .. } if allows_others => return None,
        RecordedBody::Text { text } => ("text", Some(text.chars().take(100).collect())),
        RecordedBody::Media { .. } => ("a media file", None),
        RecordedBody::Empty => ("nothing", None),
        _ => return None,
    };
    Some(Found {
        kind: DifferenceKind::NotJson,
        at: String::new(),
        certainty: contract.certainty,
        expected: "JSON".to_owned(),
        found: found.to_owned(),
        example,
    })
}
