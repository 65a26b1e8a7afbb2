//! The texts of which only some are known, as schemas.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The status of a job: one of the known words, or another one.
pub(crate) struct Status;

/// How a lost job was found.
pub(crate) struct RecoveredBy;

/// How severe a violation is.
pub(crate) struct Level;

/// The state of a row of a batch.
pub(crate) struct ItemState;

/// The code of an error.
pub(crate) struct ErrorCode;

const STATUSES: [&str; 7] =
    ["created", "processing", "completed", "failed", "cancelled", "timeout", "deleted"];

const ITEM_STATES: [&str; 14] = [
    "planned",
    "checked",
    "uploading",
    "ready",
    "submitting",
    "submitted",
    "completed",
    "downloading",
    "done",
    "refused",
    "failed",
    "unknown",
    "expired",
    "duplicate",
];

macro_rules! words {
    ($($name:ident, $description:literal: $schema:expr;)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema = $schema;
                schema.insert("description".to_owned(), $description.into());
                schema
            }
        }
    )*};
}

words! {
    Status, "The status of a job. A word that is not listed means that the job still runs.":
        json_schema!({ "anyOf": [{ "enum": STATUSES }, { "type": "string" }] });
    RecoveredBy, "How a job was found whose submit got no response.":
        json_schema!({ "enum": ["input", "model_and_time"] });
    Level, "Whether a violation stops a run.":
        json_schema!({ "enum": ["error", "warning"] });
    ItemState, "The state of a row of a batch. `docs/batches.md` describes each.":
        json_schema!({ "enum": ITEM_STATES });
    ErrorCode, "The stable code of an error, the same in every language. `docs/errors.md` lists them.":
        json_schema!({ "enum": viseme::ErrorKind::ALL.iter().map(|kind| kind.code()).collect::<Vec<_>>() });
}

#[test]
fn the_known_statuses_are_those_of_the_core() {
    for word in STATUSES {
        let status = viseme::Status::from_word(word);
        assert!(!matches!(status, viseme::Status::Other(_)), "{word}");
    }
}

#[cfg(feature = "batch")]
#[test]
fn the_states_of_rows_are_those_of_a_batch() {
    assert_eq!(viseme_batch::ItemState::ALL.map(viseme_batch::ItemState::as_str), ITEM_STATES);
}
