//! Checks the responses of the mock server against its own OpenAPI document.

use anyhow::{Context as _, Result};
use jsonschema::Validator;
use regex::Regex;
use serde_json::{Map, Value, json};
use viseme_mock::scenario::FaultAction;
use viseme_mock::{Exchange, MAX_RESPONSE_BODY};

/// The responses that an OpenAPI document allows.
#[derive(Debug)]
pub struct OpenApiContract(Vec<Operation>);

/// A method of a path.
#[derive(Debug)]
struct Operation {
    method: String,
    path: Regex,
    /// Status → the schema of the JSON body, if the document has one.
    responses: Vec<(u16, Option<Validator>)>,
}

impl OpenApiContract {
    /// Parses an OpenAPI document.
    ///
    /// # Errors
    /// If the document or one of its schemas is invalid.
    pub fn parse(document: &str) -> Result<Self> {
        let document: Value = serde_json::from_str(document)?;
        let paths = document
            .get("paths")
            .and_then(Value::as_object)
            .context("the document has no `paths`")?;
        let components = document.get("components").cloned().unwrap_or_default();
        let mut paths: Vec<_> = paths.iter().collect();
        // A model id can match any path, so the other paths come first.
        paths.sort_by_key(|(path, _)| path.contains("{model}"));
        let mut operations = Vec::new();
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                if let Some(responses) = operation.get("responses").and_then(Value::as_object) {
                    let responses = response_schemas(responses, &components)
                        .with_context(|| format!("{method} {path}"))?;
                    let method = method.to_uppercase();
                    operations.push(Operation { method, path: pattern(path)?, responses });
                }
            }
        }
        Ok(Self(operations))
    }

    /// Describes the first response that violates the document, unless a fault caused it.
    #[must_use]
    pub fn violation(&self, journal: &[Exchange]) -> Option<String> {
        journal.iter().find_map(|exchange| {
            let why = self.difference(exchange)?;
            let (number, method, path) = (exchange.sequence, &exchange.method, &exchange.path);
            Some(format!(
                "the response to #{number} {method} {path} violates the OpenAPI document of the mock server: {why}"
            ))
        })
    }

    fn difference(&self, exchange: &Exchange) -> Option<String> {
        // No byte of an body went out.
        let status = exchange.status?;
        // A fault on the wire breaks the bytes, not what they say.
        if matches!(exchange.fault, Some(FaultAction::Status(_) | FaultAction::Mutation(_))) {
            return None;
        }
        let operation = self.0.iter().find(|operation| {
            operation.method == exchange.method && operation.path.is_match(&exchange.path)
        });
        let Some(operation) = operation else {
            return (status != 404)
                .then(|| format!("there is no such path, but the status is {status}"));
        };
        let Some((_, schema)) = operation.responses.iter().find(|(known, _)| *known == status)
        else {
            return Some(format!("the document does not have the status {status}"));
        };
        match (schema, &exchange.response) {
            (Some(schema), Some(body)) => match serde_json::from_slice::<Value>(body) {
                Ok(body) => schema_violation(schema, &body),
                Err(error) => Some(format!("the body is not JSON: {error}")),
            },
            // Longer bodies are not recorded.
            (Some(_), None) if exchange.response_bytes <= MAX_RESPONSE_BODY as u64 => {
                Some("the content type is not JSON".to_owned())
            }
            _ => None,
        }
    }
}

/// Converts the template of a path to a pattern.
fn pattern(template: &str) -> Result<Regex> {
    let parts = template.split('/').map(|part| match part {
        "{model}" => ".+".to_owned(),
        part if part.starts_with('{') => "[^/]+".to_owned(),
        part => regex::escape(part),
    });
    let pattern = parts.collect::<Vec<_>>().join("/");
    Regex::new(&format!("^{pattern}$")).with_context(|| template.to_owned())
}

fn response_schemas(
    responses: &Map<String, Value>,
    components: &Value,
) -> Result<Vec<(u16, Option<Validator>)>> {
    let mut schemas = Vec::new();
    for (status, response) in responses {
        // A range such as 5XX is for faults, whose responses are not compared.
        if status.ends_with("XX") {
            continue;
        }
        let schema = response.pointer("/content/application~1json/schema").map(|schema| {
            // The schemas refer to the components of the document.
            jsonschema::validator_for(&json!({"allOf": [schema], "components": components}))
        });
        let schema = schema.transpose().with_context(|| format!("the schema of {status}"))?;
        schemas.push((status.parse().with_context(|| format!("the status {status}"))?, schema));
    }
    Ok(schemas)
}

/// Returns the first violation of a schema: the location in the body and the reason.
fn schema_violation(schema: &Validator, body: &Value) -> Option<String> {
    let error = schema.iter_errors(body).next()?;
    let text: String = error.to_string().chars().take(300).collect();
    Some(format!("{}: {text}", error.instance_path()))
}

#[cfg(test)]
mod tests {
    use super::OpenApiContract;

    #[test]
    fn a_fixed_path_takes_precedence_over_a_model_id() {
        let contract = OpenApiContract::parse(viseme_mock::OPENAPI).unwrap();
        let found = |method: &str, path: &str| {
            let fits = contract.0.iter().find(|it| it.method == method && it.path.is_match(path));
            fits.map(|it| it.path.as_str().to_owned())
        };
        assert_eq!(found("POST", "/api/v3/model/price").unwrap(), "^/api/v3/model/price$");
        assert_eq!(found("POST", "/api/v3/a/b/c").unwrap(), "^/api/v3/[^/]+/.+$");
        assert_eq!(found("GET", "/api/v3/a/b/c"), None);
    }

    #[test]
    fn every_response_of_the_api_has_a_schema() {
        let contract = OpenApiContract::parse(viseme_mock::OPENAPI).unwrap();
        for operation in contract.0.iter().filter(|it| it.path.as_str().starts_with("^/api/")) {
            for (status, schema) in &operation.responses {
                assert!(schema.is_some(), "{} {} {status}", operation.method, operation.path);
            }
        }
    }
}
