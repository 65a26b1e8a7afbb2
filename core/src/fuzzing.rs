//! What `fuzz/` runs, and the tests over its corpora: each function takes any bytes and panics
//! where the crate breaks a promise. Not covered by semantic versioning.

pub use crate::http::fuzzing::{answer, headers};
pub use crate::media::fuzzing::media;
pub use crate::webhook::fuzzing::webhook;

/// A function that takes any bytes and panics where a promise is broken.
pub type Target = fn(&[u8]);

/// Every target by the name of its program in `fuzz/fuzz_targets/` and its folder in `fuzz/corpus/`.
pub const TARGETS: [(&str, Target); 4] =
    [("answer", answer), ("headers", headers), ("media", media), ("webhook", webhook)];

/// Splits an input into the text of its first lines, up to an empty one, and what follows.
pub(crate) fn head_and_body(data: &[u8]) -> (String, &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(end) => (data.get(..end), data.get(end + 2..)),
        None => (Some(data), None),
    };
    (String::from_utf8_lossy(head.unwrap_or_default()).into_owned(), body.unwrap_or_default())
}

/// The lines that are `name: value`.
pub(crate) fn pairs(head: &str) -> impl Iterator<Item = (&str, &str)> {
    head.lines().filter_map(|line| line.split_once(": "))
}
