//! The uploads of a server, so that the price and the run of an input share them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use url::Url;
use viseme::model::InputValue;
use viseme::{Client, Input, Media};

use crate::tool_error::ToolError;

/// How long an upload is used. The service keeps it for seven days.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Uploads by the digest of their content and their name.
#[derive(Default)]
pub(crate) struct Uploads(Mutex<HashMap<String, (Instant, Url)>>);

impl Uploads {
    /// Uploads the media of an input, unless that was done, and returns the input with their URLs.
    pub(crate) async fn replace(&self, client: &Client, input: &Input) -> Result<Input, ToolError> {
        let mut uploaded = Input::new(input.model());
        for (name, value) in input.fields() {
            uploaded = match value {
                InputValue::Media(media) if needs_upload(media) => {
                    uploaded.media(name, Media::url(self.url(client, media).await?))
                }
                InputValue::Media(media) => uploaded.media(name, media.clone()),
                InputValue::Json(json) => uploaded.set(name, json.clone()),
                _ => return Err(ToolError::argument(format!("`{name}` cannot be used."))),
            };
        }
        Ok(uploaded)
    }

    async fn url(&self, client: &Client, media: &Media) -> Result<Url, ToolError> {
        // The model does not matter: this is the digest of the content.
        let only = Input::new("a/b").media("media", media.clone());
        let content = client.ledger_fingerprint(&only).await.ok_or_else(|| {
            ToolError::new("invalid_input", format!("Cannot read {}.", media.display_name()))
        })?;
        let name = match media {
            Media::Path(path) => path.file_name().map(Path::new),
            _ => None,
        };
        let id = format!("{content} {}", name.unwrap_or(Path::new("")).display());
        if let Some(url) = self.known(&id) {
            return Ok(url);
        }
        let url = client.upload(media.clone()).await?;
        self.uploads().insert(id, (Instant::now(), url.clone()));
        Ok(url)
    }

    fn known(&self, id: &str) -> Option<Url> {
        let mut uploads = self.uploads();
        uploads.retain(|_, (since, _)| since.elapsed() < LIFETIME);
        uploads.get(id).map(|(_, url)| url.clone())
    }

    fn uploads(&self) -> MutexGuard<'_, HashMap<String, (Instant, Url)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn needs_upload(media: &Media) -> bool {
    !matches!(media, Media::Url(url) if url.scheme() != "data")
}
