//! What the mock server may answer, by its own OpenAPI document.

use anyhow::{Context as _, Result};
use jsonschema::Validator;
use regex::Regex;
use serde_json::{Map, Value, json};
use viseme_mock::scenario::FaultAction;
use viseme_mock::{Exchange, MAX_RESPONSE_BODY};

/// The answers that the mock server's OpenAPI document allows.
#[derive(Debug)]
pub struct Promise(Vec<Operation>);

/// One method of one path.
#[derive(Debug)]
struct Operation {
    method: String,
    path: Regex,
    /// Status → the schema of a JSON body, where the document has one.
    answers: Vec<(u16, Option<Validator>)>,
}

impl Promise {
    /// Reads an OpenAPI document.
    ///
    /// # Errors
    /// Where it is no such document, or one of its schemas is wrong.
    pub fn read(document: &str) -> Result<Self> {
        let document: Value = serde_json::from_str(document)?;
        let paths = document.get("paths").and_then(Value::as_object).context("it has no paths")?;
        let components = document.get("components").cloned().unwrap_or_default();
        let mut paths: Vec<_> = paths.iter().collect();
        // A model's id takes any number of parts: whatever has a path of its own comes first.
        paths.sort_by_key(|(path, _)| path.contains("{model}"));
        let mut operations = Vec::new();
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                if let Some(responses) = operation.get("responses").and_then(Value::as_object) {
                    let answers = answers(responses, &components)
                        .with_context(|| format!("{method} {path}"))?;
                    let method = method.to_uppercase();
                    operations.push(Operation { method, path: pattern(path)?, answers });
                }
            }
        }
        Ok(Self(operations))
    }

    /// How the first answer breaks the document that does; a fault may do so on purpose.
    #[must_use]
    pub fn broken_by(&self, journal: &[Exchange]) -> Option<String> {
        journal.iter().find_map(|exchange| {
            let why = self.breach(exchange)?;
            let (number, method, path) = (exchange.sequence, &exchange.method, &exchange.path);
            Some(format!(
                "the mock server broke its own OpenAPI document at #{number} {method} {path}: {why}"
            ))
        })
    }

    fn breach(&self, exchange: &Exchange) -> Option<String> {
        // No byte of an answer went out.
        let status = exchange.status?;
        // A fault on the wire breaks the bytes, not what they say.
        if matches!(exchange.fault, Some(FaultAction::Status(_) | FaultAction::Mutation(_))) {
            return None;
        }
        let operation = self.0.iter().find(|operation| {
            operation.method == exchange.method && operation.path.is_match(&exchange.path)
        });
        let Some(operation) = operation else {
            return (status != 404).then(|| format!("it is no such path, and answers {status}"));
        };
        let Some((_, schema)) = operation.answers.iter().find(|(known, _)| *known == status) else {
            return Some(format!("the status {status} is not in it"));
        };
        match (schema, &exchange.response) {
            (Some(schema), Some(answer)) => match serde_json::from_slice::<Value>(answer) {
                Ok(answer) => told(schema, &answer),
                Err(error) => Some(format!("the answer is no JSON: {error}")),
            },
            // Longer ones are not kept.
            (Some(_), None) if exchange.response_bytes <= MAX_RESPONSE_BODY as u64 => {
                Some("the answer is not told to be JSON".to_owned())
            }
            _ => None,
        }
    }
}

/// The path's template as a pattern.
fn pattern(template: &str) -> Result<Regex> {
    let parts = template.split('/').map(|part| match part {
        "{model}" => ".+".to_owned(),
        part if part.starts_with('{') => "[^/]+".to_owned(),
        part => regex::escape(part),
    });
    let pattern = parts.collect::<Vec<_>>().join("/");
    Regex::new(&format!("^{pattern}$")).with_context(|| template.to_owned())
}

fn answers(
    responses: &Map<String, Value>,
    components: &Value,
) -> Result<Vec<(u16, Option<Validator>)>> {
    let mut answers = Vec::new();
    for (status, response) in responses {
        let schema = response.pointer("/content/application~1json/schema").map(|schema| {
            // References point into the document's components.
            jsonschema::validator_for(&json!({"allOf": [schema], "components": components}))
        });
        let schema = schema.transpose().with_context(|| format!("the schema of {status}"))?;
        answers.push((status.parse().with_context(|| format!("the status {status}"))?, schema));
    }
    Ok(answers)
}

/// What is wrong with an answer: the place, and what does not hold there.
fn told(schema: &Validator, answer: &Value) -> Option<String> {
    let error = schema.iter_errors(answer).next()?;
    let text: String = error.to_string().chars().take(300).collect();
    Some(format!("{}: {text}", error.instance_path()))
}

#[cfg(test)]
mod tests {
    use super::Promise;

    #[test]
    fn a_path_of_its_own_comes_before_a_models() {
        let promise = Promise::read(viseme_mock::OPENAPI).unwrap();
        let found = |method: &str, path: &str| {
            let fits = promise.0.iter().find(|it| it.method == method && it.path.is_match(path));
            fits.map(|it| it.path.as_str().to_owned())
        };
        assert_eq!(found("POST", "/api/v3/model/price").unwrap(), "^/api/v3/model/price$");
        assert_eq!(found("POST", "/api/v3/a/b/c").unwrap(), "^/api/v3/.+$");
        assert_eq!(found("GET", "/api/v3/a/b/c"), None);
    }

    #[test]
    fn every_answer_of_the_api_is_described() {
        let promise = Promise::read(viseme_mock::OPENAPI).unwrap();
        for operation in promise.0.iter().filter(|it| it.path.as_str().starts_with("^/api/")) {
            for (status, schema) in &operation.answers {
                assert!(schema.is_some(), "{} {} {status}", operation.method, operation.path);
            }
        }
    }
}
