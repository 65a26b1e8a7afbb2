//! The types of the border, read from their JSON schemas.

use std::collections::BTreeMap;

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::dto;

/// All types of the border by name.
pub(super) struct Border {
    /// What goes from native code to the host.
    pub(super) outgoing: BTreeMap<String, Definition>,
    /// What goes from the host to native code.
    pub(super) incoming: BTreeMap<String, Definition>,
}

/// A named type.
pub(super) struct Definition {
    pub(super) doc: String,
    pub(super) ty: Type,
}

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Any,
    Text,
    Boolean,
    Number {
        integer: bool,
        minimum: Option<f64>,
        above: Option<f64>,
        maximum: Option<f64>,
    },
    /// Milliseconds.
    Duration,
    /// Milliseconds since 1970.
    Moment,
    Words(Vec<String>),
    Named(String),
    List(Box<Self>),
    Map(Box<Self>),
    Tuple(Vec<Self>),
    Nullable(Box<Self>),
    Union(Vec<Self>),
    Object {
        doc: String,
        fields: Vec<Field>,
    },
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) required: bool,
    pub(super) ty: Type,
}

impl Border {
    pub(super) fn new() -> Self {
        let outgoing = definitions(Contract::Serialize, |to| {
            add::<dto::PredictionData>(to);
            add::<dto::DeliveryData>(to);
            add::<dto::DownloadedFile>(to);
            add::<dto::Report>(to);
            add::<dto::ErrorData>(to);
            add::<dto::OpenJobs>(to);
            add::<dto::ProgressData>(to);
            add::<dto::RunManyEvent>(to);
            add::<dto::RunManyItem>(to);
            add::<dto::UploadProgress>(to);
            add::<dto::DownloadProgress>(to);
            add::<dto::Model>(to);
            add::<dto::Price>(to);
            add::<dto::BillingData>(to);
            add::<dto::Usage>(to);
            add::<dto::LedgerSubmit>(to);
            add::<dto::BatchItem>(to);
            add::<dto::BatchStart>(to);
            add::<dto::BatchEnd>(to);
            add::<dto::BatchSummary>(to);
            add::<dto::DubPlan>(to);
            add::<dto::DubResult>(to);
            add::<dto::DubUpdate>(to);
            add::<dto::FitResult>(to);
        });
        let mut incoming = definitions(Contract::Deserialize, |to| {
            add::<dto::ClientConfig>(to);
            add::<dto::Request>(to);
            add::<dto::JobRequest>(to);
            add::<dto::WebhookVerification>(to);
        });
        // Their form is the same in both directions.
        for shared in ["OutputData", "SubmitRecordData", "Status", "LedgerState"] {
            let both = (outgoing.get(shared), incoming.remove(shared));
            assert!(matches!(both, (Some(out), Some(into)) if out.ty == into.ty), "{shared}");
        }
        Self { outgoing, incoming }
    }
}

fn add<T: JsonSchema>(to: &mut SchemaGenerator) {
    to.subschema_for::<T>();
}

fn definitions(
    contract: Contract,
    add: impl Fn(&mut SchemaGenerator),
) -> BTreeMap<String, Definition> {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.contract = contract)
        .into_generator();
    add(&mut generator);
    let all = generator.take_definitions(true);
    all.iter()
        .map(|(name, schema)| {
            let mut ty = read(name, schema);
            in_declared_order(&mut ty, name);
            let definition = Definition { doc: doc(schema), ty };
            (name.clone(), definition)
        })
        .collect()
}

const SOURCES: [&str; 9] = [
    include_str!("../dto/account.rs"),
    include_str!("../dto/batch.rs"),
    include_str!("../dto/dub.rs"),
    include_str!("../dto/event.rs"),
    include_str!("../dto/fit.rs"),
    include_str!("../dto/ledger.rs"),
    include_str!("../dto/request.rs"),
    include_str!("../dto/result.rs"),
    include_str!("../dto/settings.rs"),
];

/// Sorts fields as Rust declares them; the schema has them by name.
fn in_declared_order(ty: &mut Type, name: &str) {
    let declarations = [format!("pub struct {name} {{"), format!("pub enum {name} {{")];
    let declaration = SOURCES.iter().find_map(|source| {
        let (_, rest) = declarations.iter().find_map(|start| source.split_once(start.as_str()))?;
        rest.split_once("\n}\n").map(|(declaration, _)| declaration)
    });
    let Some(declaration) = declaration else { return };
    match ty {
        Type::Object { fields, .. } => sort(fields, declaration),
        Type::Union(options) => {
            for option in options {
                if let Type::Object { fields, .. } = option {
                    let variant = tag(fields).map(capitalized).unwrap_or_default();
                    let (_, rest) = declaration.split_once(&variant).unwrap_or(("", declaration));
                    sort(fields, rest);
                }
            }
        }
        _ => {}
    }
}

fn sort(fields: &mut [Field], declaration: &str) {
    // A tag is no field in Rust; it comes first.
    fields.sort_by_key(|field| {
        let name = format!(" {}: ", snake_case(&field.name));
        declaration.find(&name).map_or(0, |at| at + 1)
    });
}

/// The tag of one of several objects.
pub(super) fn tag(fields: &[Field]) -> Option<&str> {
    fields.iter().find_map(|field| match &field.ty {
        Type::Words(words) if words.len() == 1 => words.first().map(String::as_str),
        _ => None,
    })
}

fn doc(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    // A line break within a paragraph is none.
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// Reads the type of a schema that has this name: a number whose name ends in `Ms` is a duration.
fn read(name: &str, schema: &Value) -> Type {
    let Some(object) = schema.as_object() else { return Type::Any };
    if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
        return Type::Named(reference.rsplit('/').next().unwrap_or_default().to_owned());
    }
    if let Some(word) = object.get("const").and_then(Value::as_str) {
        return Type::Words(vec![word.to_owned()]);
    }
    if let Some(words) = object.get("enum").and_then(Value::as_array) {
        let words = words.iter().filter_map(Value::as_str);
        return Type::Words(words.map(str::to_owned).collect());
    }
    if let Some(options) = object.get("oneOf").or(object.get("anyOf")).and_then(Value::as_array) {
        return union(options.iter().map(|option| read(name, option)).collect());
    }
    let number = |key: &str| object.get(key).and_then(Value::as_f64);
    let format = object.get("format").and_then(Value::as_str);
    let one = |kind: &str| match kind {
        "null" => Type::Nullable(Box::new(Type::Any)),
        "string" => Type::Text,
        "boolean" => Type::Boolean,
        "number" | "integer" if format == Some("unix-ms") => Type::Moment,
        "number" if name.ends_with("Ms") => Type::Duration,
        "number" | "integer" => Type::Number {
            integer: kind == "integer",
            minimum: number("minimum"),
            above: number("exclusiveMinimum"),
            maximum: number("maximum").filter(|_| kind == "number"),
        },
        "array" => match object.get("prefixItems").and_then(Value::as_array) {
            Some(items) => Type::Tuple(items.iter().map(|item| read("", item)).collect()),
            None => Type::List(Box::new(read(name, object.get("items").unwrap_or(&Value::Null)))),
        },
        "object" => match object.get("properties").and_then(Value::as_object) {
            Some(_) => Type::Object { doc: doc(schema), fields: fields(schema) },
            None => {
                let value = object.get("additionalProperties").unwrap_or(&Value::Null);
                Type::Map(Box::new(read(name, value)))
            }
        },
        other => panic!("the generator knows no type `{other}` (of `{name}`)"),
    };
    match object.get("type") {
        Some(Value::String(kind)) => one(kind),
        Some(Value::Array(kinds)) => {
            union(kinds.iter().filter_map(Value::as_str).map(one).collect())
        }
        _ => Type::Any,
    }
}

fn fields(schema: &Value) -> Vec<Field> {
    let empty = Vec::new();
    let required = schema.get("required").and_then(Value::as_array).unwrap_or(&empty);
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    properties
        .map(|(name, schema)| Field {
            name: name.clone(),
            doc: doc(schema),
            required: required.iter().any(|one| one == name),
            ty: read(name, schema),
        })
        .collect()
}

/// A union, with `null` as what may be absent and words put together.
fn union(options: Vec<Type>) -> Type {
    let null = Type::Nullable(Box::new(Type::Any));
    let nullable = options.contains(&null);
    let mut words = Vec::new();
    let mut rest = Vec::new();
    for option in options.into_iter().filter(|option| *option != null) {
        match option {
            Type::Words(some) => words.extend(some),
            other => rest.push(other),
        }
    }
    if !words.is_empty() {
        rest.insert(0, Type::Words(words));
    }
    let ty = if rest.len() == 1 { rest.remove(0) } else { Type::Union(rest) };
    if nullable { Type::Nullable(Box::new(ty)) } else { ty }
}

/// Whether a type mentions a named one.
pub(super) fn mentions(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Named(other) => other == name,
        Type::List(inner) | Type::Map(inner) | Type::Nullable(inner) => mentions(inner, name),
        Type::Tuple(all) | Type::Union(all) => all.iter().any(|one| mentions(one, name)),
        _ => false,
    }
}

/// Breaks text into lines of at most `width` characters.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split("\n\n") {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// Applies a change to every name in backticks that is written in snake case.
pub(super) fn rename_code(text: &str, rename: impl Fn(&str) -> String) -> String {
    let parts = text.split('`').enumerate().map(|(at, part)| {
        let is_name = at % 2 == 1
            && part.contains('_')
            && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if is_name { rename(part) } else { part.to_owned() }
    });
    parts.collect::<Vec<_>>().join("`")
}

/// `createdAt` for `created_at`.
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capitalized(word))
}

/// `created_at` for `createdAt`.
pub(super) fn snake_case(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, c| {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
        text
    })
}

pub(super) fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        .unwrap_or_default()
}
