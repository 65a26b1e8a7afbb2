//! Media as they come over the border.

use serde::Deserialize;
use viseme::Media;

/// The contents of media that are in memory, copied: the host may change its own while they are
/// sent.
pub(crate) struct Contents(pub(crate) Vec<Vec<u8>>);

/// One medium.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MediumForm {
    /// A path of the file system, whatever it looks like.
    Path(String),
    /// A path or a URL, to be told apart.
    Text(String),
    /// One of the contents.
    Bytes { at: usize, name: String },
}

impl MediumForm {
    /// The medium, with its content taken out of `contents`.
    pub(crate) fn into_media(self, contents: &mut Contents) -> Result<Media, String> {
        Ok(match self {
            Self::Path(path) => Media::path(path),
            Self::Text(text) => Media::from(text),
            Self::Bytes { at, name } => {
                let content = contents.0.get_mut(at).ok_or("a medium has no content")?;
                Media::bytes(name, std::mem::take(content))
            }
        })
    }
}
