//! The folders whose files the tools may read and write.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use url::Url;

use crate::tool_error::ToolError;

/// The allowed folders of a call, without symbolic links.
#[derive(Debug)]
pub(crate) struct Folders(Vec<PathBuf>);

impl Folders {
    /// Allows these folders.
    ///
    /// # Errors
    /// `path_not_allowed` if one of them does not exist.
    pub(crate) fn new(folders: &[PathBuf]) -> Result<Self, ToolError> {
        let real = folders.iter().map(|folder| {
            folder.canonicalize().map_err(|_| {
                not_allowed(format!("The allowed folder {} does not exist.", folder.display()))
            })
        });
        real.collect::<Result<_, _>>().map(Self)
    }

    /// Allows the roots of a client. Roots that are no folders of this machine are left out.
    pub(crate) fn of_roots<'a>(uris: impl IntoIterator<Item = &'a str>) -> Self {
        let path = |uri: &str| Url::parse(uri).ok()?.to_file_path().ok()?.canonicalize().ok();
        Self(uris.into_iter().filter_map(path).collect())
    }

    /// Allows the current folder, unless that is the whole disk: some clients start their servers there.
    pub(crate) fn current() -> Self {
        let folder = std::env::current_dir().and_then(|folder| folder.canonicalize()).ok();
        Self(folder.into_iter().filter(|folder| folder.parent().is_some()).collect())
    }

    /// Returns the real path of a file. A relative path begins in the first allowed folder.
    ///
    /// # Errors
    /// `path_not_allowed` if it is in no allowed folder, also through a symbolic link, and
    /// `invalid_input` if it does not exist.
    pub(crate) fn file(&self, name: &str, path: &Path) -> Result<PathBuf, ToolError> {
        let given = self.absolute(path)?;
        match given.canonicalize() {
            Ok(real) => self.require(real, path),
            Err(error) => {
                // Outside, it does not matter whether a file exists.
                self.require(existing_part(&given), path)?;
                let why = match error.kind() {
                    ErrorKind::NotFound => "file not found".to_owned(),
                    _ => format!("cannot read it ({})", error.kind()),
                };
                let message = format!("`{name}`: {why}: {}. Check the path.", path.display());
                Err(ToolError::new("invalid_input", message))
            }
        }
    }

    /// Returns the real path of a folder for new files, and creates it. Without a path, the first allowed
    /// folder.
    ///
    /// # Errors
    /// `path_not_allowed`, or `local` if it cannot be created.
    pub(crate) fn folder(&self, path: Option<&str>) -> Result<PathBuf, ToolError> {
        let path = Path::new(path.unwrap_or("."));
        let given = self.absolute(path)?;
        let has_parent = given.components().any(|part| part == Component::ParentDir);
        if has_parent && !given.exists() {
            return Err(not_allowed(format!(
                "{} does not exist and contains `..`. Name a folder without it.",
                path.display()
            )));
        }
        self.require(existing_part(&given), path)?;
        let created = std::fs::create_dir_all(&given).and_then(|()| given.canonicalize());
        let real = created.map_err(|error| {
            let message = format!("Cannot create the folder {}: {}.", path.display(), error.kind());
            ToolError::new("local", message)
        })?;
        self.require(real, path)
    }

    fn absolute(&self, path: &Path) -> Result<PathBuf, ToolError> {
        let first = self.0.first().ok_or_else(|| {
            not_allowed(
                "No folder is allowed. Start the server with --folder FOLDER, or pass a URL."
                    .to_owned(),
            )
        })?;
        Ok(first.join(path))
    }

    fn require(&self, real: PathBuf, given: &Path) -> Result<PathBuf, ToolError> {
        if self.0.iter().any(|folder| real.starts_with(folder)) {
            return Ok(real);
        }
        let allowed: Vec<_> = self.0.iter().map(|folder| folder.display().to_string()).collect();
        Err(not_allowed(format!(
            "{} is not in an allowed folder ({}). Use a file in one of them, or start the server with \
             --folder FOLDER.",
            given.display(),
            allowed.join(", ")
        )))
    }
}

/// Returns the real path of the part of a path that exists.
fn existing_part(path: &Path) -> PathBuf {
    let real = path.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
    real.unwrap_or_else(|| path.to_owned())
}

fn not_allowed(message: String) -> ToolError {
    ToolError::new("path_not_allowed", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic fails the test")]

    use super::*;

    fn code(result: Result<PathBuf, ToolError>) -> &'static str {
        result.map_or_else(|error| error.code, |_| "ok")
    }

    #[test]
    fn only_files_in_allowed_folders_are_read() {
        let root = tempfile::tempdir().unwrap();
        let (inside, outside) = (root.path().join("in"), root.path().join("out"));
        for folder in [&inside, &outside] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("a.mp4"), "").unwrap();
        }
        let folders = Folders::new(std::slice::from_ref(&inside)).unwrap();
        let absolute = |folder: &Path| folder.join("a.mp4").display().to_string();
        for (path, expected) in [
            ("a.mp4", "ok"),
            ("./x/../a.mp4", "invalid_input"),
            ("b.mp4", "invalid_input"),
            ("../out/a.mp4", "path_not_allowed"),
            ("../out/b.mp4", "path_not_allowed"),
            ("/etc/hostname", "path_not_allowed"),
            (&*absolute(&inside), "ok"),
            (&*absolute(&outside), "path_not_allowed"),
        ] {
            assert_eq!(code(folders.file("video", Path::new(path))), expected, "{path}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outside.join("a.mp4"), inside.join("link.mp4")).unwrap();
            std::os::unix::fs::symlink(&outside, inside.join("folder")).unwrap();
            assert_eq!(code(folders.file("video", Path::new("link.mp4"))), "path_not_allowed");
            assert_eq!(code(folders.folder(Some("folder"))), "path_not_allowed");
            assert_eq!(code(folders.folder(Some("folder/new"))), "path_not_allowed");
            assert!(!outside.join("new").exists());
        }
        assert_eq!(code(folders.folder(None)), "ok");
        assert_eq!(code(folders.folder(Some("new/folder"))), "ok");
        assert!(inside.join("new/folder").is_dir());
        assert_eq!(code(folders.folder(Some("../out/new"))), "path_not_allowed");
        assert_eq!(code(folders.folder(Some("none/../../out/new"))), "path_not_allowed");
        assert!(!outside.join("new").exists());
    }

    #[test]
    fn the_roots_of_a_client_are_folders_of_this_machine() {
        let root = tempfile::tempdir().unwrap();
        let uri = Url::from_directory_path(root.path()).unwrap();
        let folders = Folders::of_roots([uri.as_str(), "https://a.example/", "not a URI"]);
        assert_eq!(code(folders.folder(None)), "ok");
        let none = Folders::of_roots(["https://a.example/"]);
        assert_eq!(code(none.folder(None)), "path_not_allowed");
    }
}
