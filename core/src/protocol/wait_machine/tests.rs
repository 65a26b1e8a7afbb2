mod properties;

use super::*;
use crate::error::ErrorKind;
use crate::protocol::{Backoff, Output, RecoveredBy, Status};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn policy() -> WaitPolicy {
    WaitPolicy {
        pacing: Pacing {
            first: secs(2),
            interval: secs(2),
            growth: 2.0,
            max: secs(5),
            jitter: 0.0,
        },
        retry: RetryPolicy {
            max_retries: 2,
            backoff: Backoff { base: secs(1), max: secs(30) },
            max_retry_after: secs(300),
        },
        unknown_grace: secs(30),
        deadline: secs(100),
    }
}

fn prediction(status: &str) -> Arc<Prediction> {
    Arc::new(prediction_of("j1", status))
}

/// A completed job has an output.
fn prediction_of(id: &str, status: &str) -> Prediction {
    let mut prediction = Prediction::new(id, Status::from_word(status));
    if prediction.status == Status::Completed {
        prediction.outputs = vec![Output::Url("https://a.example/x.mp4".to_owned())];
    }
    prediction
}

fn seen(status: &str) -> WaitEvent {
    WaitEvent::Polled(PollResponse::State { prediction: prediction(status), retry_after: None })
}

fn poll_failed(retry_after: Option<u64>) -> WaitEvent {
    let error = Error::new(ErrorKind::Server, "It broke.");
    let retry_after = retry_after.map(Duration::from_secs);
    WaitEvent::Polled(PollResponse::Temporary { error, retry_after })
}

fn unknown() -> WaitEvent {
    WaitEvent::Polled(PollResponse::NotFound(Error::new(ErrorKind::NotFound, "No such job.")))
}

fn refused() -> WaitEvent {
    WaitEvent::Polled(PollResponse::Rejected(Error::new(ErrorKind::Authentication, "No.")))
}

fn delivered(id: &str, status: &str) -> WaitEvent {
    WaitEvent::Delivered(Arc::new(prediction_of(id, status)))
}

/// Describes a step briefly: the update in brackets, then the action.
fn describe(step: &WaitStep) -> String {
    let action = match &step.action {
        WaitAction::Poll => "poll".into(),
        WaitAction::Sleep(pause, None) => format!("sleep {}", pause.as_secs()),
        WaitAction::Sleep(pause, Some(error)) => {
            format!("{} sleep {}", error.code(), pause.as_secs())
        }
        WaitAction::Finish(Ok(prediction)) => format!("done {}", prediction.status),
        WaitAction::Finish(Err(error)) => {
            assert_eq!(error.job_id(), Some("j1"), "every error carries the id");
            error.code().into()
        }
        WaitAction::Nothing => "nothing".into(),
    };
    match &step.update {
        Some(update) => format!("[{}] {action}", update.status),
        None => action,
    }
}

/// Plays the events; each pause takes as long as it says, everything else no time.
fn play(mut watch: WaitMachine, events: Vec<WaitEvent>) -> String {
    let mut now = Duration::ZERO;
    let mut actions = Vec::new();
    for event in events {
        let step = watch.step(now, event, 0.5);
        if let WaitAction::Sleep(pause, _) = &step.action {
            now += *pause;
        }
        actions.push(describe(&step));
    }
    actions.join(", ")
}

#[test]
fn the_wait_of_a_fresh_job() {
    use WaitEvent::{Start, Woke};
    let submitted = |status: &str| WaitMachine::submitted(prediction(status), policy());
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
        // An unknown status means that the job is running.
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
    use WaitEvent::{Start, Woke};
    let resumed = || WaitMachine::resume("j1", policy());
    for (events, expected) in [
        (
            vec![Start, seen("processing"), Woke, seen("processing")],
            "poll, [processing] sleep 2, poll, sleep 4",
        ),
        // Another process may have submitted the job a moment ago.
        (
            vec![Start, unknown(), Woke, seen("completed")],
            "poll, not_found sleep 1, poll, [completed] done completed",
        ),
        (vec![Start, seen("created"), Woke, unknown()], "poll, [created] sleep 2, poll, not_found"),
        // Failed polls; three in a row end the wait.
        (
            vec![Start, poll_failed(None), Woke, poll_failed(None), Woke, poll_failed(None)],
            "poll, server sleep 1, poll, server sleep 2, poll, server",
        ),
        // A good response between them starts the count anew.
        (
            vec![
                Start,
                poll_failed(None),
                Woke,
                poll_failed(None),
                Woke,
                seen("created"),
                Woke,
                poll_failed(None),
            ],
            "poll, server sleep 1, poll, server sleep 2, poll, [created] sleep 5, poll, server sleep 1",
        ),
        (
            vec![Start, poll_failed(Some(7)), Woke, seen("completed")],
            "poll, server sleep 7, poll, [completed] done completed",
        ),
        // Unexpected events.
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
    use WaitEvent::{Start, Woke};
    let submitted = || WaitMachine::submitted(prediction("created"), policy());
    let done = || delivered("j1", "completed");
    for (watch, events, expected) in [
        // During a pause, and while a poll is under way, whose response is then of no interest.
        (submitted(), vec![Start, done()], "[created] sleep 2, [completed] done completed"),
        (
            submitted(),
            vec![Start, Woke, done(), seen("completed")],
            "[created] sleep 2, poll, [completed] done completed, nothing",
        ),
        (
            WaitMachine::resume("j1", policy()),
            vec![Start, done()],
            "poll, [completed] done completed",
        ),
        // After a failed poll.
        (
            WaitMachine::resume("j1", policy()),
            vec![Start, poll_failed(Some(300)), done(), Woke],
            "poll, server sleep 100, [completed] done completed, nothing",
        ),
        // Every other end is reported as a poll reports it.
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
    let mut watch = WaitMachine::submitted(Arc::new(found), policy());
    watch.step(Duration::ZERO, WaitEvent::Start, 0.5);
    let step = watch.step(Duration::ZERO, delivered("j1", "completed"), 0.5);
    let WaitAction::Finish(Ok(prediction)) = step.action else { panic!("{step:?}") };
    assert_eq!(prediction.recovered, Some(RecoveredBy::Input));
}

#[test]
fn the_deadline() {
    use WaitEvent::{Start, Woke};
    let with = |deadline| WaitPolicy { deadline: secs(deadline), ..policy() };
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
            vec![Start, seen("created"), Woke, seen("created"), Woke, poll_failed(None)],
            "poll, [created] sleep 2, poll, sleep 1, poll, wait_timeout",
        ),
        // A pause that ends there is the last, and so is one of `Retry-After`.
        (
            with(2),
            vec![Start, seen("created"), Woke, seen("created")],
            "poll, [created] sleep 2, poll, wait_timeout",
        ),
        (
            with(7),
            vec![Start, poll_failed(Some(7)), Woke, seen("completed")],
            "poll, server sleep 7, poll, [completed] done completed",
        ),
        // No last poll if `Retry-After` is longer.
        (with(3), vec![Start, poll_failed(Some(60)), Woke], "poll, server sleep 3, wait_timeout"),
        (with(400), vec![Start, poll_failed(Some(u64::MAX))], "poll, server sleep 300"),
        // Nor if the rate limit allows none; without a poll in flight that event has no effect.
        (with(3), vec![Start, WaitEvent::HeldBack, Woke], "poll, wait_timeout, nothing"),
        (
            with(9),
            vec![WaitEvent::HeldBack, Start, seen("created"), WaitEvent::HeldBack, Woke],
            "nothing, poll, [created] sleep 2, nothing, poll",
        ),
        // No time at all: one look.
        (with(0), vec![Start, seen("processing")], "poll, [processing] wait_timeout"),
        (with(0), vec![Start, seen("completed")], "poll, [completed] done completed"),
    ] {
        assert_eq!(play(WaitMachine::resume("j1", policy), events), expected);
    }
}

#[test]
fn retry_after_applies_after_successful_polls_too() {
    let mut watch = WaitMachine::resume("j1", policy());
    watch.step(Duration::ZERO, WaitEvent::Start, 0.5);
    let response =
        PollResponse::State { prediction: prediction("created"), retry_after: Some(secs(20)) };
    assert_eq!(
        describe(&watch.step(Duration::ZERO, WaitEvent::Polled(response), 0.5)),
        "[created] sleep 20"
    );
}

#[test]
fn the_grace_of_a_new_job_ends() {
    for (at, expected) in [(29, "not_found sleep 1"), (30, "not_found")] {
        let mut watch = WaitMachine::submitted(prediction("created"), policy());
        watch.step(Duration::ZERO, WaitEvent::Start, 0.5);
        watch.step(secs(at), WaitEvent::Woke, 0.5);
        assert_eq!(describe(&watch.step(secs(at), unknown(), 0.5)), expected);
        let mut watch = WaitMachine::resume("j1", policy());
        watch.step(Duration::ZERO, WaitEvent::Start, 0.5);
        assert_eq!(describe(&watch.step(secs(at), unknown(), 0.5)), expected);
    }
    let mut watch = WaitMachine::submitted(prediction("created"), policy());
    assert_eq!(watch.job_id(), "j1");
    watch.step(Duration::ZERO, WaitEvent::Start, 0.5);
    watch.step(secs(31), WaitEvent::Woke, 0.5);
    assert_eq!(describe(&watch.step(secs(31), unknown(), 0.5)), "not_found");
}

#[test]
fn an_error_keeps_the_last_state_that_was_seen() {
    let mut watch = WaitMachine::submitted(prediction("processing"), policy());
    watch.step(Duration::ZERO, WaitEvent::Start, 0.5);
    watch.step(secs(2), WaitEvent::Woke, 0.5);
    let WaitAction::Finish(Err(error)) = watch.step(secs(2), refused(), 0.5).action else {
        panic!("a rejected poll ends the wait");
    };
    assert_eq!(error.prediction().unwrap().status, Status::Processing);
}
