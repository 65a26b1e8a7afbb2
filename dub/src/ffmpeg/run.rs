//! Starts the process, and ends it within its limits.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::command::OnProgress;
use super::{Command, FfmpegError, Limits};

/// How much of what the program prints is kept.
const MESSAGE_BYTES: usize = 4096;
/// How many of its last lines an error shows.
const MESSAGE_LINES: usize = 6;

impl Command {
    /// Runs the program to its end.
    ///
    /// # Errors
    /// [`FfmpegError`]. The output file may be incomplete then; the caller removes it.
    pub async fn run(self) -> Result<(), FfmpegError> {
        self.start()?.finish().await
    }

    /// Starts the program, for reading its output or writing its input while it runs.
    ///
    /// # Errors
    /// [`FfmpegError::Io`] if it does not start.
    pub fn start(self) -> Result<Running, FfmpegError> {
        let has_progress = self.on_progress.is_some() && !self.writes_stdout;
        let mut command = tokio::process::Command::new(&self.program);
        // CPU time counts for all threads together. It ends the program even if nobody waits for it.
        let cores = std::thread::available_parallelism().map_or(1, |it| it.get() as u64);
        let seconds = self.limits.time.as_secs().max(1).saturating_mul(cores);
        command.args(["-timelimit", &seconds.to_string()]);
        if has_progress {
            command.args(["-progress", "pipe:1"]);
        }
        let piped = |is_piped| if is_piped { Stdio::piped() } else { Stdio::null() };
        command
            .args(&self.arguments)
            // It would write a log file where it says.
            .env_remove("FFREPORT")
            .stdin(piped(self.reads_stdin))
            .stdout(piped(self.writes_stdout || has_progress))
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Ctrl-C in a terminal is for this program, which then ends the other one.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let stderr = child.stderr.take().map(|stderr| tokio::spawn(last_bytes(stderr)));
        let mut stdout = child.stdout.take();
        let progress = match (self.on_progress, has_progress) {
            (Some(listener), true) => stdout
                .take()
                .map(|stdout| AbortOnDrop(tokio::spawn(read_progress(stdout, listener)))),
            _ => None,
        };
        Ok(Running {
            stdin: child.stdin.take(),
            stdout,
            child,
            stderr: stderr.map(AbortOnDrop),
            deadline: Instant::now() + self.limits.time,
            limits: self.limits,
            output: self.output,
            _progress: progress,
        })
    }
}

/// A program that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// The input, if the command reads it from here. Drop it to end the input.
    pub stdin: Option<ChildStdin>,
    /// The output, if the command sends it here. It must be read to its end.
    pub stdout: Option<ChildStdout>,
    child: Child,
    stderr: Option<AbortOnDrop<String>>,
    deadline: Instant,
    limits: Limits,
    output: Option<std::path::PathBuf>,
    _progress: Option<AbortOnDrop<()>>,
}

impl Running {
    /// Returns the moment at which the program is stopped.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Waits until the program has ended. An input that is still open is closed.
    ///
    /// # Errors
    /// [`FfmpegError::Failed`], [`FfmpegError::TimedOut`] or [`FfmpegError::TooLarge`].
    pub async fn finish(mut self) -> Result<(), FfmpegError> {
        drop(self.stdin.take());
        drop(self.stdout.take());
        self.wait().await
    }

    /// Returns the error that a program has ended with whose pipe is broken, if it ended with one.
    pub(crate) async fn failure(&mut self) -> Option<FfmpegError> {
        self.wait().await.err()
    }

    async fn wait(&mut self) -> Result<(), FfmpegError> {
        let Ok(status) = tokio::time::timeout_at(self.deadline, self.child.wait()).await else {
            self.child.kill().await?;
            return Err(FfmpegError::TimedOut(self.limits.time));
        };
        let status = status?;
        let message = match self.stderr.as_mut() {
            Some(stderr) => (&mut stderr.0).await.unwrap_or_default(),
            None => String::new(),
        };
        if !status.success() {
            return Err(FfmpegError::Failed { status: status.to_string(), message });
        }
        let written = self.output.as_deref().and_then(|it| std::fs::metadata(it).ok());
        if written.is_some_and(|written| written.len() >= self.limits.bytes) {
            return Err(FfmpegError::TooLarge(self.limits.bytes));
        }
        Ok(())
    }
}

/// A task that ends with its owner.
#[derive(Debug)]
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads everything, and returns the last lines.
async fn last_bytes(mut stream: impl AsyncRead + Unpin) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut chunk = vec![0; MESSAGE_BYTES];
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        kept.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let excess = kept.len().saturating_sub(MESSAGE_BYTES);
        kept.drain(..excess);
    }
    let text = String::from_utf8_lossy(&kept).into_owned();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(MESSAGE_LINES);
    lines.get(last..).unwrap_or_default().join("\n")
}

async fn read_progress(stream: ChildStdout, mut listener: OnProgress) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let micros = line.strip_prefix("out_time_us=").and_then(|it| it.parse().ok());
        if let Some(micros) = micros {
            listener(Duration::from_micros(micros));
        }
    }
}
