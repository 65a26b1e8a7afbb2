//! The contract: the OpenAPI document of the mock server, with how well each place is known.

use std::fmt;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::known_values;
use super::report::Certainty;

/// The extension that says how well a place is known.
const CERTAINTY: &str = "x-certainty";

/// The part of an OpenAPI document that describes the API of the service.
#[derive(Debug)]
pub struct OpenApiDocument {
    operations: Vec<Operation>,
}

/// A method of a path.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) certainty: Certainty,
    responses: Vec<(String, ResponseContract)>,
}

/// The responses with one status.
#[derive(Debug)]
pub(super) struct ResponseContract {
    pub(super) certainty: Certainty,
    pub(super) content_types: Vec<String>,
    pub(super) headers: Vec<HeaderContract>,
    /// The schema of a JSON body.
    pub(super) schema: Option<BodySchema>,
}

/// A header of a response.
#[derive(Debug)]
pub(super) struct HeaderContract {
    /// The name in lower case.
    pub(super) name: String,
    pub(super) certainty: Certainty,
    pub(super) is_required: bool,
}

/// The schema of a body.
pub(super) struct BodySchema {
    pub(super) validator: Validator,
    /// The document in which the paths of errors lie.
    root: Value,
}

impl fmt::Debug for BodySchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodySchema").finish_non_exhaustive()
    }
}

impl OpenApiDocument {
    /// Returns the contract of this version: the document of the mock server.
    ///
    /// # Errors
    /// If the document is invalid, which a test excludes.
    pub fn of_mock() -> Result<Self, String> {
        Self::parse(viseme_mock::OPENAPI)
    }

    /// Parses an OpenAPI document in JSON. Only paths under `/api/` count: the others are not of the service.
    ///
    /// # Errors
    /// If it is not JSON, has no paths, or one of its schemas is invalid.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let paths = object(document.get("paths")).ok_or("the document has no `paths`")?;
        let mut operations = Vec::new();
        for (path, methods) in paths.iter().filter(|(path, _)| path.starts_with("/api/")) {
            for (method, operation) in object(Some(methods)).into_iter().flatten() {
                let Some(responses) = object(operation.get("responses")) else { continue };
                let certainty = certainty_of(operation).unwrap_or(Certainty::Assumed);
                let mut known = Vec::new();
                for (status, response) in responses {
                    let response = ResponseContract::parse(response, certainty, &document)
                        .map_err(|error| format!("{method} {path} {status}: {error}"))?;
                    known.push((status.to_ascii_uppercase(), response));
                }
                let method = method.to_uppercase();
                operations.push(Operation {
                    method,
                    path: path.clone(),
                    certainty,
                    responses: known,
                });
            }
        }
        // The id of a model can look like any path, so the other paths come first.
        operations.sort_by_key(|operation| operation.path.contains("{model}"));
        Ok(Self { operations })
    }

    pub(super) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Returns the operation of a request.
    pub(super) fn find(&self, method: &str, path: &str) -> Option<&Operation> {
        self.operations
            .iter()
            .find(|operation| operation.method == method && matches(&operation.path, path))
    }
}

/// Returns whether a path fits to a template. `{model}` stands for one or more segments, and any other
/// name in braces for one.
fn matches(template: &str, path: &str) -> bool {
    let mut segments = path.split('/').peekable();
    for part in template.split('/') {
        let Some(segment) = segments.next() else { return false };
        match part {
            "{model}" => return !segment.is_empty(),
            part if part.starts_with('{') => {
                if segment.is_empty() {
                    return false;
                }
            }
            part if part == segment => {}
            _ => return false,
        }
    }
    segments.peek().is_none()
}

impl Operation {
    /// Returns the contract of the responses with a status.
    pub(super) fn response(&self, status: u16) -> Option<&ResponseContract> {
        let (exact, range) = (status.to_string(), format!("{}XX", status / 100));
        let of = |name: &str| self.responses.iter().find(|(known, _)| known == name);
        of(&exact).or_else(|| of(&range)).map(|(_, response)| response)
    }
}

impl ResponseContract {
    fn parse(response: &Value, inherited: Certainty, document: &Value) -> Result<Self, String> {
        let certainty = certainty_of(response).unwrap_or(inherited);
        let headers = object(response.get("headers")).into_iter().flatten();
        let content = object(response.get("content"));
        let content_types = content.into_iter().flatten().map(|(kind, _)| kind.clone()).collect();
        let schema = content.and_then(|content| content.get("application/json")?.get("schema"));
        let schema = schema.map(|schema| BodySchema::parse(schema, document)).transpose()?;
        let header = |(name, header): (&String, &Value)| {
            let header = resolved(header, document);
            HeaderContract {
                name: name.to_ascii_lowercase(),
                certainty: certainty_of(header).unwrap_or(certainty),
                is_required: header.get("required").and_then(Value::as_bool).unwrap_or(false),
            }
        };
        Ok(Self { certainty, content_types, headers: headers.map(header).collect(), schema })
    }
}

impl BodySchema {
    fn parse(schema: &Value, document: &Value) -> Result<Self, String> {
        // The schemas refer to the components of the document.
        let components = document.get("components").cloned().unwrap_or_default();
        let root = json!({"allOf": [schema], "components": components});
        let options =
            jsonschema::options().with_keyword(known_values::KEYWORD, known_values::keyword);
        let validator = options.build(&root).map_err(|error| error.to_string())?;
        Ok(Self { validator, root })
    }

    /// Returns the schema at a location.
    pub(super) fn at(&self, location: &str) -> Option<&Value> {
        self.walk(location).last()
    }

    /// Returns how well a location of the schema is known: the nearest mark above it.
    pub(super) fn certainty(&self, location: &str) -> Option<Certainty> {
        self.walk(location).filter_map(certainty_of).last()
    }

    /// Returns what is on the way to a location. References are followed.
    fn walk<'s>(&'s self, location: &str) -> impl Iterator<Item = &'s Value> {
        let mut at = Some(&self.root);
        let steps = location.split('/').skip(1).map_while(move |segment| {
            let name = segment.replace("~1", "/").replace("~0", "~");
            let next = match at? {
                Value::Object(fields) if name == "$ref" => {
                    let target = fields.get("$ref")?.as_str()?.strip_prefix('#')?;
                    self.root.pointer(target)
                }
                Value::Object(fields) => fields.get(&name),
                Value::Array(items) => items.get(name.parse::<usize>().ok()?),
                _ => None,
            };
            at = next;
            next
        });
        std::iter::once(&self.root).chain(steps)
    }

    /// Describes a schema in a few words.
    pub(super) fn describe(&self, schema: &Value) -> String {
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return target.rsplit('/').next().unwrap_or_default().to_owned();
        }
        if let Some(value) = schema.get("const") {
            return value.to_string();
        }
        let list = |name: &str| schema.get(name).and_then(Value::as_array);
        if let Some(values) = list("enum") {
            return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
        }
        if let Some(branches) = list("oneOf").or_else(|| list("anyOf")) {
            return branches.iter().map(|it| self.describe(it)).collect::<Vec<_>>().join(" or ");
        }
        match schema.get("type") {
            Some(Value::String(name)) => name.clone(),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
            }
            _ => "any value".to_owned(),
        }
    }
}

fn certainty_of(value: &Value) -> Option<Certainty> {
    value.get(CERTAINTY).and_then(Value::as_str).and_then(Certainty::from_word)
}

fn object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

/// Returns what a reference refers to, or the value itself.
fn resolved<'d>(value: &'d Value, document: &'d Value) -> &'d Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix('#'));
    target.and_then(|target| document.pointer(target)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_operation_of_its_path() {
        let document = OpenApiDocument::of_mock().unwrap();
        for (method, path, expected) in [
            ("POST", "/api/v3/model/price", Some("/api/v3/model/price")),
            ("POST", "/api/v3/a/b/c", Some("/api/v3/{owner}/{model}")),
            ("GET", "/api/v3/predictions/1/result", Some("/api/v3/predictions/{job}/result")),
            ("GET", "/api/v3/predictions/1", Some("/api/v3/predictions/{job}")),
            ("GET", "/api/v3/a/b/c", None),
            ("POST", "/api/v3/a", None),
            ("POST", "/api/v3/a/", None),
            ("GET", "/_mock/v1/worlds", None),
        ] {
            let found = document.find(method, path).map(|operation| operation.path.as_str());
            assert_eq!(found, expected, "{method} {path}");
        }
    }

    #[test]
    fn a_status_can_be_in_a_range() {
        let document = OpenApiDocument::of_mock().unwrap();
        let balance = document.find("GET", "/api/v3/balance").unwrap();
        assert!(balance.response(503).is_some() && balance.response(429).is_some());
        assert!(balance.response(418).is_none());
    }

    #[test]
    fn each_response_of_the_contract_says_how_well_it_is_known() {
        let document: Value = serde_json::from_str(viseme_mock::OPENAPI).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let is_api = path.starts_with("/api/");
                assert_eq!(certainty_of(operation).is_some(), is_api, "{method} {path}");
            }
        }
    }
}
