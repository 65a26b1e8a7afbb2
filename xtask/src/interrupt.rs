//! Ends the programs that this process has started when it is asked to end. By default, a SIGTERM would end this
//! process alone, and what it has started would go on.

#[cfg(unix)]
pub(crate) use unix::{is_stopped, pass_on, status};
#[cfg(not(unix))]
pub(crate) use windows::{is_stopped, pass_on, status};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, ExitStatus, Stdio};
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use anyhow::{Context as _, Result};
    use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// How long the processes of a program may take to end after the program itself. Then they are killed.
    const GRACE: Duration = Duration::from_secs(10);

    struct State {
        is_passing_on: bool,
        /// The process group of the program that runs.
        group: Option<Pid>,
        /// The last signal that this process received.
        signal: Option<Signal>,
    }

    static STATE: Mutex<State> =
        Mutex::new(State { is_passing_on: false, group: None, signal: None });

    fn state() -> MutexGuard<'static, State> {
        STATE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, passes Ctrl-C, SIGTERM and SIGHUP on to the program that runs, and starts no other after one.
    pub(crate) fn pass_on() -> Result<()> {
        let mut signals =
            Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot receive signals")?;
        state().is_passing_on = true;
        std::thread::spawn(move || {
            for number in signals.forever() {
                let signal = match number {
                    SIGINT => Signal::INT,
                    SIGHUP => Signal::HUP,
                    _ => Signal::TERM,
                };
                let mut state = state();
                state.signal = Some(signal);
                if let Some(group) = state.group {
                    send(group, signal);
                }
            }
        });
        Ok(())
    }

    /// Whether this process was asked to end.
    pub(crate) fn is_stopped() -> bool {
        state().signal.is_some()
    }

    /// Runs a program to its end, and passes signals on to it if [`pass_on`] says so.
    pub(crate) fn status(mut command: Command) -> io::Result<ExitStatus> {
        if !state().is_passing_on {
            return command.status();
        }
        if is_stopped() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "stopped by a signal"));
        }
        // In a group of its own, which cannot read from the terminal: otherwise the program would get Ctrl-C twice,
        // and servers end without care after the second.
        let mut child = command.stdin(Stdio::null()).process_group(0).spawn()?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let earlier = {
            let mut state = state();
            state.group = group;
            state.signal
        };
        if let (Some(group), Some(signal)) = (group, earlier) {
            send(group, signal);
        }
        let status = child.wait();
        state().group = None;
        if let Some(group) = group
            && is_stopped()
        {
            end(group);
        }
        status
    }

    fn send(group: Pid, signal: Signal) {
        // An error means that the program has ended already.
        let _ = kill_process_group(group, signal);
    }

    /// Waits for the processes that a program has left behind.
    fn end(group: Pid) {
        let until = Instant::now() + GRACE;
        while test_kill_process_group(group).is_ok() {
            if Instant::now() >= until {
                send(group, Signal::KILL);
                return;
            }
            sleep(Duration::from_millis(20));
        }
    }

    #[cfg(test)]
    mod tests {
        use std::io::{BufRead as _, BufReader};

        use rustix::process::{kill_process, test_kill_process};

        use super::*;

        /// Signals are those of a whole process, so this is one of its own.
        #[test]
        #[ignore = "signals_end_what_was_started runs it"]
        fn a_program_that_starts_others() {
            pass_on().expect("signals");
            let mut shell = Command::new("sh");
            shell.args(["-c", "sh -c 'echo started $$; exec sleep 600'; true"]);
            let ended = status(shell).expect("a shell");
            assert!(is_stopped() && !ended.success());
            status(Command::new("true")).expect_err("nothing is started after a signal");
        }

        #[test]
        fn signals_end_what_was_started() {
            for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
                let mut this = Command::new(std::env::current_exe().expect("this program"));
                let name = "interrupt::unix::tests::a_program_that_starts_others";
                this.args(["--exact", name, "--ignored", "--nocapture"]).stdout(Stdio::piped());
                let mut child = this.spawn().expect("it starts");
                let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
                let started = lines.find_map(|line| {
                    let line = line.ok()?;
                    line.split_once("started ")?.1.trim().parse().ok()
                });
                let started = started.and_then(Pid::from_raw).expect("the id of `sleep`");
                test_kill_process(started).expect("it runs");
                kill_process(Pid::from_child(&child), signal).expect("it runs");
                assert!(child.wait().expect("it ends").success(), "{signal:?}");
                test_kill_process(started).expect_err("nothing is left");
            }
        }
    }
}

#[cfg(not(unix))]
mod windows {
    use std::io;
    use std::process::{Command, ExitStatus};

    use anyhow::Result;

    /// Ctrl-C reaches every program of a console.
    pub(crate) fn pass_on() -> Result<()> {
        Ok(())
    }

    /// Ctrl-C ends this process.
    pub(crate) fn is_stopped() -> bool {
        false
    }

    /// Runs a program to its end.
    pub(crate) fn status(mut command: Command) -> io::Result<ExitStatus> {
        command.status()
    }
}
