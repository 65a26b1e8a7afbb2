//! The process of a driver and the connection to it.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::protocol::{ADDRESS, FromDriver, Hello, Outcome, Run, ToDriver};

/// How long a driver may take to connect and send `hello`.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a driver may take to exit after `bye`.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How a driver is started.
#[derive(Clone, Debug)]
pub struct LaunchCommand {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The working folder.
    pub folder: PathBuf,
    /// The file that output is appended to.
    pub log: PathBuf,
}

/// Why an operation has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriverFailure {
    /// The driver exited, or sent an invalid message.
    Crash(String),
    /// The time limit passed.
    Timeout(Duration),
}

type Pending = Arc<Mutex<HashMap<String, oneshot::Sender<Outcome>>>>;

/// A running driver.
pub struct Driver {
    hello: Hello,
    to_driver: mpsc::UnboundedSender<ToDriver>,
    pending: Pending,
    /// Why the connection ended, if it has.
    ended: Arc<Mutex<Option<String>>>,
    child: tokio::sync::Mutex<Child>,
}

impl Driver {
    /// Starts a driver and waits for its `hello`.
    ///
    /// # Errors
    /// If it cannot be started, exits early, or does not send `hello` in time.
    pub async fn start(launch: &LaunchCommand) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let Some((program, arguments)) = launch.command.split_first() else {
            bail!("`command` is empty")
        };
        let log = File::options().create(true).append(true).open(&launch.log)?;
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&launch.folder)
            .env(ADDRESS, address.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start `{program}`"))?;
        let receive_hello = async {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (reader, writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            let first =
                lines.next_line().await?.context("it closed the connection before `hello`")?;
            match serde_json::from_str(&first) {
                Ok(FromDriver::Hello(hello)) => Ok((hello, lines, writer)),
                _ => bail!("its first message is not `hello`: {first}"),
            }
        };
        let (hello, lines, writer) = tokio::select! {
            received = timeout(START_TIMEOUT, receive_hello) => received.context("the driver did not send `hello` in time")??,
            status = child.wait() => bail!(
                "the driver exited ({}) before `hello`; its output is in {}", describe(status), launch.log.display()
            ),
        };
        let (to_driver, messages) = mpsc::unbounded_channel();
        let pending = Pending::default();
        let ended = Arc::default();
        tokio::spawn(write(writer, messages));
        tokio::spawn(read(lines, Arc::clone(&pending), Arc::clone(&ended)));
        Ok(Self { hello, to_driver, pending, ended, child: tokio::sync::Mutex::new(child) })
    }

    /// Returns the `hello` of the driver.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Sends an operation. [`Driver::outcome`] waits for its outcome.
    pub fn start_operation(&self, run: Run) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        self.pending().insert(run.id.clone(), sender);
        self.send(ToDriver::Run(Box::new(run)));
        if self.ended().is_some() {
            // The reader has ended, so drop the sender to notify the receiver.
            self.pending().clear();
        }
        receiver
    }

    /// Waits for an outcome.
    ///
    /// # Errors
    /// If the driver fails, or takes longer than `limit`.
    pub async fn outcome(
        &self,
        receiver: &mut oneshot::Receiver<Outcome>,
        limit: Duration,
    ) -> Result<Outcome, DriverFailure> {
        match timeout(limit, receiver).await {
            Ok(Ok(outcome)) if outcome.is_valid() => Ok(outcome),
            Ok(Ok(outcome)) => {
                let text = serde_json::to_string(&outcome).unwrap_or_default();
                Err(DriverFailure::Crash(format!(
                    "an outcome must have exactly one of value, error, cancelled and driver_error, got {text}"
                )))
            }
            Ok(Err(_)) => {
                let why = self.ended().unwrap_or_else(|| "it exited".to_owned());
                Err(DriverFailure::Crash(format!("the driver failed: {why}")))
            }
            Err(_) => Err(DriverFailure::Timeout(limit)),
        }
    }

    /// Cancels an operation.
    pub fn cancel(&self, id: &str) {
        self.send(ToDriver::Cancel { id: id.to_owned() });
    }

    /// Tells the driver that a client is no longer needed.
    pub fn close(&self, client: &str) {
        self.send(ToDriver::Close { client: client.to_owned() });
    }

    /// Whether the driver has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.ended().is_some()
    }

    /// Sends `bye` and waits for the driver to exit. Kills it after a timeout.
    ///
    /// # Errors
    /// If it does not exit in time, or exits with a failure.
    pub async fn end(&self) -> Result<()> {
        self.send(ToDriver::Bye);
        let mut child = self.child.lock().await;
        match timeout(EXIT_TIMEOUT, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(status) => bail!("the driver exited with {} after `bye`", describe(status)),
            Err(_) => {
                child.kill().await?;
                bail!("the driver did not exit within {} s after `bye`", EXIT_TIMEOUT.as_secs())
            }
        }
    }

    /// Kills the driver.
    pub async fn kill(&self) {
        // It may have exited already.
        let _ = self.child.lock().await.kill().await;
    }

    fn send(&self, message: ToDriver) {
        // If the connection has ended, the reader records it.
        let _ = self.to_driver.send(message);
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Outcome>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> Option<String> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

async fn write(mut writer: OwnedWriteHalf, mut messages: mpsc::UnboundedReceiver<ToDriver>) {
    while let Some(message) = messages.recv().await {
        let Ok(mut line) = serde_json::to_vec(&message) else { continue };
        line.push(b'\n');
        if writer.write_all(&line).await.is_err() {
            return;
        }
    }
}

/// Delivers each outcome to its receiver, until the connection ends.
async fn read(
    mut lines: Lines<BufReader<OwnedReadHalf>>,
    pending: Pending,
    ended: Arc<Mutex<Option<String>>>,
) {
    let why = loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) => line,
            Ok(None) => break "it closed the connection".to_owned(),
            Err(error) => break error.to_string(),
        };
        match serde_json::from_str(&line) {
            Ok(FromDriver::Outcome(outcome)) => {
                let waiting =
                    pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&outcome.id);
                if let Some(waiting) = waiting {
                    // The receiver may have timed out.
                    let _ = waiting.send(*outcome);
                }
            }
            Ok(FromDriver::Hello(_)) => break "it sent `hello` twice".to_owned(),
            Err(error) => break format!("it sent an invalid message ({error}): {line:.200}"),
        }
    };
    *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    pending.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
