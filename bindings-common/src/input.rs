//! Inputs as they come over the border.

use serde::Deserialize;
use serde_json::Value;
use viseme::{Input, TextToVideo};

use crate::media::{Contents, MediumForm};

/// A model and its parameters, in the order in which they were given.
#[derive(Deserialize)]
pub(crate) struct InputForm {
    model: String,
    fields: Vec<(String, FieldForm)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum FieldForm {
    Json(Value),
    Media(MediumForm),
}

impl InputForm {
    pub(crate) fn into_input(self, contents: &mut Contents) -> Result<Input, String> {
        let mut input = Input::new(&self.model);
        for (name, field) in self.fields {
            input = match field {
                FieldForm::Json(value) => input.set(name, value),
                FieldForm::Media(medium) => input.media(name, medium.into_media(contents)?),
            };
        }
        // As the typed input does.
        if self.model == TextToVideo::MODEL && input.get("voice_id").is_none() {
            input = input.set("voice_id", TextToVideo::DEFAULT_VOICE);
        }
        Ok(input)
    }
}
