//! What `fuzz/` runs, and the tests over its corpora: each function takes any bytes and panics
//! where the crate breaks a promise. Not covered by semantic versioning.

pub use crate::http::fuzzing::{headers, response};
pub use crate::media::fuzzing::media;
pub use crate::webhook::fuzzing::webhook;

/// A function that takes any bytes and panics where a promise is broken.
pub type Target = fn(&[u8]);

/// Every target by the name of its program in `fuzz/fuzz_targets/` and its folder in `fuzz/corpus/`.
pub const TARGETS: [(&str, Target); 4] =
    [("headers", headers), ("media", media), ("response", response), ("webhook", webhook)];
