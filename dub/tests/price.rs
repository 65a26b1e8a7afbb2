//! What a dub costs with and without silence skipped.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "dub_support/mod.rs"]
mod support;

use support::{Test, quick};
use viseme_dub::DubOptions;
use viseme_dub::plan::Prices;
use viseme_dub::testing::{Clip, FrameRate, Utterance, VoiceClip};

/// The numbers of the guide.
const GUIDE: &str = include_str!("../../docs/dub.md");

/// A minute with 28 s of speech.
fn voice() -> VoiceClip {
    let spoken =
        [(0, 6_000), (14_000, 22_000), (23_000, 27_000), (40_000, 45_000), (55_000, 60_000)];
    let utterances = spoken.map(|(start, end)| Utterance { start, end }).to_vec();
    VoiceClip { utterances, ..VoiceClip::new(60_000, 60_000, 0) }
}

#[tokio::test]
async fn skipping_silence_saves_jobs_and_money() {
    let clip = Clip { size: (180, 180), ..Clip::new(720, FrameRate::Constant(12, 1)) };
    let test = Test::new(&clip, "mp4", &voice()).await;
    let (all, _) = test.dub("all.mp4", DubOptions { skip_silence: false, ..quick() }).await;
    let (price_of_all, jobs_of_all) = test.charged();
    let (skipped, _) = test.dub("skipped.mp4", quick()).await;
    let (price_of_both, jobs_of_both) = test.charged();
    let (price, jobs) = (price_of_both - price_of_all, jobs_of_both - jobs_of_all);

    // What the plan says is what is charged.
    assert_eq!(
        (all.summary.totals.price, all.summary.totals.jobs),
        (Some(price_of_all), jobs_of_all)
    );
    assert_eq!((skipped.summary.totals.price, skipped.summary.totals.jobs), (Some(price), jobs));
    assert_eq!(skipped.summary.without_skipping, all.summary.totals);
    assert_eq!(skipped.summary.saved_jobs(), jobs_of_all - jobs);
    assert_eq!(skipped.summary.saved_price(), Some(price_of_all - price));
    assert!(price * 10 <= price_of_all * 7, "{price} of {price_of_all}");

    let row = format!(
        "| one price a job, $0.07 | {jobs_of_all} jobs, ${:.2} | {jobs} jobs, ${:.2} |",
        price_of_all as f64 / 1e6,
        price as f64 / 1e6
    );
    assert!(GUIDE.contains(&row), "docs/dub.md lacks the line\n{row}");

    // The same clip with a price by the second.
    let prices = Some(Prices::per_second(14_000, 5));
    let plan = viseme_dub::plan_dub(&test.video, &test.audio, &quick(), prices).await.unwrap();
    let (all, skipped) = (plan.summary.without_skipping, plan.summary.totals);
    let dollars = |price: Option<u64>| price.unwrap() as f64 / 1e6;
    let row = format!(
        "| $0.014 a second begun, 5 s at least | {} jobs, ${:.2} | {} jobs, ${:.2} |",
        all.jobs,
        dollars(all.price),
        skipped.jobs,
        dollars(skipped.price)
    );
    assert!(GUIDE.contains(&row), "docs/dub.md lacks the line\n{row}");
    assert!(skipped.price.unwrap() * 10 <= all.price.unwrap() * 7);
}
