//! A driver's process and the line to it.

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

/// How long a driver may take to connect and say hello.
const TO_START: Duration = Duration::from_secs(60);
/// How long it may take to end after `bye`.
const TO_END: Duration = Duration::from_secs(5);

/// How a driver is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The folder it is started in.
    pub folder: PathBuf,
    /// Where what it prints is kept; appended to.
    pub log: PathBuf,
}

/// Why an operation has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The driver ended, or said something that is no message.
    Crash(String),
    /// It took too long.
    Timeout(Duration),
}

type Pending = Arc<Mutex<HashMap<String, oneshot::Sender<Outcome>>>>;

/// A running driver.
pub struct Driver {
    hello: Hello,
    to_driver: mpsc::UnboundedSender<ToDriver>,
    pending: Pending,
    /// Why the line ended, once it has.
    ended: Arc<Mutex<Option<String>>>,
    child: tokio::sync::Mutex<Child>,
}

impl Driver {
    /// Starts a driver and waits for its hello.
    ///
    /// # Errors
    /// Where it cannot be started, ends at once, or says no hello in time.
    pub async fn start(launch: &Launch) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let Some((program, arguments)) = launch.command.split_first() else {
            bail!("the driver has no command")
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
            .with_context(|| format!("`{program}` cannot be started"))?;
        let greet = async {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (reader, writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            let first = lines.next_line().await?.context("it hung up without a hello")?;
            match serde_json::from_str(&first) {
                Ok(FromDriver::Hello(hello)) => Ok((hello, lines, writer)),
                _ => bail!("its first message is no hello: {first}"),
            }
        };
        let (hello, lines, writer) = tokio::select! {
            greeted = timeout(TO_START, greet) => greeted.context("the driver said no hello in time")??,
            status = child.wait() => bail!(
                "the driver ended ({}) before it said hello; see {}", how(status), launch.log.display()
            ),
        };
        let (to_driver, messages) = mpsc::unbounded_channel();
        let pending = Pending::default();
        let ended = Arc::default();
        tokio::spawn(write(writer, messages));
        tokio::spawn(read(lines, Arc::clone(&pending), Arc::clone(&ended)));
        Ok(Self { hello, to_driver, pending, ended, child: tokio::sync::Mutex::new(child) })
    }

    /// What it said of itself.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Sends an operation; its outcome is awaited with [`Driver::outcome`].
    pub fn begin(&self, run: Run) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        self.pending().insert(run.id.clone(), sender);
        self.send(ToDriver::Run(Box::new(run)));
        if self.ended().is_some() {
            // Nobody reads any more: the sender goes, and the receiver hears of it.
            self.pending().clear();
        }
        receiver
    }

    /// Waits for an outcome.
    ///
    /// # Errors
    /// Where the driver breaks down, or takes longer than `limit`.
    pub async fn outcome(
        &self,
        receiver: &mut oneshot::Receiver<Outcome>,
        limit: Duration,
    ) -> Result<Outcome, Broken> {
        match timeout(limit, receiver).await {
            Ok(Ok(outcome)) if outcome.is_sound() => Ok(outcome),
            Ok(Ok(outcome)) => {
                let text = serde_json::to_string(&outcome).unwrap_or_default();
                Err(Broken::Crash(format!("an outcome says one thing; this one: {text}")))
            }
            Ok(Err(_)) => {
                let why = self.ended().unwrap_or_else(|| "it ended".to_owned());
                Err(Broken::Crash(format!("the driver broke down: {why}")))
            }
            Err(_) => Err(Broken::Timeout(limit)),
        }
    }

    /// Cancels an operation.
    pub fn cancel(&self, id: &str) {
        self.send(ToDriver::Cancel { id: id.to_owned() });
    }

    /// Says that a client is not needed any more.
    pub fn close(&self, client: &str) {
        self.send(ToDriver::Close { client: client.to_owned() });
    }

    /// Whether it has broken down.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.ended().is_some()
    }

    /// Ends it, by force if it does not end by itself.
    ///
    /// # Errors
    /// Where it did not end by itself in time, or not with success.
    pub async fn end(&self) -> Result<()> {
        self.send(ToDriver::Bye);
        let mut child = self.child.lock().await;
        match timeout(TO_END, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(status) => bail!("the driver ended with {} after `bye`", how(status)),
            Err(_) => {
                child.kill().await?;
                bail!("the driver did not end within {} s of `bye`", TO_END.as_secs())
            }
        }
    }

    /// Ends it by force.
    pub async fn kill(&self) {
        // It may be gone already.
        let _ = self.child.lock().await.kill().await;
    }

    fn send(&self, message: ToDriver) {
        // Where the line is down, the reader has noticed.
        let _ = self.to_driver.send(message);
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Outcome>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> Option<String> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn how(status: std::io::Result<ExitStatus>) -> String {
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

/// Hands outcomes to those who wait for them, until the line ends.
async fn read(
    mut lines: Lines<BufReader<OwnedReadHalf>>,
    pending: Pending,
    ended: Arc<Mutex<Option<String>>>,
) {
    let why = loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) => line,
            Ok(None) => break "it hung up".to_owned(),
            Err(error) => break error.to_string(),
        };
        match serde_json::from_str(&line) {
            Ok(FromDriver::Outcome(outcome)) => {
                let waiting =
                    pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&outcome.id);
                if let Some(waiting) = waiting {
                    // Whoever waited may have given up.
                    let _ = waiting.send(*outcome);
                }
            }
            Ok(FromDriver::Hello(_)) => break "it said hello twice".to_owned(),
            Err(error) => break format!("what it said is no message ({error}): {line:.200}"),
        }
    };
    *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    pending.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
