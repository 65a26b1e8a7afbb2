//! A batch of 300 rows is killed 40 times, while one of 20 responses to its submits is lost.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::time::Duration;

use crate::support::batch::{BatchTest, quick};
use crate::support::random::Random;
use viseme_mock::{Fault, RequestKind};

const ROWS: usize = 300;
const KILLS: usize = 40;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute; `cargo xtask test soak` runs it"]
async fn a_batch_that_is_killed_40_times_pays_for_each_row_once() {
    let mut random = Random::new();
    let lost = Fault::at(RequestKind::Submit).probability(0.05).after_accept().reset();
    let seed = random.between(0, 1_000_000) as u64;
    let ids: Vec<_> = (0..ROWS).map(|number| format!("row-{number}")).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    // A submit whose record was committed, and that was not sent, is sent by a later run.
    let test = BatchTest::new(&ids, quick().seed(seed).fault(lost))
        .await
        .with(&["--limit", "16", "--on-unknown", "resubmit-after=1s"])
        .with_short_search();
    for kill in 0..KILLS {
        // The rows are far from done at the last kill.
        let submits = kill * (ROWS - 60) / KILLS + random.between(0, 12);
        let process = test.start();
        test.harness
            .until("some more submits", |world| {
                world.requests(RequestKind::Submit).len() >= submits
            })
            .await;
        tokio::time::sleep(Duration::from_millis(random.between(0, 150) as u64)).await;
        process.kill().await;
        test.expect_no_partial_result();
    }
    assert!(test.charges() < ROWS, "the batch was not done before the last kill");
    // A run that ends with unfinished rows says so, and the next one continues.
    for _ in 0..4 {
        if test.run().await.code == Some(0) {
            break;
        }
    }
    test.resume_and_expect_all_done().await;
    let faults = test.harness.world.faults();
    assert!(faults.iter().all(|fault| fault.triggered > 0), "{faults:?}");
}
