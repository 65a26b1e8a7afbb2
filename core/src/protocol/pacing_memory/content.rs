//! The content of a pacing file, and what a client makes of what it finds in its place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::models::SavedModels;
use super::warning::PacingWarning;

const VERSION: u32 = 1;
/// How each file begins, so that no other file is replaced.
const BEGINNING: &[u8] = br#"{"viseme_pacing":"#;

/// The content of a pacing file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedPacing {
    viseme_pacing: u32,
    /// The durations of each model.
    pub models: SavedModels,
}

/// The part of the content that all versions have.
#[derive(Deserialize)]
struct Header {
    viseme_pacing: u32,
}

/// What is in the place of a pacing file.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// No file, or an empty one.
    Nothing,
    /// Durations.
    Pacing(SavedPacing),
    /// A damaged pacing file, which may be replaced. The text says why it cannot be used.
    Damaged(String),
    /// What must stay as it is: it cannot be read, or a later version wrote it. The text says why.
    Unusable(String),
    /// A file that something else wrote. It must stay as it is.
    Foreign,
}

/// What a client starts with.
#[derive(Debug, PartialEq)]
pub struct Start {
    /// The durations of earlier clients.
    pub models: SavedModels,
    /// Why there are none, if there is a file.
    pub warning: Option<PacingWarning>,
}

/// The file is another one, and saving durations would replace it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPacingFile;

impl SavedPacing {
    /// Creates the content of a file with these durations.
    #[must_use]
    pub fn new(models: SavedModels) -> Self {
        Self { viseme_pacing: VERSION, models }
    }
}

impl Found {
    /// Recognizes the content of a file.
    #[must_use]
    pub fn in_bytes(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Nothing;
        }
        match serde_json::from_slice(bytes) {
            Ok(Header { viseme_pacing: VERSION }) => match serde_json::from_slice(bytes) {
                Ok(saved) => Self::Pacing(saved),
                Err(error) => Self::Damaged(error.to_string()),
            },
            Ok(Header { viseme_pacing }) => {
                Self::Unusable(format!("it has version {viseme_pacing}"))
            }
            // A power cut can leave the beginning of a file, or zeros.
            Err(error)
                if bytes.starts_with(BEGINNING)
                    || BEGINNING.starts_with(bytes)
                    || bytes.iter().all(|byte| *byte == 0) =>
            {
                Self::Damaged(error.to_string())
            }
            Err(_) => Self::Foreign,
        }
    }

    /// Returns what a new client starts with.
    ///
    /// # Errors
    /// [`NotAPacingFile`] if it belongs to something else.
    pub fn at_start(self) -> Result<Start, NotAPacingFile> {
        let without = |warning| Start { models: BTreeMap::new(), warning };
        match self {
            Self::Nothing => Ok(without(None)),
            Self::Pacing(saved) => Ok(Start { models: saved.models, warning: None }),
            Self::Damaged(why) => Ok(without(Some(PacingWarning::Damaged(why)))),
            Self::Unusable(why) => Ok(without(Some(PacingWarning::Unusable(why)))),
            Self::Foreign => Err(NotAPacingFile),
        }
    }

    /// Returns what other clients learned, to be kept by a client that replaces the file; `None` if there is nothing
    /// to keep. `is_known` tells that the file is as this client last read or wrote it.
    ///
    /// # Errors
    /// Why the file must not be replaced.
    pub fn at_save(self, is_known: bool) -> Result<Option<SavedModels>, String> {
        match self {
            Self::Pacing(_) if is_known => Ok(None),
            Self::Pacing(saved) => Ok(Some(saved.models)),
            Self::Nothing | Self::Damaged(_) => Ok(None),
            Self::Unusable(why) => Err(why),
            Self::Foreign => Err("it is not a pacing file".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::SavedDurations;

    fn models() -> SavedModels {
        BTreeMap::from([("a/b".to_owned(), SavedDurations::default())])
    }

    fn describe(bytes: &[u8]) -> &'static str {
        match Found::in_bytes(bytes) {
            Found::Nothing => "nothing",
            Found::Pacing(_) => "pacing",
            Found::Damaged(_) => "damaged",
            Found::Unusable(_) => "unusable",
            Found::Foreign => "foreign",
        }
    }

    #[test]
    fn every_beginning_of_a_pacing_file_is_a_damaged_one_and_nothing_else_is() {
        let whole = serde_json::to_vec(&SavedPacing::new(models())).unwrap();
        assert!(whole.starts_with(BEGINNING));
        assert_eq!(describe(&whole), "pacing");
        for length in 1..whole.len() {
            assert_eq!(describe(&whole[..length]), "damaged", "the first {length} bytes");
        }
        for (content, expected) in [
            ("", "nothing"),
            ("{ \"models\": {},\n \"viseme_pacing\": 1 }\n", "pacing"),
            (r#"{"viseme_pacing":2,"models":[]}"#, "unusable"),
            (r#"{"viseme_pacing":1,"models":[]}"#, "damaged"),
            (r#"{"viseme_pacing":"x"}"#, "damaged"),
            ("\0\0\0", "damaged"),
            ("[]", "foreign"),
            (r#"{"version":1,"models":{}}"#, "foreign"),
            ("# notes", "foreign"),
            ("\u{7f}ELF", "foreign"),
        ] {
            assert_eq!(describe(content.as_bytes()), expected, "{content}");
        }
    }

    #[test]
    fn only_what_may_be_replaced_is_replaced_and_what_others_learned_is_kept() {
        let pacing = || Found::Pacing(SavedPacing::new(models()));
        let why = || "why".to_owned();
        let empty = BTreeMap::new;
        let damaged = PacingWarning::Damaged(why());
        let unusable = PacingWarning::Unusable(why());
        type Case = (
            fn() -> Found,
            Result<(SavedModels, Option<PacingWarning>), NotAPacingFile>,
            [Result<Option<SavedModels>, String>; 2],
        );
        let cases: [Case; 4] = [
            (|| Found::Nothing, Ok((empty(), None)), [Ok(None), Ok(None)]),
            (
                || Found::Damaged("why".to_owned()),
                Ok((empty(), Some(damaged))),
                [Ok(None), Ok(None)],
            ),
            (
                || Found::Unusable("why".to_owned()),
                Ok((empty(), Some(unusable))),
                [Err(why()), Err(why())],
            ),
            (
                || Found::Foreign,
                Err(NotAPacingFile),
                [
                    Err("it is not a pacing file".to_owned()),
                    Err("it is not a pacing file".to_owned()),
                ],
            ),
        ];
        for (found, start, saves) in cases {
            let start = start.map(|(models, warning)| Start { models, warning });
            assert_eq!(found().at_start(), start, "{:?}", found());
            assert_eq!([false, true].map(|known| found().at_save(known)), saves, "{:?}", found());
        }
        assert_eq!(pacing().at_start(), Ok(Start { models: models(), warning: None }));
        assert_eq!(pacing().at_save(false), Ok(Some(models())));
        assert_eq!(pacing().at_save(true), Ok(None), "all of it is known");
    }
}
