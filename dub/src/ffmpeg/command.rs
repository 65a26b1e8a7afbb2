//! Builds the arguments.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What one run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest time that it may run. Its CPU time is limited to this for each core.
    pub time: Duration,
    /// The largest output file in bytes.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(30 * 60), bytes: 16 * 1024 * 1024 * 1024 }
    }
}

/// A listener of progress: how much of the output was written, as its playing time.
pub(super) type OnProgress = Box<dyn FnMut(Duration) + Send>;

/// One run of ffmpeg.
pub struct Command {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) limits: Limits,
    pub(super) output: Option<PathBuf>,
    pub(super) reads_stdin: bool,
    pub(super) writes_stdout: bool,
    pub(super) on_progress: Option<OnProgress>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Command {
    pub(super) fn new(program: &Path) -> Self {
        let arguments = ["-hide_banner", "-nostats", "-nostdin", "-loglevel", "error", "-y"];
        Self {
            program: program.to_owned(),
            arguments: arguments.map(OsString::from).to_vec(),
            limits: Limits::default(),
            output: None,
            reads_stdin: false,
            writes_stdout: false,
            on_progress: None,
        }
    }

    /// Sets what the run may take.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds an input file. `options` apply to it.
    ///
    /// # Errors
    /// The current folder is unknown, so that a relative path cannot be made absolute.
    pub fn input<S: AsRef<str>>(mut self, file: &Path, options: &[S]) -> io::Result<Self> {
        // A file may not refer to anything but files.
        self.add(&["-protocol_whitelist", "file,pipe"]);
        self.add(options);
        self.arguments.push("-i".into());
        self.arguments.push(file_url(file)?);
        Ok(self)
    }

    /// Adds an input that is written to [`Running::stdin`](super::Running::stdin).
    #[must_use]
    pub fn input_from_stdin<S: AsRef<str>>(mut self, options: &[S]) -> Self {
        self.add(&["-protocol_whitelist", "pipe"]);
        self.add(options);
        self.add(&["-i", "pipe:0"]);
        self.reads_stdin = true;
        self
    }

    /// Adds options of the command that belong neither to an input nor to the output, such as
    /// `-filter_complex`.
    #[must_use]
    pub fn options<S: AsRef<str>>(mut self, options: &[S]) -> Self {
        self.add(options);
        self
    }

    /// Sets the output file, which is replaced if it exists. `options` apply to it.
    ///
    /// # Errors
    /// The current folder is unknown, so that a relative path cannot be made absolute.
    pub fn output<S: AsRef<str>>(mut self, file: &Path, options: &[S]) -> io::Result<Self> {
        self.add(options);
        self.add(&["-fs", &self.limits.bytes.to_string()]);
        self.arguments.push(file_url(file)?);
        self.output = Some(file.to_owned());
        Ok(self)
    }

    /// Sends the output to [`Running::stdout`](super::Running::stdout).
    #[must_use]
    pub fn output_to_stdout<S: AsRef<str>>(mut self, options: &[S]) -> Self {
        self.add(options);
        self.add(&["pipe:1"]);
        self.writes_stdout = true;
        self
    }

    /// Calls `listener` about twice per second with the playing time of what was written. Only for an
    /// output file.
    #[must_use]
    pub fn on_progress(mut self, listener: impl FnMut(Duration) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(listener));
        self
    }

    fn add<S: AsRef<str>>(&mut self, arguments: &[S]) {
        self.arguments.extend(arguments.iter().map(|it| OsString::from(it.as_ref())));
    }
}

/// Returns a file as ffmpeg's URL: the rest of it is taken as it is, whatever it contains.
fn file_url(file: &Path) -> io::Result<OsString> {
    let mut url = OsString::from("file:");
    url.push(std::path::absolute(file)?);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_neither_options_nor_protocols() {
        for name in ["-i.mp4", "concat:a|b", "http://a.example/b.mp4", "a b'\"\n.mp4", "%03d.png"] {
            let command = Command::new(Path::new("ffmpeg")).input(Path::new(name), &["-f", "mov"]);
            let command = command.unwrap().output(Path::new(name), &["-c", "copy"]).unwrap();
            let names: Vec<_> = command
                .arguments
                .iter()
                .filter(|it| it.to_string_lossy().contains(name.trim_start_matches("http://")))
                .collect();
            assert_eq!(names.len(), 2, "{command:?}");
            for name in names {
                assert!(name.to_string_lossy().starts_with("file:/"), "{name:?}");
            }
        }
    }
}
