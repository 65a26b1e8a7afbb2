//! Generates the TypeScript and the Python types of everything in [`dto`](crate::dto), and checks
//! that the generated files in the repository are up to date.
//!
//! `cargo xtask generate` writes them: it runs the test below with `VISEME_GENERATE=1`.

mod python;
mod python_preamble;
mod schema;
mod typescript;

use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use schema::Border;

/// The status of a job: one of the known words, or another one.
pub(crate) struct Status;

/// How a lost job was found.
pub(crate) struct RecoveredBy;

/// How severe a violation is.
pub(crate) struct Level;

const STATUSES: [&str; 7] =
    ["created", "processing", "completed", "failed", "cancelled", "timeout", "deleted"];

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
}

#[test]
fn the_known_statuses_are_those_of_the_core() {
    for word in STATUSES {
        let status = viseme::Status::from_word(word);
        assert!(!matches!(status, viseme::Status::Other(_)), "{word}");
    }
}

#[test]
fn the_generated_files_are_up_to_date() {
    let border = Border::new();
    let files = [
        ("bindings-node/ts/generated/dto.ts", typescript::generate(&border)),
        ("bindings-node/ts/generated/models.ts", typescript::models()),
        ("bindings-python/python/viseme/_generated.py", python::models(&border)),
        ("bindings-python/python/viseme/_generated_types.py", python::types(&border)),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (name, content) in files {
        let path = root.join(name);
        if std::env::var_os("VISEME_GENERATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect(name);
            std::fs::write(&path, content).expect(name);
        } else {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == content, "{name} is out of date: run `cargo xtask generate`");
        }
    }
}
