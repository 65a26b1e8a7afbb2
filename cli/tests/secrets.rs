//! The key is in nothing that is printed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{Stage, ends, run_samples};
use viseme_mock::{Fault, RequestKind};

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_never_printed() {
    let fault = Fault::at(RequestKind::Poll).nth(1).status(503);
    let stage = Stage::new(ends("failed").fault(fault)).await;
    let key = "mock-7f3a9c-do-not-print";
    for arguments in [
        run_samples(&["--verbose"]),
        run_samples(&["--verbose", "--json"]),
        vec!["status".into(), "--verbose".into(), "no-such-job".into()],
    ] {
        let mut command = stage.command(&arguments);
        // The world of another key; only what is printed matters here.
        command.env("WAVESPEED_API_KEY", key).env("RUST_LOG", "trace");
        let ended = support::finish(command).await;
        assert_ne!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("request answered"), "the log is there: {ended:?}");
        for printed in [&ended.out, &ended.err] {
            assert!(!printed.contains(key), "{printed}");
            assert!(!printed.contains("Bearer"), "{printed}");
            assert!(!printed.contains("signature="), "{printed}");
        }
    }
}
