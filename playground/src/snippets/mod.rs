//! The call of the form as code: curl, and each language of Viseme.

mod curl;
mod languages;
mod quote;

use serde_json::{Map, Value, json};
use viseme::media::MediaKind;
use viseme::model::{FieldKind, ModelDescription, describe};

/// A call of a model. Every snippet is made of it.
struct Call<'a> {
    model: &'a str,
    /// In the order of the model's description.
    arguments: Vec<(&'a str, Argument<'a>)>,
}

/// The value of a parameter.
enum Argument<'a> {
    /// A file of this name, in the current folder.
    File(String),
    Value(&'a Value),
}

/// Returns the snippets of a call, in the order in which the page shows them; `None` if the model is
/// unknown. A media parameter's value is the name of its file; one without a value has a usual name.
pub(crate) fn all(model: &str, values: &Map<String, Value>) -> Option<Value> {
    let call = call(describe(model)?, values);
    let snippets = [
        ("curl", "curl", curl::snippet(&call)),
        ("python", "Python", languages::python(&call)),
        ("node", "Node.js", languages::node(&call)),
        ("swift", "Swift", languages::swift(&call)),
        ("kotlin", "Kotlin", languages::kotlin(&call)),
        ("rust", "Rust", languages::rust(&call)),
    ];
    let snippet = |(id, title, code)| json!({ "id": id, "title": title, "code": code });
    Some(snippets.map(snippet).into_iter().collect())
}

fn call<'a>(model: &'static ModelDescription, values: &'a Map<String, Value>) -> Call<'a> {
    let mut arguments = Vec::new();
    for field in model.fields {
        let value = values.get(field.name);
        let argument = match &field.kind {
            FieldKind::Media(limits) => {
                let name = value.and_then(Value::as_str).filter(|name| !name.is_empty());
                Some(Argument::File(name.unwrap_or(usual_name(limits.kind)).to_owned()))
            }
            _ => value.map(Argument::Value),
        };
        arguments.extend(argument.map(|argument| (field.name, argument)));
    }
    Call { model: model.id, arguments }
}

fn usual_name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "voice.mp3",
        MediaKind::Video => "face.mp4",
        _ => "face.jpg",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_language_has_the_model_and_every_value() {
        let values = json!({
            "video": "my face.mp4",
            "text": "It's \"$5\" \\ now",
            "voice_id": "AOT",
            "voice_speed": 1.2,
        });
        let model = "kwaivgi/kling-lipsync/text-to-video";
        let snippets = all(model, values.as_object().unwrap()).unwrap();
        let snippets = snippets.as_array().unwrap();
        assert_eq!(snippets.len(), 6);
        for snippet in snippets {
            let code = snippet["code"].as_str().unwrap();
            for word in [model, "my face.mp4", "voice_id", "AOT", "1.2", "result"] {
                assert!(code.contains(word), "{word} in {code}");
            }
            assert!(!code.contains("voice_language"), "{code}");
            assert!(code.ends_with('\n'), "{code}");
        }
        assert_eq!(all("a/b", &Map::new()), None);
    }

    /// The tests of each language run or compile the files: one call of each kind of model.
    #[test]
    fn the_files_in_the_folder_snippets_are_the_code_of_the_page() {
        const UPDATE: &str = "VISEME_UPDATE_SNIPPETS";
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snippets");
        let calls = std::fs::read(folder.join("calls.json")).unwrap();
        let calls: Vec<Value> = serde_json::from_slice(&calls).unwrap();
        for call in calls {
            let model = call["model"].as_str().unwrap();
            let snippets = all(model, call["values"].as_object().unwrap()).unwrap();
            for snippet in snippets.as_array().unwrap() {
                let mut code = snippet["code"].as_str().unwrap().to_owned();
                let extension = match snippet["id"].as_str().unwrap() {
                    "curl" => "sh",
                    "python" => "py",
                    "node" => "mjs",
                    "swift" => "swift",
                    "kotlin" => "kt",
                    "rust" => "rs",
                    other => panic!("no file for {other}"),
                };
                if extension == "rs" {
                    // The lints want every crate documented.
                    code.insert_str(0, "//! Code of the playground, below this line.\n\n");
                }
                let name = format!("{}.{extension}", call["name"].as_str().unwrap());
                let path = folder.join(&name);
                if std::env::var_os(UPDATE).is_some() {
                    std::fs::write(&path, &code).unwrap();
                }
                let found = std::fs::read_to_string(&path).unwrap_or_default();
                assert_eq!(found, code, "{name}: run this test with {UPDATE}=1");
            }
        }
    }

    #[test]
    fn a_file_that_was_not_chosen_yet_has_a_usual_name() {
        let snippets = all("kwaivgi/kling-lipsync/audio-to-video", &Map::new()).unwrap();
        let code = snippets[1]["code"].as_str().unwrap();
        assert!(code.contains(r#""audio": "voice.mp3""#), "{code}");
        assert!(code.contains(r#""video": "face.mp4""#), "{code}");
    }
}
