//! A folder as a manifest: each video with the audio file of the same name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use viseme::media::{Container, MediaKind};

use super::{ManifestError, Row, RowError};

#[derive(Default)]
struct Pair {
    videos: Vec<PathBuf>,
    audios: Vec<PathBuf>,
}

/// Returns a row for each pair of files. Files that are no media are ignored.
pub(super) fn read(folder: &Path) -> Result<Vec<Result<Row, RowError>>, ManifestError> {
    let unreadable = |error: std::io::Error| ManifestError::unreadable(folder, &error);
    let mut pairs: BTreeMap<String, Pair> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if !path.is_file() {
            continue;
        }
        let (Some(stem), Some(kind)) = (path.file_stem(), kind(&path)) else { continue };
        let pair = pairs.entry(stem.to_string_lossy().into_owned()).or_default();
        match kind {
            MediaKind::Video => pair.videos.push(path),
            MediaKind::Audio => pair.audios.push(path),
            _ => {}
        }
    }
    let pairs =
        pairs.into_iter().filter(|(_, pair)| !pair.videos.is_empty() || !pair.audios.is_empty());
    Ok(pairs.map(|(stem, pair)| row(&stem, &pair)).collect())
}

fn row(stem: &str, pair: &Pair) -> Result<Row, RowError> {
    let error = |message: String| RowError::new(stem, message);
    let (video, audio) = match (pair.videos.as_slice(), pair.audios.as_slice()) {
        ([video], [audio]) => (video, audio),
        ([], _) => return Err(error(format!("There is no video `{stem}.mp4` or `{stem}.mov`."))),
        (_, []) => {
            return Err(error(format!(
                "There is no audio `{stem}.mp3`, `.wav`, `.m4a` or `.aac`."
            )));
        }
        _ => {
            return Err(error(format!(
                "Several files are named `{stem}`. Keep one video and one audio."
            )));
        }
    };
    let values: Map<String, Value> = [
        ("id", stem.to_owned()),
        ("video", video.to_string_lossy().into_owned()),
        ("audio", audio.to_string_lossy().into_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), Value::from(value)))
    .collect();
    Row::new(stem, values, Path::new(""))
}

fn kind(path: &Path) -> Option<MediaKind> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    Container::of_extension(&extension)?.kind()
}
