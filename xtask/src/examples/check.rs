//! Starts each service with `cargo xtask examples start`, uses it as its README.md says, stops it, and looks for
//! processes that are left.
//!
//! A README.md marks the commands of its user with `tested by` and the path of this file.

use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::start::Example;
use super::{folder, with_mock};
use crate::checks::documents::{Note, read};
use crate::output::print_line;
use crate::process::{output, own_program, program, root};

/// How long a service may take to start or to end on a slow machine; some are built first.
const LIMIT: Duration = Duration::from_secs(600);
/// How long a process may outlive the command.
const GRACE: Duration = Duration::from_secs(5);
/// All processes of a service inherit this variable.
const MARK: &str = "VISEME_EXAMPLE_CHECK";
/// What the documents call the port.
const PORT: &str = "8000";

/// Checks these services.
pub(super) fn check(examples: &[Example]) -> Result<()> {
    // While it still builds.
    if let Some(first) = examples.first() {
        let started = Started::new(*first, Signal::TERM)?;
        sleep(Duration::from_millis(300));
        started.stop(Signal::TERM)?;
    }
    for example in examples {
        for signal in [Signal::TERM, Signal::INT] {
            let mut started = Started::new(*example, signal)?;
            started.until_it_listens()?;
            started.use_it()?;
            started.stop(signal)?;
        }
        print_line(format_args!("{} starts, works and ends", example.folder()));
    }
    Ok(())
}

/// A running `cargo xtask examples start`.
struct Started {
    example: Example,
    port: u16,
    mark: String,
    child: Child,
    printed: Arc<Mutex<String>>,
}

impl Started {
    fn new(example: Example, signal: Signal) -> Result<Self> {
        // Free for now, and the service takes it soon.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mark = format!("{}-{port}-{}", std::process::id(), signal.as_raw());
        let this = own_program()?;
        let mut command = Command::new(this);
        command.args(["examples", "start", example.folder(), "--port", &port.to_string()]);
        command.env(MARK, &mark).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("cannot start it")?;
        let printed = Arc::<Mutex<String>>::default();
        if let Some(mut stdout) = child.stdout.take() {
            let printed = Arc::clone(&printed);
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                    let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default());
                    printed.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
                }
            });
        }
        Ok(Self { example, port, mark, child, printed })
    }

    fn until_it_listens(&mut self) -> Result<()> {
        let until = Instant::now() + LIMIT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended ({status}): {}", self.example.folder(), self.printed());
            }
            ensure!(Instant::now() < until, "{} does not listen", self.example.folder());
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Runs the commands of its README.md.
    fn use_it(&self) -> Result<()> {
        let place = tempfile::tempdir().context("cannot create a temporary folder")?;
        let samples = place.path().join("samples");
        std::os::unix::fs::symlink(root().join("samples"), samples).context("cannot link")?;
        let mut shell = program("sh", &["-e", "-c", &self.script()?]);
        shell.current_dir(place.path());
        let shown = output(with_mock(shell))
            .with_context(|| format!("{} prints: {}", self.example.folder(), self.printed()))?;
        let result = fs::metadata(place.path().join("result.mp4"));
        let bytes = result.map_or(0, |it| it.len());
        ensure!(bytes > 100_000, "{} saved {bytes} bytes: {shown}", self.example.folder());
        Ok(())
    }

    fn script(&self) -> Result<String> {
        let path = folder().join(self.example.folder()).join("README.md");
        let text = fs::read_to_string(&path).context("cannot read the README.md")?;
        let document = read("README.md", &text);
        let this = Note::TestedBy("xtask/src/examples/check.rs");
        let block = document.blocks.iter().find(|it| it.note().as_ref() == Some(&this));
        let block = block.with_context(|| format!("no commands in {}", path.display()))?;
        let is_printed = |line: &&str| line.trim_start().starts_with("export VISEME_");
        let settings: String = self.printed().lines().filter(is_printed).collect();
        let rest: Vec<&str> = block.code.lines().filter(|line| !is_printed(line)).collect();
        Ok(format!("{settings}\n{}\n", rest.join("\n").replace(PORT, &self.port.to_string())))
    }

    /// Sends a signal to the command alone, and checks that nothing is left after its end.
    fn stop(mut self, signal: Signal) -> Result<()> {
        let name = self.example.folder();
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("it has an id")?, signal).context("cannot send a signal")?;
        let status = self.ended()?;
        ensure!(status.success(), "{name} ended after a signal with {status}: {}", self.printed());
        let until = Instant::now() + GRACE;
        loop {
            let left = processes_with(&self.mark)?;
            if left.is_empty() {
                return Ok(());
            }
            ensure!(Instant::now() < until, "{name} left these behind: {}", left.join(", "));
            sleep(Duration::from_millis(50));
        }
    }

    fn ended(&mut self) -> Result<ExitStatus> {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < until, "{} does not end", self.example.folder());
            sleep(Duration::from_millis(20));
        }
    }

    fn printed(&self) -> String {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // After a fault it may still run. It ends what it has started.
        if let (Ok(None), Some(pid)) =
            (self.child.try_wait(), i32::try_from(self.child.id()).ok().and_then(Pid::from_raw))
        {
            let _ = kill_process(pid, Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// The processes with this mark in their environment. Only Linux lists them; elsewhere there are none.
fn processes_with(mark: &str) -> Result<Vec<String>> {
    let wanted = format!("{MARK}={mark}");
    let mut found = Vec::new();
    let processes = Path::new("/proc");
    if !processes.join("self/environ").exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(processes)? {
        let path: PathBuf = entry?.path();
        // A process may end meanwhile, or belong to somebody else.
        let Ok(variables) = fs::read(path.join("environ")) else { continue };
        if variables.split(|byte| *byte == 0).any(|it| it == wanted.as_bytes()) {
            let command = fs::read(path.join("cmdline")).unwrap_or_default();
            found.push(String::from_utf8_lossy(&command).replace('\0', " "));
        }
    }
    Ok(found)
}
