//! Sources of media.

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use url::Url;

use super::data_uri;

/// One audio, video or image: a path, bytes with a file name, or a URL.
///
/// ```
/// use viseme::Media;
///
/// let from_disk = Media::from("voice.mp3");
/// let from_memory = Media::bytes("voice.mp3", vec![0xff, 0xfb]);
/// let elsewhere = Media::from("https://example.com/voice.mp3");
/// # assert_eq!(format!("{from_disk:?}"), "Media::Path(\"voice.mp3\")");
/// # assert_eq!(format!("{from_memory:?}"), "Media::Bytes(\"voice.mp3\", 2 bytes)");
/// # assert_eq!(format!("{elsewhere:?}"), "Media::Url(\"https://example.com/voice.mp3\")");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Media {
    /// A file on this machine.
    Path(PathBuf),
    /// The content of a file and its name for the upload.
    Bytes {
        /// The file name with an extension, without a folder.
        file_name: String,
        /// The whole content.
        content: Bytes,
    },
    /// A URL that the service can fetch, passed on unchanged; or a `data:` URI, whose content is
    /// uploaded unless the parameter accepts such URIs.
    Url(Url),
}

impl Media {
    /// Creates media from a file on this machine.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::Path(path.into())
    }

    /// Creates media from the content of a file and its name for the upload.
    pub fn bytes(file_name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self::Bytes { file_name: file_name.into(), content: content.into() }
    }

    /// Creates media from a URL that the service can fetch.
    #[must_use]
    pub fn url(url: Url) -> Self {
        Self::Url(url)
    }

    /// Returns the name for messages: the path, the file name, or the URL without its query, which
    /// may be a signature.
    #[must_use]
    pub fn display_name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Bytes { file_name, .. } => file_name.clone(),
            Self::Url(url) => without_query(url),
        }
    }
}

fn without_query(url: &Url) -> String {
    if url.scheme() == "data" {
        return format!("{},…", data_uri::head(url.as_str()));
    }
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    // Fails only on URLs that cannot have a password at all.
    let _ = bare.set_password(None);
    let _ = bare.set_username("");
    bare.into()
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "Media::Path({path:?})"),
            Self::Bytes { file_name, content } => {
                write!(f, "Media::Bytes({file_name:?}, {} bytes)", content.len())
            }
            Self::Url(url) => write!(f, "Media::Url({:?})", without_query(url)),
        }
    }
}

impl From<&str> for Media {
    fn from(text: &str) -> Self {
        let is_address = ["http://", "https://", "data:"].iter().any(|scheme| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        match Url::parse(text) {
            Ok(url) if is_address => Self::Url(url),
            _ => Self::Path(PathBuf::from(text)),
        }
    }
}

impl From<String> for Media {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Path> for Media {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<PathBuf> for Media {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<Url> for Media {
    fn from(url: Url) -> Self {
        Self::Url(url)
    }
}
