//! How a client under test tells the mock server about the time it would have slept.

/// The request header in which a client with a virtual clock says for how many seconds it would
/// have slept since its last request. The mock server advances the clock of its world by that.
#[doc(hidden)]
pub const VIRTUAL_SLEEP_HEADER: &str = "x-viseme-slept";
