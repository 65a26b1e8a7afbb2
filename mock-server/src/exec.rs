//! `viseme-mock exec`: runs a command, passes signals on to it, and ends with it.

use std::ffi::OsString;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::options::reason;
use crate::signals::{Signal, Signals};
use crate::{DEFAULT_KEY, MockServer};

/// How long the command may take to end after a signal. Then it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How often it is checked whether the command's processes have ended.
#[cfg(unix)]
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// The exit codes of shells for a command that cannot be run, or does not exist.
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Why [`exec`] could not run a command.
#[derive(Clone, Debug)]
pub struct ExecError {
    /// The exit code that shells use: 127 for a command that does not exist, 126 for another error.
    pub code: u8,
    /// A sentence for the user.
    pub message: String,
}

/// Runs a command with WAVESPEED_BASE_URL and WAVESPEED_API_KEY set to the server. Returns its exit
/// code.
///
/// It passes signals on to the command and its children. After SIGTERM or SIGHUP they have five seconds
/// to end.
///
/// # Errors
/// If the command cannot be started.
pub async fn exec(
    server: &MockServer,
    command: &[OsString],
    mut signals: Signals,
) -> Result<u8, ExecError> {
    let variables = [("WAVESPEED_BASE_URL", server.url()), ("WAVESPEED_API_KEY", DEFAULT_KEY)];
    exec_with(&variables, command, &mut signals).await
}

/// Runs a command with these environment variables, as [`exec`] does.
///
/// # Errors
/// If the command cannot be started.
pub async fn exec_with(
    variables: &[(&str, &str)],
    command: &[OsString],
    signals: &mut Signals,
) -> Result<u8, ExecError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(ExecError { code: CANNOT_RUN, message: "No command was given.".to_owned() });
    };
    let failed = |error: io::Error| {
        let (code, reason) = match error.kind() {
            io::ErrorKind::NotFound => (NOT_FOUND, "there is no such program".to_owned()),
            _ => (CANNOT_RUN, reason(&error)),
        };
        let message = format!("Cannot run {}: {reason}.", program.to_string_lossy());
        ExecError { code, message }
    };
    let mut command = Command::new(program);
    command.args(arguments).envs(variables.iter().copied()).kill_on_drop(true);
    let mut running = Running::spawn(command).map_err(failed)?;
    let status = loop {
        tokio::select! {
            status = running.child.wait() => break status,
            signal = signals.next() => {
                if running.pass_on(signal) {
                    break running.end_within(GRACE).await;
                }
            }
        }
    };
    Ok(exit_code(status.map_err(failed)?))
}

/// Returns the exit code; 128 plus the signal if a signal ended the command, as shells do.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let signal = None;
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The running command.
struct Running {
    child: Child,
    /// The command's process group, if it has its own. At a terminal it has not: the terminal sends
    /// Ctrl-C to the group in the foreground.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Running {
    fn spawn(mut command: Command) -> io::Result<Self> {
        let at_terminal = std::io::IsTerminal::is_terminal(&std::io::stdin());
        if !at_terminal {
            command.process_group(0);
        }
        let child = command.spawn()?;
        let pid = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Self { child, group: pid.filter(|_| !at_terminal) })
    }

    /// Sends the signal to the command. Returns whether the command must end now.
    fn pass_on(&self, signal: Signal) -> bool {
        use rustix::process::{kill_process, kill_process_group};
        let number = match signal {
            Signal::Interrupt => rustix::process::Signal::INT,
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::HangUp => rustix::process::Signal::HUP,
        };
        // An error means that the process has ended already.
        let _ = match (self.group, self.pid()) {
            (Some(group), _) => kill_process_group(group, number),
            // The terminal has sent it to the command too.
            (None, _) if signal == Signal::Interrupt => Ok(()),
            (None, Some(pid)) => kill_process(pid, number),
            (None, None) => Ok(()),
        };
        signal != Signal::Interrupt
    }

    fn pid(&self) -> Option<rustix::process::Pid> {
        self.child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?))
    }

    /// Waits for the command and its processes to end; kills those that are left after the time.
    async fn end_within(&mut self, time: Duration) -> io::Result<ExitStatus> {
        let deadline = tokio::time::Instant::now() + time;
        let status = match tokio::time::timeout_at(deadline, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                self.child.start_kill()?;
                self.child.wait().await
            }
        };
        if let Some(group) = self.group {
            while rustix::process::test_kill_process_group(group).is_ok() {
                if tokio::time::Instant::now() >= deadline {
                    let _ =
                        rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                    break;
                }
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        }
        status
    }
}

#[cfg(not(unix))]
impl Running {
    fn spawn(mut command: Command) -> io::Result<Self> {
        Ok(Self { child: command.spawn()? })
    }

    /// Ctrl-C reaches the command too, which handles it.
    fn pass_on(&self, _: Signal) -> bool {
        false
    }

    async fn end_within(&mut self, _: Duration) -> io::Result<ExitStatus> {
        self.child.wait().await
    }
}
