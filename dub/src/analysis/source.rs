//! How ffmpeg must read a file.

use std::path::Path;

use viseme::media::Container;
use viseme::media::probe::{FileSource, ReadError, probe};

use crate::error::DubError;
use crate::fit::demuxer;

/// Returns the options of a file as an input of ffmpeg: they name its demuxer, which is that of its content.
///
/// Without them a playlist with the name of a clip would make ffmpeg read the files that it lists.
pub(crate) async fn input_options(file: &Path) -> Result<[&'static str; 2], DubError> {
    let path = file.to_owned();
    let container = tokio::task::spawn_blocking(move || {
        let source = FileSource::open(&path)?;
        match probe(&source) {
            Ok(info) => Ok(info.container),
            Err(ReadError::Io(error)) => Err(error),
            Err(_) => Ok(Container::Unknown),
        }
    });
    let container = container.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    let container = container.map_err(|error| DubError::io(file, &error))?;
    if matches!(container, Container::Png | Container::Jpeg) {
        let message = "This is a still picture. Pass a video file.";
        return Err(DubError::Input { path: file.to_owned(), message });
    }
    let demuxer = demuxer(container).ok_or_else(|| DubError::NoMedia(file.to_owned()))?;
    Ok(["-f", demuxer])
}
