//! Why a recorder cannot start or write.

use std::io;
use std::path::PathBuf;

/// Why a recorder cannot start, or cannot write its recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecorderError {
    /// The URL of the service cannot be used.
    #[error("The upstream must be a scheme and a host, such as https://api.wavespeed.ai, got {0}.")]
    Upstream(String),
    /// A setting cannot be used.
    #[error("{0}")]
    Config(#[from] viseme::Error),
    /// There is something in the folder already.
    #[error("{} exists and is not an empty folder. Choose another folder for the recording.", .0.display())]
    FolderInUse(PathBuf),
    /// The folder cannot be written.
    #[error("Cannot write to {}: {source}.", folder.display())]
    Write {
        /// The folder.
        folder: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The recorder cannot listen.
    #[error("Cannot listen on port {port}: {source}.")]
    Listen {
        /// The port, or 0 for a free one.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The recording cannot be put into its format.
    #[error("Cannot write the recording: {0}.")]
    Format(String),
    /// A file would have had a secret. It was deleted.
    #[error("{}", secret_message(files, *is_saved, folder))]
    Secret {
        /// The files with secrets, relative to the folder, and what is in each.
        files: Vec<(String, &'static str)>,
        /// Whether the rest of the recording is saved.
        is_saved: bool,
        /// The folder of the recording.
        folder: PathBuf,
    },
}

fn secret_message(files: &[(String, &str)], is_saved: bool, folder: &std::path::Path) -> String {
    let found: Vec<String> = files.iter().map(|(file, what)| format!("{file} ({what})")).collect();
    let rest = if is_saved {
        format!(" The rest of the recording is in {}.", folder.display())
    } else {
        " Nothing is saved.".to_owned()
    };
    format!(
        "A secret was found in what would have been saved: {}. It was deleted.{rest}",
        found.join(", ")
    )
}
