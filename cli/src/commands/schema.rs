//! `viseme schema`.

use serde_json::{Map, Value, json};

use crate::connect;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::terminal::print;

/// Longer lists are counted.
const LISTED: usize = 12;

#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// The model's id; `viseme models` lists them.
    model: String,
}

pub(crate) async fn schema(options: &Options, schema: Schema) -> Result<Ending> {
    let client = connect::online(options)?;
    let model = client.model(&schema.model).await.map_err(Failure::question)?;
    if options.json {
        print(json!({"model": model.id, "schema": model.schema}))?;
        return Ok(Ending::Done);
    }
    print(&model.name)?;
    if !model.description.is_empty() && model.description != model.name {
        print(&model.description)?;
    }
    for line in lines(model.schema.as_ref().unwrap_or(&Value::Null)) {
        print(line)?;
    }
    Ok(Ending::Done)
}

/// A line for each parameter, in the service's order.
fn lines(schema: &Value) -> Vec<String> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let words = |name: &str| -> Vec<&str> {
        let list = schema.get(name).and_then(Value::as_array).map(Vec::as_slice);
        list.unwrap_or_default().iter().filter_map(Value::as_str).collect()
    };
    let required = words("required");
    let ordered = words("x-order-properties");
    let rest = properties.keys().map(String::as_str).filter(|name| !ordered.contains(name));
    ordered
        .iter()
        .copied()
        .chain(rest)
        .filter_map(|name| Some(line(name, properties.get(name)?, required.contains(&name))))
        .collect()
}

fn line(name: &str, property: &Value, required: bool) -> String {
    let text = |key: &str| property.get(key).and_then(Value::as_str);
    let value = |key: &str| property.get(key).filter(|value| !value.is_null());
    let options = value("enum").and_then(Value::as_array).map(|options| {
        let all: Vec<_> = options.iter().map(plain).collect();
        match all.get(..LISTED).filter(|_| all.len() > LISTED) {
            Some(first) => format!("{} and {} more", first.join(" | "), all.len() - LISTED),
            None => all.join(" | "),
        }
    });
    let range = match (value("minimum"), value("maximum")) {
        (Some(min), Some(max)) => Some(format!("{} to {}", plain(min), plain(max))),
        (Some(min), None) => Some(format!("from {}", plain(min))),
        (None, Some(max)) => Some(format!("up to {}", plain(max))),
        (None, None) => None,
    };
    let facts = [
        required.then(|| "required".to_owned()),
        text("type").map(str::to_owned),
        options,
        range,
        value("step")
            .or_else(|| value("multipleOf"))
            .map(|step| format!("steps of {}", plain(step))),
        value("maxLength").map(|most| format!("at most {most} characters")),
        text("x-accept").map(str::to_owned),
        value("default").map(|default| format!("default {}", plain(default))),
    ];
    let facts: Vec<_> = facts.into_iter().flatten().collect();
    let about = text("description").map(|about| format!(" {about}")).unwrap_or_default();
    format!("  {name} ({}){about}", facts.join(", "))
}

/// A text without quotes, a number without needless digits.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_in_the_services_order() {
        let schema = json!({
            "required": ["b"],
            "x-order-properties": ["b", "a"],
            "properties": {
                "a": {"type": "integer", "minimum": -1, "default": 5, "step": null},
                "b": {"type": "string", "enum": ["x", "y"], "description": "Says it."},
                "c": {"type": "string", "enum": (0..20).collect::<Vec<_>>()},
            },
        });
        assert_eq!(
            lines(&schema),
            [
                "  b (required, string, x | y) Says it.",
                "  a (integer, from -1, default 5)",
                "  c (string, 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 and 8 more)",
            ]
        );
        assert!(lines(&Value::Null).is_empty());
    }
}
