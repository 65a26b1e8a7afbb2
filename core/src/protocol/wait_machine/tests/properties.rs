//! What holds for every sequence of events.

use proptest::prelude::*;

use super::*;

fn any_event() -> impl Strategy<Value = WaitEvent> {
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
        1 => Just(WaitEvent::Start),
        1 => Just(WaitEvent::HeldBack),
        4 => Just(WaitEvent::Woke),
        6 => (words.clone(), proptest::option::of(any::<u64>())).prop_map(|(status, after)| {
            WaitEvent::Polled(PollResponse::State {
                prediction: prediction(status),
                retry_after: after.map(Duration::from_secs),
            })
        }),
        3 => proptest::option::of(0u64..1000).prop_map(poll_failed),
        2 => (prop::sample::select(vec!["j1", "j2"]), words)
            .prop_map(|(id, status)| delivered(id, status)),
        1 => Just(unknown()),
        1 => Just(refused()),
    ]
}

proptest! {
    /// Whatever comes: the id is in every outcome, the end comes once, nothing follows it, each
    /// change is reported once, and no pause leads beyond the deadline.
    #[test]
    fn holds_for_every_sequence_of_events(
        fresh in any::<bool>(),
        deadline in 0u64..200,
        events in proptest::collection::vec((any_event(), 0u64..50, 0f64..=1.0), 1..40),
    ) {
        let policy = WaitPolicy { deadline: secs(deadline), ..policy() };
        let mut watch = if fresh {
            WaitMachine::submitted(prediction("created"), policy)
        } else {
            WaitMachine::resume("j1", policy)
        };
        let mut now = Duration::ZERO;
        let mut ended = false;
        let mut last_update: Option<Arc<Prediction>> = None;
        for (event, pause, random) in events {
            now += secs(pause);
            let step = watch.step(now, event, random);
            if let Some(update) = step.update {
                prop_assert!(!ended, "update after the end");
                prop_assert!(last_update.is_none_or(|last| update.differs_from(&last)), "reported twice");
                last_update = Some(update);
            }
            match step.action {
                WaitAction::Nothing => {}
                _ if ended => prop_assert!(false, "an action after the end"),
                WaitAction::Poll => {}
                WaitAction::Sleep(pause, _) => {
                    prop_assert!(now + pause <= secs(deadline).max(now), "slept past the deadline");
                }
                WaitAction::Finish(Ok(prediction)) => {
                    prop_assert_eq!(&prediction.status, &Status::Completed);
                    prop_assert_eq!(&prediction.id, "j1");
                    ended = true;
                }
                WaitAction::Finish(Err(error)) => {
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
        let mut watch = WaitMachine::resume("j1", policy());
        let mut now = Duration::ZERO;
        let mut waits = false;
        for (event, pause) in events {
            now += secs(pause);
            match watch.step(now, event, 0.5).action {
                WaitAction::Nothing => {}
                WaitAction::Finish(_) => waits = false,
                WaitAction::Poll | WaitAction::Sleep(..) => waits = true,
            }
        }
        let before = format!("{watch:?}");
        let step = watch.step(now, delivered(id, status), 0.5);
        if waits && id == "j1" && ["completed", "failed"].contains(&status) {
            prop_assert!(matches!(step.action, WaitAction::Finish(_)), "{:?}", step);
        } else {
            prop_assert!(matches!(step.action, WaitAction::Nothing), "{:?}", step);
            prop_assert!(step.update.is_none());
            prop_assert_eq!(before, format!("{watch:?}"));
        }
    }

    /// A job that never ends, a service that is never well: the wait ends all the same, at the
    /// deadline or after a bounded run of failures.
    #[test]
    fn always_ends(
        deadline in 0u64..10_000,
        responses in proptest::collection::vec((any::<bool>(), proptest::option::of(0u64..1000)), 1..50),
        random in 0f64..=1.0,
    ) {
        let policy = WaitPolicy { deadline: secs(deadline), ..policy() };
        let mut watch = WaitMachine::resume("j1", policy);
        let mut now = Duration::ZERO;
        let mut event = WaitEvent::Start;
        let mut responses = responses.into_iter().cycle();
        for _ in 0..100_000 {
            event = match watch.step(now, event, random).action {
                WaitAction::Finish(_) => return Ok(()),
                WaitAction::Sleep(pause, _) => {
                    now += pause;
                    WaitEvent::Woke
                }
                WaitAction::Poll => match responses.next() {
                    Some((true, after)) => poll_failed(after),
                    _ => seen("processing"),
                },
                WaitAction::Nothing => break,
            };
        }
        prop_assert!(false, "the wait did not end by {now:?}");
    }
}
