//! Where a thread's programs and messages write: to the terminal, or to a buffer that is printed as
//! a whole, so that steps that run side by side do not mix their output.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use anyhow::{Context as _, Result};

use crate::interrupt;

thread_local! {
    static BUFFER: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
    static TEMPORARY: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Prints a line.
pub(crate) fn print_line(line: impl Display) {
    write(format!("{line}\n").as_bytes());
}

/// Runs `work` with all that this thread prints kept in a buffer.
pub(crate) fn capture<T>(work: impl FnOnce() -> T) -> (T, Vec<u8>) {
    BUFFER.with_borrow_mut(|buffer| *buffer = Some(Vec::new()));
    let result = work();
    (result, BUFFER.take().unwrap_or_default())
}

/// Runs `work` with a folder for temporary files that the programs of this thread use.
pub(crate) fn with_temporary<T>(folder: PathBuf, work: impl FnOnce() -> T) -> T {
    TEMPORARY.replace(Some(folder));
    let result = work();
    TEMPORARY.take();
    result
}

/// The folder for temporary files of this thread's programs, if it is not the system's.
pub(crate) fn temporary() -> Option<PathBuf> {
    TEMPORARY.with_borrow(Clone::clone)
}

/// Runs a program to its end, and calls `each` with every line that it writes.
pub(crate) fn run_lines(mut command: Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    let captured = BUFFER.with_borrow(Option::is_some);
    if captured {
        command.stderr(writer.try_clone().context("cannot make a pipe")?);
    }
    let mut child = command.stdout(writer).spawn()?;
    // It holds the pipe's other end, which has to close with the program.
    drop(command);
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    // Bytes, not lines of text: a test may print what is not UTF-8.
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        write(&bytes);
        each(&String::from_utf8_lossy(&bytes));
        bytes.clear();
    }
    Ok(child.wait()?)
}

/// Runs a program to its end; its output goes where this thread's goes.
pub(crate) fn run(command: Command) -> Result<ExitStatus> {
    if BUFFER.with_borrow(Option::is_some) {
        run_lines(command, |_| {})
    } else {
        Ok(interrupt::status(command)?)
    }
}

fn write(bytes: &[u8]) {
    BUFFER.with_borrow_mut(|buffer| match buffer {
        Some(buffer) => buffer.extend_from_slice(bytes),
        // The terminal is closed; there is nowhere else to report that.
        None => drop(std::io::stdout().write_all(bytes)),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn captured_output_holds_both_streams_and_own_lines_in_order() {
        let (status, output) = capture(|| {
            print_line("first");
            let mut command = Command::new("sh");
            command.args(["-c", "echo out; echo err >&2; exit 3"]);
            run(command).expect("sh starts")
        });
        assert_eq!(String::from_utf8_lossy(&output), "first\nout\nerr\n");
        assert_eq!(status.code(), Some(3));
    }
}
