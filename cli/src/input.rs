//! The model and its parameters on the command line.

use viseme::model::{FieldKind, describe};
use viseme::{AudioToVideo, Input};

use crate::failure::{Failure, Result};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// The model's id, such as `kwaivgi/kling-lipsync/text-to-video`. Without it, --video is
    /// lip-synced to --audio.
    pub(crate) model: Option<String>,

    /// A parameter of the model, such as `text=Hello`, `seed=7` or `image=@face.png`; may be
    /// repeated. `@` names a file or a URL, which is checked and, if it is a file, uploaded; `@@`
    /// is a literal `@`. Other values are parsed as JSON if possible, and are text otherwise.
    #[arg(short, long = "input", value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub(crate) input: Vec<(String, String)>,

    /// The video of a face: MP4 or MOV, 2 to 10 s, 720p or 1080p, at most 100 MB.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) video: Option<String>,

    /// The audio track: MP3, WAV, M4A or AAC, at most 5 MB.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) audio: Option<String>,

    /// Treat warnings as errors.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Validate the input against the model's schema in the service's catalogue too.
    #[arg(long)]
    pub(crate) validate: bool,
}

impl InputArgs {
    /// The input that the arguments describe.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the model is not a model's id, if a parameter is given twice, or if
    /// --video or --audio is missing.
    pub(crate) fn read(&self) -> Result<Input> {
        match self.missing_media() {
            [] => self.read_incomplete(),
            missing => Err(Failure::Usage(format!(
                "{} missing. Pass --video and --audio, or a model with its parameters (-i).",
                match missing {
                    [only] => format!("--{only} is"),
                    _ => "--video and --audio are".to_owned(),
                }
            ))),
        }
    }

    /// Like [`InputArgs::read`], but --video or --audio may be missing.
    pub(crate) fn read_incomplete(&self) -> Result<Input> {
        let model = self.model.as_deref().unwrap_or(AudioToVideo::MODEL);
        if !model.contains('/') || model.contains(char::is_whitespace) {
            return Err(Failure::Usage(format!(
                "`{model}` is not a model's id, such as `{}`. Pass files with --video and --audio.",
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
            input = with_parameter(input, name, text);
        }
        Ok(input)
    }

    /// Returns the media parameters that the user knows as options, such as `--video`.
    pub(crate) fn media_options(&self) -> Vec<&'static str> {
        let is_pair = |name: &str| self.input.iter().any(|(other, _)| other == name);
        [("audio", &self.audio), ("video", &self.video)]
            .into_iter()
            .filter(|(name, source)| source.is_some() || (self.model.is_none() && !is_pair(name)))
            .map(|(name, _)| name)
            .collect()
    }

    /// The media that a lip-sync needs and that are not given.
    pub(crate) fn missing_media(&self) -> &'static [&'static str] {
        let has = |name: &str| self.input.iter().any(|(other, _)| other == name);
        match (
            self.model.is_some() || self.video.is_some() || has("video"),
            self.model.is_some() || self.audio.is_some() || has("audio"),
        ) {
            (true, true) => &[],
            (true, false) => &["audio"],
            (false, true) => &["video"],
            (false, false) => &["video", "audio"],
        }
    }
}

/// Adds a parameter; for a known model its kind decides how the text is read.
fn with_parameter(input: Input, name: &str, text: &str) -> Input {
    match text.strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => return input.set(name, rest),
        Some(source) => return input.media(name, source),
        None => {}
    }
    let kind = describe(input.model()).and_then(|model| Some(model.field(name)?.kind));
    match kind {
        // `12` is the text of a text parameter. Whether a text is a file, `Input::set` decides.
        Some(FieldKind::Media(_) | FieldKind::Text { .. } | FieldKind::Choice { .. }) => {
            input.set(name, text)
        }
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
        _ => Err("must be `NAME=VALUE` or `NAME=@FILE`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use viseme::Media;
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
    fn values_of_unknown_models_are_json_text_or_media() {
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
    fn the_kind_decides_about_values_of_known_models() {
        let model = Some("kwaivgi/kling-lipsync/text-to-video");
        let input = read(model, &["text=12", "video=face.mp4", "voice_speed=1.2"]).unwrap();
        assert_eq!(input.get("text"), Some(&InputValue::Json(json!("12"))));
        assert_eq!(input.get("video"), Some(&InputValue::Media(Media::from("face.mp4"))));
        assert_eq!(input.get("voice_speed"), Some(&InputValue::Json(json!(1.2))));
    }

    #[test]
    fn a_lip_sync_needs_both_media() {
        let args = |model: Option<&str>, video: Option<&str>, pairs: &[&str]| InputArgs {
            model: model.map(str::to_owned),
            input: pairs.iter().map(|pair| parse_pair(pair).unwrap()).collect(),
            video: video.map(str::to_owned),
            audio: None,
            strict: false,
            validate: false,
        };
        for (model, video, pairs, missing) in [
            (None, None, &[][..], &["video", "audio"][..]),
            (None, Some("v.mp4"), &[], &["audio"]),
            (None, None, &["audio=@a.mp3"], &["video"]),
            (None, Some("v.mp4"), &["audio=@a.mp3"], &[]),
            (Some("a/b"), None, &[], &[]),
        ] {
            let args = args(model, video, pairs);
            assert_eq!(args.missing_media(), missing, "{args:?}");
            assert_eq!(args.read().is_ok(), missing.is_empty(), "{args:?}");
            assert!(args.read_incomplete().is_ok(), "{args:?}");
        }
    }

    #[test]
    fn wrong_models_and_repeated_parameters_are_usage_errors() {
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
