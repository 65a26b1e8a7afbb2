//! Finds the program.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::{Command, FfmpegError};

/// The variable that names the program.
const VARIABLE: &str = "VISEME_FFMPEG";
/// The oldest version: it has all options that are used, and Debian 12 has it.
const MINIMUM: (u32, u32) = (5, 1);
const MINIMUM_TEXT: &str = "5.1";
/// How long the program may take to print its version.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The ffmpeg program of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ffmpeg {
    program: PathBuf,
    version: String,
}

impl Ffmpeg {
    /// Returns the program that VISEME_FFMPEG names, or else `ffmpeg` of the PATH.
    ///
    /// # Errors
    /// [`FfmpegError::NotFound`], [`FfmpegError::NotAProgram`] or [`FfmpegError::TooOld`].
    pub async fn find() -> Result<Self, FfmpegError> {
        Self::find_or(None).await
    }

    /// Returns the program that VISEME_FFMPEG names, or else `ffmpeg` of the PATH, or else this one, such as
    /// that of a package.
    ///
    /// # Errors
    /// Those of [`find`](Self::find).
    pub async fn find_or(fallback: Option<&Path>) -> Result<Self, FfmpegError> {
        if let Some(path) = std::env::var_os(VARIABLE).filter(|it| !it.is_empty()) {
            return Self::at(Path::new(&path)).await;
        }
        match (Self::at(Path::new("ffmpeg")).await, fallback) {
            (Err(_), Some(fallback)) => Self::at(fallback).await,
            (Err(FfmpegError::NotAProgram { .. }), None) => Err(FfmpegError::NotFound),
            (found, _) => found,
        }
    }

    /// Returns the program with this path, or with this name on the PATH.
    ///
    /// # Errors
    /// [`FfmpegError::NotAProgram`] or [`FfmpegError::TooOld`].
    pub async fn at(program: &Path) -> Result<Self, FfmpegError> {
        let unusable = |error| FfmpegError::NotAProgram { path: program.to_owned(), error };
        let mut command = tokio::process::Command::new(program);
        command.arg("-version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(TIME_LIMIT, command.output());
        let output = output.await.map_err(|_| FfmpegError::TimedOut(TIME_LIMIT))?;
        let output = output.map_err(unusable)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let Some(version) = version(&text) else {
            return Err(unusable(std::io::Error::other("it does not print a version of ffmpeg")));
        };
        if number(version).is_some_and(|number| number < MINIMUM) {
            return Err(FfmpegError::TooOld {
                path: program.to_owned(),
                version: version.to_owned(),
                minimum: MINIMUM_TEXT,
            });
        }
        Ok(Self { program: program.to_owned(), version: version.to_owned() })
    }

    /// Returns the version, as the program prints it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the path of the program, or its name if it is on the PATH.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Returns the names of the encoders that the program has.
    ///
    /// # Errors
    /// [`FfmpegError::NotAProgram`] or [`FfmpegError::TimedOut`].
    pub async fn encoders(&self) -> Result<Vec<String>, FfmpegError> {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(["-hide_banner", "-encoders"]).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(TIME_LIMIT, command.output());
        let output = output.await.map_err(|_| FfmpegError::TimedOut(TIME_LIMIT))?;
        let output = output
            .map_err(|error| FfmpegError::NotAProgram { path: self.program.clone(), error })?;
        Ok(encoders(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Returns a command that has no input and no output yet.
    #[must_use]
    pub fn command(&self) -> Command {
        Command::new(&self.program)
    }
}

fn version(text: &str) -> Option<&str> {
    text.strip_prefix("ffmpeg version ")?.split_whitespace().next()
}

/// Returns the second words of the lines below the line of dashes.
fn encoders(text: &str) -> Vec<String> {
    let is_dashes = |line: &&str| line.trim().chars().all(|c| c == '-') && !line.trim().is_empty();
    let lines = text.lines().skip_while(|line| !is_dashes(line)).skip(1);
    lines.filter_map(|line| line.split_whitespace().nth(1).map(str::to_owned)).collect()
}

/// Returns major and minor version; `None` for a build of an unreleased version, which is newer.
fn number(version: &str) -> Option<(u32, u32)> {
    let version = version.strip_prefix('n').unwrap_or(version);
    let mut parts = version.split(|c: char| !c.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    Some((major, parts.next().and_then(|it| it.parse().ok()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoders_follow_the_legend() {
        let text = "Encoders:\n V..... = Video\n ------\n V....D libx264   H.264 (codec h264)\n A....D aac   AAC\n";
        assert_eq!(encoders(text), ["libx264", "aac"]);
        assert!(encoders("").is_empty());
    }

    #[test]
    fn versions() {
        for (text, expected) in [
            ("ffmpeg version 5.1.9-0+deb12u1 Copyright", Some((5, 1))),
            ("ffmpeg version n7.0 Copyright", Some((7, 0))),
            ("ffmpeg version 8 Copyright", Some((8, 0))),
            ("ffmpeg version N-110000-gabcdef Copyright", None),
        ] {
            assert_eq!(version(text).and_then(number), expected, "{text}");
        }
        assert_eq!(version("avconv version 1"), None);
    }

    #[tokio::test]
    async fn other_programs_are_refused() {
        let missing = Ffmpeg::at(Path::new("/no/such/program")).await.unwrap_err();
        assert!(missing.to_string().contains("/no/such/program"), "{missing}");
        let folder = tempfile::tempdir().unwrap();
        let folder = Ffmpeg::at(folder.path()).await.unwrap_err();
        assert!(matches!(folder, FfmpegError::NotAProgram { .. }));
        assert!(Ffmpeg::find().await.is_ok());
    }
}
