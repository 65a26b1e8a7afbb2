//! Standard output and standard error, on which a reader may hang up at any time.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write as _};

use crate::failure::{Failure, Result};

/// Prints a line of the result.
///
/// # Errors
/// Where it cannot be written. A reader that wants no more (`| head -1`) is no error.
pub(crate) fn print(line: impl fmt::Display) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", printable(&line.to_string())).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::local("write to standard output", &error))
        }
        _ => Ok(()),
    }
}

/// Says a line to the person. Nobody is left to hear of a failure.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(&line.to_string()));
}

/// The text without control characters: what a server says shall not steer the terminal.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(is_harmful) {
        Cow::Owned(text.replace(is_harmful, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(super::printable("a\u{1b}[2Jb\rc\nd\te"), "a\u{fffd}[2Jb\u{fffd}c\nd\te");
        assert_eq!(super::printable("“plain” ×"), "“plain” ×");
    }
}
