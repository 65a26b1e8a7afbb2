use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::job::{RecoveredBy, Status};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn policy() -> WatchPolicy {
    WatchPolicy {
        pacing: Pacing {
            first: secs(2),
            interval: secs(2),
            growth: 2.0,
            max: secs(5),
            jitter: 0.0,
        },
        backoff: Backoff { base: secs(1), max: secs(30) },
        max_failures: 3,
        max_retry_after: secs(300),
        unknown_grace: secs(30),
        deadline: secs(100),
    }
}

fn prediction(status: &str) -> Arc<Prediction> {
    Arc::new(Prediction::new("j1", Status::from_word(status)))
}

fn seen(status: &str) -> WatchEvent {
    WatchEvent::Polled(PollAnswer::Seen { prediction: prediction(status), retry_after: None })
}

fn trouble(retry_after: Option<u64>) -> WatchEvent {
    let error = Error::new(ErrorKind::Server, "It broke.");
    let retry_after = retry_after.map(Duration::from_secs);
    WatchEvent::Polled(PollAnswer::Trouble { error, retry_after })
}

fn unknown() -> WatchEvent {
    WatchEvent::Polled(PollAnswer::Unknown(Error::new(ErrorKind::NotFound, "No such job.")))
}

fn refused() -> WatchEvent {
    WatchEvent::Polled(PollAnswer::Refused(Error::new(ErrorKind::Authentication, "No.")))
}

fn delivered(id: &str, status: &str) -> WatchEvent {
    WatchEvent::Delivered(Arc::new(Prediction::new(id, Status::from_word(status))))
}

/// The step in a few words: the news in brackets, then the action.
fn words(step: &WatchStep) -> String {
    let action = match &step.action {
        WatchAction::Poll => "poll".into(),
        WatchAction::Sleep(pause, None) => format!("sleep {}", pause.as_secs()),
        WatchAction::Sleep(pause, Some(error)) => {
            format!("{} sleep {}", error.code(), pause.as_secs())
        }
        WatchAction::Finish(Ok(prediction)) => format!("done {}", prediction.status),
        WatchAction::Finish(Err(error)) => {
            assert_eq!(error.job_id(), Some("j1"), "every error carries the id");
            error.code().into()
        }
        WatchAction::Nothing => "nothing".into(),
    };
    match &step.news {
        Some(news) => format!("[{}] {action}", news.status),
        None => action,
    }
}

/// Plays the events; each pause takes as long as it says, everything else no time.
fn play(mut watch: Watch, events: Vec<WatchEvent>) -> String {
    let mut now = Duration::ZERO;
    let mut said = Vec::new();
    for event in events {
        let step = watch.step(now, event, 0.5);
        if let WatchAction::Sleep(pause, _) = &step.action {
            now += *pause;
        }
        said.push(words(&step));
    }
    said.join(", ")
}

#[test]
fn the_wait_of_a_fresh_job() {
    use WatchEvent::{Start, Woke};
    let submitted = |status: &str| Watch::submitted(prediction(status), policy());
    for (watch, events, expected) in [
        (
            submitted("created"),
            vec![Start, Woke, seen("created"), Woke, seen("processing"), Woke, seen("completed")],
            "[created] sleep 2, poll, sleep 2, poll, [processing] sleep 4, poll, [completed] done completed",
        ),
        (submitted("completed"), vec![Start], "[completed] done completed"),
        (submitted("failed"), vec![Start], "[failed] job_failed"),
        (
            submitted("created"),
            vec![Start, Woke, seen("cancelled")],
            "[created] sleep 2, poll, [cancelled] job_cancelled",
        ),
        (
            submitted("created"),
            vec![Start, Woke, seen("timeout")],
            "[created] sleep 2, poll, [timeout] job_cancelled",
        ),
        (
            submitted("created"),
            vec![Start, Woke, seen("deleted")],
            "[created] sleep 2, poll, [deleted] job_cancelled",
        ),
        // An unknown word is a job that runs.
        (
            submitted("created"),
            vec![Start, Woke, seen("warming up"), Woke, seen("completed")],
            "[created] sleep 2, poll, [warming up] sleep 2, poll, [completed] done completed",
        ),
        // A new job may be unknown for a moment.
        (
            submitted("created"),
            vec![Start, Woke, unknown(), Woke, seen("completed")],
            "[created] sleep 2, poll, not_found sleep 1, poll, [completed] done completed",
        ),
        (
            submitted("created"),
            vec![Start, Woke, refused()],
            "[created] sleep 2, poll, authentication",
        ),
    ] {
        assert_eq!(play(watch, events), expected);
    }
}

#[test]
fn the_wait_of_a_job_known_by_its_id() {
    use WatchEvent::{Start, Woke};
    let resumed = || Watch::resume("j1", policy());
    for (events, expected) in [
        (
            vec![Start, seen("processing"), Woke, seen("processing")],
            "poll, [processing] sleep 2, poll, sleep 4",
        ),
        (vec![Start, unknown()], "poll, not_found"),
        // Troubles, then an end after three in a row.
        (
            vec![Start, trouble(None), Woke, trouble(None), Woke, trouble(None)],
            "poll, server sleep 1, poll, server sleep 2, poll, server",
        ),
        // A good answer between them starts the count anew.
        (
            vec![
                Start,
                trouble(None),
                Woke,
                trouble(None),
                Woke,
                seen("created"),
                Woke,
                trouble(None),
            ],
            "poll, server sleep 1, poll, server sleep 2, poll, [created] sleep 5, poll, server sleep 1",
        ),
        (
            vec![Start, trouble(Some(7)), Woke, seen("completed")],
            "poll, server sleep 7, poll, [completed] done completed",
        ),
        // Events nobody asked for.
        (vec![Woke, seen("completed"), Start, Woke], "nothing, nothing, poll, nothing"),
        (
            vec![Start, seen("completed"), Start, Woke, seen("created")],
            "poll, [completed] done completed, nothing, nothing, nothing",
        ),
    ] {
        assert_eq!(play(resumed(), events), expected);
    }
}

#[test]
fn a_webhook_ends_the_wait() {
    use WatchEvent::{Start, Woke};
    let submitted = || Watch::submitted(prediction("created"), policy());
    let done = || delivered("j1", "completed");
    for (watch, events, expected) in [
        // During a pause, and while a poll is under way, whose answer is then of no interest.
        (submitted(), vec![Start, done()], "[created] sleep 2, [completed] done completed"),
        (
            submitted(),
            vec![Start, Woke, done(), seen("completed")],
            "[created] sleep 2, poll, [completed] done completed, nothing",
        ),
        (Watch::resume("j1", policy()), vec![Start, done()], "poll, [completed] done completed"),
        // After a failed poll.
        (
            Watch::resume("j1", policy()),
            vec![Start, trouble(Some(300)), done(), Woke],
            "poll, server sleep 100, [completed] done completed, nothing",
        ),
        // Every other end is told as a poll would tell it.
        (
            submitted(),
            vec![Start, delivered("j1", "failed")],
            "[created] sleep 2, [failed] job_failed",
        ),
        (
            submitted(),
            vec![Start, delivered("j1", "cancelled")],
            "[created] sleep 2, [cancelled] job_cancelled",
        ),
        // Another job's, one that is not final, and one before the start or after the end.
        (
            submitted(),
            vec![Start, delivered("j2", "completed"), Woke, delivered("j1", "processing")],
            "[created] sleep 2, nothing, poll, nothing",
        ),
        (
            submitted(),
            vec![Start, delivered("j1", "odd"), Woke, seen("completed")],
            "[created] sleep 2, nothing, poll, [completed] done completed",
        ),
        (
            submitted(),
            vec![done(), Start, done(), done()],
            "nothing, [created] sleep 2, [completed] done completed, nothing",
        ),
    ] {
        assert_eq!(play(watch, events), expected);
    }
}

#[test]
fn a_recovered_job_stays_one_when_a_webhook_ends_it() {
    let mut found = Prediction::new("j1", Status::Created);
    found.recovered = Some(RecoveredBy::Input);
    let mut watch = Watch::submitted(Arc::new(found), policy());
    watch.step(Duration::ZERO, WatchEvent::Start, 0.5);
    let step = watch.step(Duration::ZERO, delivered("j1", "completed"), 0.5);
    let WatchAction::Finish(Ok(prediction)) = step.action else { panic!("{step:?}") };
    assert_eq!(prediction.recovered, Some(RecoveredBy::Input));
}

#[test]
fn the_deadline() {
    use WatchEvent::{Start, Woke};
    let with = |deadline| WatchPolicy { deadline: secs(deadline), ..policy() };
    for (policy, events, expected) in [
        // The last poll is made at the deadline, not a pause after it.
        (
            with(3),
            vec![Start, seen("created"), Woke, seen("created"), Woke, seen("created")],
            "poll, [created] sleep 2, poll, sleep 1, poll, wait_timeout",
        ),
        (
            with(3),
            vec![Start, seen("created"), Woke, seen("created"), Woke, seen("completed")],
            "poll, [created] sleep 2, poll, sleep 1, poll, [completed] done completed",
        ),
        (
            with(3),
            vec![Start, seen("created"), Woke, seen("created"), Woke, trouble(None)],
            "poll, [created] sleep 2, poll, sleep 1, poll, wait_timeout",
        ),
        // A pause that ends there is the last, and so is one that the service asked for.
        (
            with(2),
            vec![Start, seen("created"), Woke, seen("created")],
            "poll, [created] sleep 2, poll, wait_timeout",
        ),
        (
            with(7),
            vec![Start, trouble(Some(7)), Woke, seen("completed")],
            "poll, server sleep 7, poll, [completed] done completed",
        ),
        // Not even then, if the service asked for longer.
        (with(3), vec![Start, trouble(Some(60)), Woke], "poll, server sleep 3, wait_timeout"),
        (with(400), vec![Start, trouble(Some(u64::MAX))], "poll, server sleep 300"),
        // No time at all: one look.
        (with(0), vec![Start, seen("processing")], "poll, [processing] wait_timeout"),
        (with(0), vec![Start, seen("completed")], "poll, [completed] done completed"),
    ] {
        assert_eq!(play(Watch::resume("j1", policy), events), expected);
    }
}

#[test]
fn what_the_service_asks_for_holds_between_good_polls_too() {
    let mut watch = Watch::resume("j1", policy());
    watch.step(Duration::ZERO, WatchEvent::Start, 0.5);
    let answer =
        PollAnswer::Seen { prediction: prediction("created"), retry_after: Some(secs(20)) };
    assert_eq!(
        words(&watch.step(Duration::ZERO, WatchEvent::Polled(answer), 0.5)),
        "[created] sleep 20"
    );
}

#[test]
fn the_grace_of_a_new_job_ends() {
    for (at, expected) in [(29, "not_found sleep 1"), (30, "not_found")] {
        let mut watch = Watch::submitted(prediction("created"), policy());
        watch.step(Duration::ZERO, WatchEvent::Start, 0.5);
        watch.step(secs(at), WatchEvent::Woke, 0.5);
        assert_eq!(words(&watch.step(secs(at), unknown(), 0.5)), expected);
    }
    let mut watch = Watch::submitted(prediction("created"), policy());
    assert_eq!(watch.job_id(), "j1");
    watch.step(Duration::ZERO, WatchEvent::Start, 0.5);
    watch.step(secs(31), WatchEvent::Woke, 0.5);
    assert_eq!(words(&watch.step(secs(31), unknown(), 0.5)), "not_found");
}

#[test]
fn an_error_keeps_the_last_state_that_was_seen() {
    let mut watch = Watch::submitted(prediction("processing"), policy());
    watch.step(Duration::ZERO, WatchEvent::Start, 0.5);
    watch.step(secs(2), WatchEvent::Woke, 0.5);
    let WatchAction::Finish(Err(error)) = watch.step(secs(2), refused(), 0.5).action else {
        panic!("a refusal ends the wait");
    };
    assert_eq!(error.prediction().unwrap().status, Status::Processing);
}

fn any_event() -> impl Strategy<Value = WatchEvent> {
    let words = prop::sample::select(vec![
        "created",
        "processing",
        "completed",
        "failed",
        "cancelled",
        "timeout",
        "deleted",
        "odd",
    ]);
    prop_oneof![
        1 => Just(WatchEvent::Start),
        4 => Just(WatchEvent::Woke),
        6 => (words.clone(), proptest::option::of(any::<u64>())).prop_map(|(status, after)| {
            WatchEvent::Polled(PollAnswer::Seen {
                prediction: prediction(status),
                retry_after: after.map(Duration::from_secs),
            })
        }),
        3 => proptest::option::of(0u64..1000).prop_map(trouble),
        2 => (prop::sample::select(vec!["j1", "j2"]), words)
            .prop_map(|(id, status)| delivered(id, status)),
        1 => Just(unknown()),
        1 => Just(refused()),
    ]
}

proptest! {
    /// Whatever comes: the id is in every outcome, the end comes once, nothing follows it, each
    /// change is told once, and no pause leads beyond the deadline.
    #[test]
    fn holds_for_every_sequence_of_events(
        fresh in any::<bool>(),
        deadline in 0u64..200,
        events in proptest::collection::vec((any_event(), 0u64..50, 0f64..=1.0), 1..40),
    ) {
        let policy = WatchPolicy { deadline: secs(deadline), ..policy() };
        let mut watch = if fresh {
            Watch::submitted(prediction("created"), policy)
        } else {
            Watch::resume("j1", policy)
        };
        let mut now = Duration::ZERO;
        let mut ended = false;
        let mut last_news: Option<Arc<Prediction>> = None;
        for (event, pause, random) in events {
            now += secs(pause);
            let step = watch.step(now, event, random);
            if let Some(news) = step.news {
                prop_assert!(!ended, "news after the end");
                prop_assert!(last_news.is_none_or(|last| news.differs_from(&last)), "told twice");
                last_news = Some(news);
            }
            match step.action {
                WatchAction::Nothing => {}
                _ if ended => prop_assert!(false, "an action after the end"),
                WatchAction::Poll => {}
                WatchAction::Sleep(pause, _) => {
                    prop_assert!(now + pause <= secs(deadline).max(now), "slept past the deadline");
                }
                WatchAction::Finish(Ok(prediction)) => {
                    prop_assert_eq!(&prediction.status, &Status::Completed);
                    prop_assert_eq!(&prediction.id, "j1");
                    ended = true;
                }
                WatchAction::Finish(Err(error)) => {
                    prop_assert_eq!(error.job_id(), Some("j1"));
                    ended = true;
                }
            }
        }
    }

    /// A delivery that does not end the wait leaves no trace in it.
    #[test]
    fn a_delivery_ends_the_wait_or_changes_nothing(
        events in proptest::collection::vec((any_event(), 0u64..50), 0..20),
        id in prop::sample::select(vec!["j1", "j2"]),
        status in prop::sample::select(vec!["created", "completed", "failed", "odd"]),
    ) {
        let mut watch = Watch::resume("j1", policy());
        let mut now = Duration::ZERO;
        let mut waits = false;
        for (event, pause) in events {
            now += secs(pause);
            match watch.step(now, event, 0.5).action {
                WatchAction::Nothing => {}
                WatchAction::Finish(_) => waits = false,
                WatchAction::Poll | WatchAction::Sleep(..) => waits = true,
            }
        }
        let before = format!("{watch:?}");
        let step = watch.step(now, delivered(id, status), 0.5);
        if waits && id == "j1" && ["completed", "failed"].contains(&status) {
            prop_assert!(matches!(step.action, WatchAction::Finish(_)), "{:?}", step);
        } else {
            prop_assert!(matches!(step.action, WatchAction::Nothing), "{:?}", step);
            prop_assert!(step.news.is_none());
            prop_assert_eq!(before, format!("{watch:?}"));
        }
    }

    /// A job that never ends, a service that is never well: the wait ends all the same, at the
    /// deadline or after a bounded run of failures.
    #[test]
    fn always_ends(
        deadline in 0u64..10_000,
        answers in proptest::collection::vec((any::<bool>(), proptest::option::of(0u64..1000)), 1..50),
        random in 0f64..=1.0,
    ) {
        let policy = WatchPolicy { deadline: secs(deadline), ..policy() };
        let mut watch = Watch::resume("j1", policy);
        let mut now = Duration::ZERO;
        let mut event = WatchEvent::Start;
        let mut answers = answers.into_iter().cycle();
        for _ in 0..100_000 {
            event = match watch.step(now, event, random).action {
                WatchAction::Finish(_) => return Ok(()),
                WatchAction::Sleep(pause, _) => {
                    now += pause;
                    WatchEvent::Woke
                }
                WatchAction::Poll => match answers.next() {
                    Some((true, after)) => trouble(after),
                    _ => seen("processing"),
                },
                WatchAction::Nothing => break,
            };
        }
        prop_assert!(false, "the wait did not end by {now:?}");
    }
}
