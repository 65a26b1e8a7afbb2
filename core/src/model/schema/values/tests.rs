use serde_json::json;

use super::super::validate_schema;
use super::*;

fn schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["image", "audio"],
        "x-order-properties": ["image", "audio", "resolution", "seed"],
        "properties": {
            "image": {"type": "string", "x-ui-component": "uploader", "x-accept": "image/*"},
            "audio": {"type": "string", "x-ui-component": "uploader", "format": "uri"},
            "resolution": {"type": "string", "enum": ["480p", "720p"], "default": "480p"},
            "duration": {"type": "integer", "enum": ["5", "10"]},
            "seed": {"type": "integer", "minimum": -1, "maximum": 2147483647, "step": 1},
            "strength": {"type": "number", "nullable": true, "multipleOf": 0.5},
            "prompt": {"type": "string", "maxLength": 5},
            "loras": {"type": "array", "maxItems": 1, "items": {
                "type": "object", "properties": {"scale": {"type": "number", "maximum": 4}},
            }},
        },
    })
}

fn input() -> Input {
    Input::new("wavespeed-ai/infinitetalk").media("image", "face.png").media("audio", "a.mp3")
}

fn rules(input: &Input) -> Vec<(String, Rule)> {
    validate_schema(input, &schema()).into_iter().map(|it| (it.field, it.rule)).collect()
}

#[test]
fn valid_inputs_have_no_violations() {
    let full = input()
        .set("resolution", "720p")
        .set("seed", -1)
        .set("strength", Value::Null)
        .set("prompt", "äöüßé")
        .set("loras", json!([{"scale": 1, "path": "a"}]))
        .set("enable_sync_mode", true);
    assert_eq!(rules(&full), []);
    for duration in [json!(5), json!("5"), json!(10)] {
        assert_eq!(rules(&input().set("duration", duration.clone())), [], "{duration}");
    }
}

#[test]
fn invalid_inputs_are_violations() {
    for (name, value, field, rule) in [
        ("resolutoin", json!("480p"), "resolutoin", Rule::UnknownField),
        ("resolution", json!("1080p"), "resolution", Rule::Choice),
        ("resolution", json!(null), "resolution", Rule::Type),
        ("duration", json!(7), "duration", Rule::Choice),
        ("seed", json!(-2), "seed", Rule::Range),
        ("seed", json!(1e12), "seed", Rule::Range),
        ("seed", json!("1"), "seed", Rule::Type),
        ("strength", json!(0.7), "strength", Rule::Step),
        ("prompt", json!("äöüßéx"), "prompt", Rule::Length),
        ("loras", json!([{}, {}]), "loras", Rule::Length),
        ("loras", json!([{"scale": 5}]), "loras.0.scale", Rule::Range),
        ("audio", json!(["a"]), "audio", Rule::Type),
    ] {
        let found = rules(&input().set(name, value.clone()));
        let mut expected = vec![(field.to_owned(), rule)];
        if name == "resolution" && value.is_null() {
            expected.push((field.to_owned(), Rule::Choice));
        }
        let sorted = |mut list: Vec<(String, Rule)>| {
            list.sort_by_key(|(_, rule)| rule.code());
            list
        };
        assert_eq!(sorted(found), sorted(expected), "{name} {value}");
    }
    let found = validate_schema(&Input::new("m").set("image", "x"), &schema());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "`audio` is missing. m requires it.");
}

#[test]
fn messages_name_the_value_and_the_rule() {
    let found = validate_schema(&input().set("seed", -2).set("sed", 1), &schema());
    let messages: Vec<_> = found.iter().map(|it| it.message.as_str()).collect();
    assert!(messages[0].contains("Did you mean `seed`?"), "{messages:?}");
    assert!(messages[1].starts_with("`seed` is -2, which violates the schema of"), "{messages:?}");
    assert!(messages[1].contains("-1"), "{messages:?}");
}

#[test]
fn a_schema_that_cannot_be_used_is_a_warning() {
    for schema in [
        json!({"type": "no such type"}),
        json!({"$ref": "https://elsewhere.example/schema.json"}),
        json!({"properties": {"a": {"pattern": "("}}}),
    ] {
        let found = validate_schema(&Input::new("m"), &schema);
        let levels: Vec<_> = found.iter().map(|it| (it.rule, it.level)).collect();
        assert_eq!(levels, [(Rule::Undetermined, Level::Warning)], "{schema}");
    }
    assert_eq!(validate_schema(&Input::new("m").set("a", 1), &Value::Null).len(), 1);
}

#[test]
fn deep_schemas_end() {
    let mut schema = json!({"type": "string", "nullable": true});
    for _ in 0..100 {
        schema = json!({"type": "array", "items": schema});
    }
    let _ = validate_schema(&input(), &schema);
}
