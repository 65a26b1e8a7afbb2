//! Runs the built program against a mock server in the test's process.

#![allow(dead_code, unreachable_pub, reason = "several test files use a part each")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic fails the test"
)]

pub mod batch;
pub mod dub;
pub mod gate;
pub mod markdown;
pub mod mcp;
pub mod media;
pub mod random;
#[cfg(unix)]
pub mod reader;
pub mod shape;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use viseme_mock::{JobRule, MockServer, Scenario, Timeline, World};

/// How long a test waits for anything; far longer than it takes.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// A file in the repository.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// `--video` and `--audio` with the bundled samples.
pub fn samples() -> [String; 4] {
    let path = |name: &str| in_repository("samples").join(name).display().to_string();
    ["--video".into(), path("face.mp4"), "--audio".into(), path("voice.mp3")]
}

/// A scenario in which jobs end with this status at their second poll.
pub fn ends(status: &str) -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::ends_after_polls(2, status)))
}

/// A scenario in which jobs never end.
pub fn never_ends() -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::secs(&[("created", 0)])))
}

/// A mock server with a world, and a working folder.
pub struct Harness {
    pub server: MockServer,
    pub world: World,
    pub folder: TempDir,
}

/// The result of a program.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Finished {
    /// Standard output as JSON; it must be exactly one line.
    pub fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Harness {
    pub async fn new(scenario: Scenario) -> Self {
        let server = MockServer::start().await.expect("a mock server");
        let world = server.world_with(scenario);
        Self { server, world, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these arguments, configured for the world by environment variables.
    pub fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_viseme"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WAVESPEED_") {
                command.env_remove(name);
            }
        }
        command
            .env("WAVESPEED_BASE_URL", self.world.base_url())
            .env("WAVESPEED_API_KEY", self.world.key())
            .env("WAVESPEED_RETRY_INTERVAL", "0.05")
            .env("WAVESPEED_MAX_CONNECTION_RETRIES", "2")
            .args(arguments.iter().map(AsRef::as_ref))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the program to its end.
    pub async fn viseme<S: AsRef<str>>(&self, arguments: &[S]) -> Finished {
        finish(self.command(arguments)).await
    }

    /// Runs `viseme run` on the samples with a short polling interval.
    pub async fn run(&self, more: &[&str]) -> Finished {
        self.viseme(&run_samples(more)).await
    }

    /// Starts `viseme run` on the samples.
    pub fn start_run(&self, more: &[&str]) -> Running {
        Running::new(self.command(&run_samples(more)))
    }

    /// Waits until a condition holds.
    pub async fn until(&self, what: &str, holds: impl Fn(&World) -> bool) {
        let holds = async {
            while !holds(&self.world) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(TIMEOUT, holds).await.unwrap_or_else(|_| panic!("never: {what}"));
    }

    /// Waits until a fault of the world has triggered.
    pub async fn until_fault_triggered(&self) {
        self.until("the fault strikes", |world| world.faults().iter().any(|it| it.triggered > 0))
            .await;
    }
}

/// The arguments of `viseme run` on the samples.
pub fn run_samples(more: &[&str]) -> Vec<String> {
    let mut arguments = vec!["run".to_owned(), "--poll-every".to_owned(), "0.1".to_owned()];
    arguments.extend(samples());
    arguments.extend(more.iter().map(|it| (*it).to_owned()));
    arguments
}

/// Runs a program to its end.
pub async fn finish(mut command: Command) -> Finished {
    let output = tokio::time::timeout(TIMEOUT, command.output()).await.expect("an end in time");
    let output = output.expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Finished { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A running program.
pub struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stdout_text: String,
    stderr: BufReader<ChildStderr>,
    stderr_text: String,
}

impl Running {
    pub fn new(mut command: Command) -> Self {
        Self::of(command.spawn().expect("the program starts"))
    }

    /// A program that was started with pipes.
    pub fn of(mut child: Child) -> Self {
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (stdout_text, stderr_text) = (String::new(), String::new());
        Self { child, stdout, stdout_text, stderr, stderr_text }
    }

    /// Reads the next line of standard output.
    pub async fn next_line(&mut self) -> String {
        let before = self.stdout_text.len();
        let read = self.stdout.read_line(&mut self.stdout_text);
        let read = tokio::time::timeout(TIMEOUT, read).await.expect("a line in time");
        assert!(read.expect("a line") > 0, "no line after: {}", self.stdout_text);
        self.stdout_text.get(before..).unwrap_or_default().trim_end().to_owned()
    }

    /// Reads standard error until a line contains `words`, and returns that line.
    pub async fn until_line_with(&mut self, words: &str) -> String {
        loop {
            let before = self.stderr_text.len();
            let read = self.stderr.read_line(&mut self.stderr_text);
            let read = tokio::time::timeout(TIMEOUT, read).await.expect("a line in time");
            assert!(read.expect("a line") > 0, "no line with {words:?} in: {}", self.stderr_text);
            let line = self.stderr_text.get(before..).unwrap_or_default();
            if line.contains(words) {
                return line.to_owned();
            }
        }
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        rustix::process::kill_process(id.expect("it runs"), signal).expect("the signal is sent");
    }

    /// Waits for its end.
    pub async fn finish(mut self) -> Finished {
        let end = async {
            let (_, _) = tokio::try_join!(
                self.stdout.read_to_string(&mut self.stdout_text),
                self.stderr.read_to_string(&mut self.stderr_text)
            )
            .expect("UTF-8");
            self.child.wait().await.expect("an end")
        };
        let status = tokio::time::timeout(TIMEOUT, end).await.expect("an end in time");
        Finished { code: status.code(), out: self.stdout_text, err: self.stderr_text }
    }
}
