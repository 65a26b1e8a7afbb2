//! Why a command failed.

use std::fmt;
use std::io;

/// An error of the client, or of this program around it.
#[derive(Debug)]
pub(crate) enum Failure {
    Client(Box<viseme::Error>),
    /// What was tried, and what this machine said to it.
    Local(String),
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The failure of an attempt to do something on this machine: `doing` completes "cannot …".
    pub(crate) fn local(doing: impl fmt::Display, error: &io::Error) -> Self {
        Self::Local(format!("Cannot {doing}: {error}."))
    }
}

impl From<viseme::Error> for Failure {
    fn from(error: viseme::Error) -> Self {
        Self::Client(Box::new(error))
    }
}
