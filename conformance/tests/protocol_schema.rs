//! Checks that the examples in protocol.md match the published schema.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;

const SCHEMA: &str = include_str!("../schema/protocol.schema.json");
const PAGE: &str = include_str!("../protocol.md");

#[test]
fn the_examples_match_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    let examples: Vec<&str> =
        PAGE.split("```json").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 3, "{}", examples.len());
    for example in examples {
        let message: Value = serde_json::from_str(example).expect(example);
        let violations: Vec<_> = validator.iter_errors(&message).map(|e| e.to_string()).collect();
        assert!(violations.is_empty(), "{example}: {violations:?}");
    }
    for wrong in [
        r#"{"type":"hello","protocol":2,"name":"x","version":"1","language":"rust","features":[]}"#,
        r#"{"type":"outcome","id":"1"}"#,
        r#"{"type":"outcome","id":"1","value":{},"cancelled":{}}"#,
        r#"{"type":"run","id":"1","case":"a/b","op":"fly","input":{},"options":{}}"#,
        r#"{"type":"run","id":"1","case":"a/b","op":"run","input":{},"options":{"speed":1}}"#,
    ] {
        let message: Value = serde_json::from_str(wrong).unwrap();
        assert!(!validator.is_valid(&message), "{wrong}");
    }
}
