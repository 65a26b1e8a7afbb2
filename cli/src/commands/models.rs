//! `viseme models`, `viseme schema` and `viseme price`.

use serde_json::{Map, Value, json};
use viseme::Model;

use crate::client;
use crate::failure::{Failure, Outcome, Result};
use crate::input::InputArgs;
use crate::options::Options;
use crate::output::{eprint_line, money, print_line};

/// How many values of an enum are listed.
const MAX_LISTED: usize = 12;

#[derive(Debug, clap::Args)]
pub(crate) struct Models {
    /// Only models with all these words in their id, name, category or description.
    #[arg(long, short, value_name = "WORDS")]
    search: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// The model's id; `viseme models` lists them.
    model: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Price {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Upload files first, so that the service can measure them and the price is exact. Without it
    /// the price is the model's base price.
    #[arg(long)]
    upload: bool,
}

pub(crate) async fn models(options: &Options, models: Models) -> Result<Outcome> {
    let all = client::online(options)?.models().await.map_err(Failure::query)?;
    let words = models.search.unwrap_or_default();
    let mut found: Vec<&Model> = all.iter().filter(|model| model.matches(&words)).collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    if options.json {
        let models: Vec<_> = found.iter().map(|model| model_json(model)).collect();
        print_line(json!({"models": models}))?;
        return Ok(Outcome::Done);
    }
    let width = found.iter().map(|model| model.id.chars().count()).max().unwrap_or_default();
    for model in found {
        let price =
            model.base_price.map(|price| format!("from ${}", money(price))).unwrap_or_default();
        print_line(format_args!("{:width$}  {price:12}  {}", model.id, model.category))?;
    }
    Ok(Outcome::Done)
}

/// A model as JSON, without its schema, which `viseme schema` prints.
fn model_json(model: &Model) -> Value {
    json!({
        "id": model.id,
        "name": model.name,
        "category": model.category,
        "description": model.description,
        "base_price": model.base_price,
        "formula": model.formula,
    })
}

pub(crate) async fn price(options: &Options, price: Price) -> Result<Outcome> {
    let input = if price.upload { price.input.read()? } else { price.input.read_incomplete()? };
    let known_options = price.input.media_options();
    let is_option = |name: &str| known_options.contains(&name);
    let client = client::online(options)?;
    let result = client.price(input).upload(price.upload).await;
    let price = result.map_err(Failure::query)?;
    if options.json {
        print_line(json!({
            "model": price.model,
            "due": price.due(),
            "amount": price.amount,
            "discounted": price.discounted,
            "currency": price.currency,
            "left_out": price.left_out,
        }))?;
        return Ok(Outcome::Done);
    }
    if !price.left_out.is_empty() && !options.is_silent() {
        let names: Vec<_> = price
            .left_out
            .iter()
            .map(|name| match is_option(name) {
                true => format!("--{name}"),
                false => format!("-i {name}=…"),
            })
            .collect();
        let names = names.join(" and ");
        eprint_line(format_args!(
            "This is the base price. Pass {names} with --upload to get the exact price."
        ));
    }
    print_line(format_args!("{} {}", money(price.due()), price.currency))?;
    Ok(Outcome::Done)
}

pub(crate) async fn schema(options: &Options, schema: Schema) -> Result<Outcome> {
    let client = client::online(options)?;
    let model = client.model(&schema.model).await.map_err(Failure::query)?;
    if options.json {
        print_line(json!({"model": model.id, "schema": model.schema}))?;
        return Ok(Outcome::Done);
    }
    print_line(&model.name)?;
    if !model.description.is_empty() && model.description != model.name {
        print_line(&model.description)?;
    }
    for line in parameter_lines(model.schema.as_ref().unwrap_or(&Value::Null)) {
        print_line(line)?;
    }
    Ok(Outcome::Done)
}

/// A line for each parameter, in the service's order.
fn parameter_lines(schema: &Value) -> Vec<String> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let names = |name: &str| -> Vec<&str> {
        let list = schema.get(name).and_then(Value::as_array).map(Vec::as_slice);
        list.unwrap_or_default().iter().filter_map(Value::as_str).collect()
    };
    let required = names("required");
    let ordered = names("x-order-properties");
    let others = properties.keys().map(String::as_str).filter(|name| !ordered.contains(name));
    ordered
        .iter()
        .copied()
        .chain(others)
        .filter_map(|name| {
            Some(parameter_line(name, properties.get(name)?, required.contains(&name)))
        })
        .collect()
}

fn parameter_line(name: &str, property: &Value, required: bool) -> String {
    let text = |key: &str| property.get(key).and_then(Value::as_str);
    let value = |key: &str| property.get(key).filter(|value| !value.is_null());
    let options = value("enum").and_then(Value::as_array).map(|options| {
        let all: Vec<_> = options.iter().map(plain).collect();
        match all.get(..MAX_LISTED).filter(|_| all.len() > MAX_LISTED) {
            Some(first) => format!("{} and {} more", first.join(" | "), all.len() - MAX_LISTED),
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

/// Formats a text without quotes and a number without trailing zeros.
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
    fn parameters_are_listed_in_the_services_order() {
        let schema = json!({
            "required": ["b"],
            "x-order-properties": ["b", "a"],
            "properties": {
                "a": {"type": "integer", "minimum": -1, "default": 5, "step": null},
                "b": {"type": "string", "enum": ["x", "y"], "description": "Describes it."},
                "c": {"type": "string", "enum": (0..20).collect::<Vec<_>>()},
            },
        });
        assert_eq!(
            parameter_lines(&schema),
            [
                "  b (required, string, x | y) Describes it.",
                "  a (integer, from -1, default 5)",
                "  c (string, 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 and 8 more)",
            ]
        );
        assert!(parameter_lines(&Value::Null).is_empty());
    }
}
