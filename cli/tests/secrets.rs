//! The output never contains the API key.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::{self, Harness, ends, run_samples};
use viseme_mock::{Fault, RequestKind};

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_never_printed() {
    let fault = Fault::at(RequestKind::Poll).nth(1).status(503);
    let harness = Harness::new(ends("failed").fault(fault)).await;
    let key = "mock-7f3a9c-do-not-print";
    for arguments in [
        run_samples(&["--verbose"]),
        run_samples(&["--verbose", "--json"]),
        vec!["status".into(), "--verbose".into(), "no-such-job".into()],
    ] {
        let mut command = harness.command(&arguments);
        // Another key, another world; only the output matters here.
        command.env("WAVESPEED_API_KEY", key).env("RUST_LOG", "trace");
        let result = support::finish(command).await;
        assert_ne!(result.code, Some(2), "{result:?}");
        assert!(result.err.contains("response received"), "the log is there: {result:?}");
        for printed in [&result.out, &result.err] {
            assert!(!printed.contains(key), "{printed}");
            assert!(!printed.contains("Bearer"), "{printed}");
            assert!(!printed.contains("signature="), "{printed}");
        }
    }
}
