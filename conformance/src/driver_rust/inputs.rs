//! Converts the inputs of the protocol to those of the client.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};
use viseme::{AudioToVideo, Input, KlingEffects, Media, TextToVideo};

/// Returns the input of a message: a typed one if the model has it.
pub(crate) fn input(message: &Map<String, Value>) -> Result<Input> {
    let model = text(message, "model")?;
    let media = fields(message, "media")
        .map(|(name, value)| Ok((name.as_str(), medium(value)?)))
        .collect::<Result<Vec<_>>>()?;
    let params: Vec<_> = fields(message, "params").collect();
    let untyped = message.get("untyped") == Some(&Value::Bool(true));
    let mut input = match typed(model, &media, &params).filter(|_| !untyped) {
        Some(input) => input,
        None => Input::new(model),
    };
    for (name, medium) in media {
        input = input.media(name, medium);
    }
    for (name, value) in params {
        input = input.set(name, value.clone());
    }
    Ok(input)
}

fn typed(model: &str, media: &[(&str, Media)], params: &[(&String, &Value)]) -> Option<Input> {
    let medium =
        |name: &str| media.iter().find(|(known, _)| *known == name).map(|(_, it)| it.clone());
    let text = |name: &str| params.iter().find(|(known, _)| *known == name)?.1.as_str();
    match model {
        AudioToVideo::MODEL => {
            Some(AudioToVideo::new().audio(medium("audio")?).video(medium("video")?).into())
        }
        TextToVideo::MODEL => {
            Some(TextToVideo::new().video(medium("video")?).text(text("text")?).into())
        }
        KlingEffects::MODEL => Some(
            KlingEffects::new().effect_scene(text("effect_scene")?).image(medium("image")?).into(),
        ),
        _ => None,
    }
}

/// Returns the medium of a message.
pub(crate) fn medium(message: &Value) -> Result<Media> {
    let word = |name: &str| message.get(name).and_then(Value::as_str);
    if let Some(path) = word("path") {
        return Ok(Media::path(path));
    }
    if let Some(path) = word("bytes") {
        let content = std::fs::read(path).with_context(|| path.to_owned())?;
        return Ok(Media::bytes(word("name").unwrap_or("file"), content));
    }
    if let Some(url) = word("url") {
        return Ok(Media::from(url));
    }
    bail!("this driver does not support the medium {message}")
}

/// Returns a text that the message must contain.
pub(crate) fn text<'a>(message: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    message.get(name).and_then(Value::as_str).with_context(|| format!("the input has no `{name}`"))
}

fn fields<'a>(
    message: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    message.get(name).and_then(Value::as_object).into_iter().flatten()
}
