//! The model and its parameters, as the command line has them.

use viseme::media::Media;
use viseme::model::{FieldKind, describe};
use viseme::{AudioToVideo, Input};

use crate::failure::{Failure, Result};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// The model's id, such as `kwaivgi/kling-lipsync/text-to-video`. Without it: the lip-sync of
    /// --video to --audio.
    pub(crate) model: Option<String>,

    /// A parameter of the model: `text=Hello`, `seed=7`, `image=@face.png`; may be repeated. `@`
    /// names a file or a URL, which is checked and, if need be, uploaded; `@@` is a plain `@`.
    /// Other values are JSON where they can be read as JSON, else text.
    #[arg(short, long = "input", value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub(crate) input: Vec<(String, String)>,

    /// The video of a face, a path or a URL. Of the lip-sync to a voice: MP4 or MOV, 2 to 10 s,
    /// 720p or 1080p, at most 100 MB.
    #[arg(long, value_name = "FILE|URL", required_unless_present = "model")]
    pub(crate) video: Option<String>,

    /// The voice, a path or a URL: MP3, WAV, M4A or AAC, at most 5 MB.
    #[arg(long, value_name = "FILE|URL", required_unless_present = "model")]
    pub(crate) audio: Option<String>,

    /// Refuse what is only warned of otherwise: an unknown word, a limit that only others than the
    /// service state.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Judge the input by the model's schema in the service's live catalogue as well.
    #[arg(long)]
    pub(crate) validate: bool,
}

impl InputArgs {
    /// The input they describe.
    ///
    /// # Errors
    /// [`Failure::Usage`] for what cannot be a model's id, and for a parameter that is given twice.
    pub(crate) fn read(&self) -> Result<Input> {
        let model = self.model.as_deref().unwrap_or(AudioToVideo::MODEL);
        if !model.contains('/') || model.contains(char::is_whitespace) {
            return Err(Failure::Usage(format!(
                "`{model}` is no model's id; one looks like `{}`. Name files with --video and \
                 --audio.",
                AudioToVideo::MODEL
            )));
        }
        let mut input = Input::new(model);
        for (name, source) in [("audio", &self.audio), ("video", &self.video)] {
            if let Some(source) = source {
                input = input.media(name, source.as_str());
            }
        }
        for (name, text) in &self.input {
            if input.get(name).is_some() {
                return Err(Failure::Usage(format!("The parameter {name} is given twice.")));
            }
            input = with(input, name, text);
        }
        Ok(input)
    }
}

/// Adds a parameter, as its kind has it where the model is known.
fn with(input: Input, name: &str, text: &str) -> Input {
    match text.strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => return input.set(name, rest),
        Some(source) => return input.media(name, source),
        None => {}
    }
    let kind = describe(input.model()).and_then(|model| Some(model.field(name)?.kind));
    match kind {
        Some(FieldKind::Media(_)) => input.media(name, Media::from(text)),
        // "12" is a text where a text is wanted.
        Some(FieldKind::Text { .. } | FieldKind::Choice { .. }) => input.set(name, text),
        _ => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(json) => input.set(name, json),
            Err(_) => input.set(name, text),
        },
    }
}

fn parse_pair(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err("a parameter looks like `name=value` or `name=@file`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use viseme::model::InputValue;

    use super::*;

    fn read(model: Option<&str>, pairs: &[&str]) -> Result<Input> {
        let args = InputArgs {
            model: model.map(str::to_owned),
            input: pairs.iter().map(|pair| parse_pair(pair).unwrap()).collect(),
            video: None,
            audio: None,
            strict: false,
            validate: false,
        };
        args.read()
    }

    #[test]
    fn values_of_unknown_models() {
        let pairs = [
            "seed=7",
            "prompt=a = b",
            "flag=true",
            "list=[1,\"x\"]",
            "version=\"2\"",
            "image=@face.png",
            "mask=@https://a.example/m.png",
            "handle=@@somebody",
            "empty=",
            "url=https://a.example/v.mp4",
        ];
        let input = read(Some("a/b"), &pairs).unwrap();
        let json = |value| Some(InputValue::Json(value));
        for (name, expected) in [
            ("seed", json(json!(7))),
            ("prompt", json(json!("a = b"))),
            ("flag", json(json!(true))),
            ("list", json(json!([1, "x"]))),
            ("version", json(json!("2"))),
            ("image", Some(InputValue::Media(Media::from("face.png")))),
            ("mask", Some(InputValue::Media(Media::from("https://a.example/m.png")))),
            ("handle", json(json!("@somebody"))),
            ("empty", json(json!(""))),
            ("url", json(json!("https://a.example/v.mp4"))),
        ] {
            assert_eq!(input.get(name).cloned(), expected, "{name}");
        }
    }

    #[test]
    fn values_of_known_models_go_by_their_kind() {
        let model = Some("kwaivgi/kling-lipsync/text-to-video");
        let input = read(model, &["text=12", "video=face.mp4", "voice_speed=1.2"]).unwrap();
        assert_eq!(input.get("text"), Some(&InputValue::Json(json!("12"))));
        assert_eq!(input.get("video"), Some(&InputValue::Media(Media::from("face.mp4"))));
        assert_eq!(input.get("voice_speed"), Some(&InputValue::Json(json!(1.2))));
    }

    #[test]
    fn what_makes_no_sense() {
        for (model, pairs) in
            [(Some("face.mp4"), &[][..]), (Some("a b/c"), &[]), (Some("a/b"), &["x=1", "x=2"])]
        {
            assert!(matches!(read(model, pairs), Err(Failure::Usage(_))), "{model:?}");
        }
        for text in ["", "x", "=1", " =1"] {
            assert!(parse_pair(text).is_err(), "{text}");
        }
    }
}
