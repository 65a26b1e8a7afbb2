use super::*;
use crate::job::Status;

const HOUR: Duration = Duration::from_secs(3600);

fn policy() -> SubmitPolicy {
    SubmitPolicy {
        max_attempts: 3,
        backoff: Backoff { base: Duration::from_secs(1), max: Duration::from_secs(30) },
        max_retry_after: Duration::from_secs(300),
        deadline: HOUR,
    }
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "It broke.")
}

fn accepted() -> SubmitAnswer {
    SubmitAnswer::Accepted(Arc::new(Prediction::new("j1", Status::Created)))
}

fn again(seconds: Option<u64>) -> SubmitAnswer {
    let resend = Resend::After(seconds.map(Duration::from_secs));
    SubmitAnswer::Refused { error: error(ErrorKind::RateLimit), resend }
}

fn refused() -> SubmitAnswer {
    SubmitAnswer::Refused { error: error(ErrorKind::BadRequest), resend: Resend::Never }
}

fn lost() -> SubmitAnswer {
    SubmitAnswer::Lost(error(ErrorKind::Connection))
}

/// The action in a few words.
fn words(action: &SubmitAction) -> String {
    match action {
        SubmitAction::Submit => "submit".into(),
        SubmitAction::Sleep(pause, _) => format!("sleep {}", pause.as_secs()),
        SubmitAction::Finish(Ok(prediction)) => format!("job {}", prediction.id),
        SubmitAction::Finish(Err(error)) => format!("{} after {}", error.code(), error.attempts()),
        SubmitAction::Nothing => "nothing".into(),
    }
}

#[test]
fn sequences_and_what_comes_of_them() {
    use SubmitEvent::{Answered, Start, Woke};
    for (events, expected) in [
        (vec![Start, Answered(accepted())], "submit, job j1"),
        (vec![Start, Answered(refused())], "submit, bad_request after 1"),
        (vec![Start, Answered(lost())], "submit, submission_unknown after 1"),
        (
            vec![Start, Answered(again(None)), Woke, Answered(accepted())],
            "submit, sleep 1, submit, job j1",
        ),
        (
            vec![
                Start,
                Answered(again(Some(7))),
                Woke,
                Answered(again(None)),
                Woke,
                Answered(lost()),
            ],
            "submit, sleep 7, submit, sleep 2, submit, submission_unknown after 3",
        ),
        (
            vec![
                Start,
                Answered(again(None)),
                Woke,
                Answered(again(None)),
                Woke,
                Answered(again(None)),
            ],
            "submit, sleep 1, submit, sleep 2, submit, rate_limit after 3",
        ),
        // A huge `Retry-After` is bounded.
        (vec![Start, Answered(again(Some(u64::MAX)))], "submit, sleep 300"),
        // Events nobody asked for.
        (vec![Woke, Answered(again(None)), Start, Start], "nothing, nothing, submit, nothing"),
        (vec![Start, Woke, Answered(again(None)), Start], "submit, nothing, sleep 1, nothing"),
    ] {
        let mut machine = Submission::new(policy());
        let said: Vec<_> = events
            .into_iter()
            .map(|event| words(&machine.step(Duration::ZERO, event, 0.5)))
            .collect();
        assert_eq!(said.join(", "), expected);
    }
}

#[test]
fn a_pause_beyond_the_deadline_is_not_begun() {
    let mut machine =
        Submission::new(SubmitPolicy { deadline: Duration::from_secs(5), ..policy() });
    machine.step(Duration::ZERO, SubmitEvent::Start, 0.5);
    let action = machine.step(Duration::from_secs(1), SubmitEvent::Answered(again(Some(4))), 0.5);
    assert_eq!(words(&action), "rate_limit after 1");
}

#[test]
fn a_lost_submit_keeps_what_the_server_said() {
    let http = crate::error::HttpAnswer {
        status: 502,
        body: "<html>".into(),
        ..crate::error::HttpAnswer::default()
    };
    let cause = error(ErrorKind::Server).with_http(http).with_app_code(Some(5000));
    let mut machine = Submission::new(policy());
    machine.step(Duration::ZERO, SubmitEvent::Start, 0.5);
    let event = SubmitEvent::Answered(SubmitAnswer::Lost(cause));
    let SubmitAction::Finish(Err(error)) = machine.step(Duration::ZERO, event, 0.5) else {
        panic!("a lost submit ends the submission");
    };
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    assert_eq!(error.http().unwrap().body, "<html>");
    assert_eq!(error.app_code(), Some(5000));
    assert!(error.message().contains("It broke"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

/// Every sequence of events up to a depth, fitting or not: of all submits that go out, at most one
/// is followed by an answer after which a job may exist, and that answer is the last word.
#[test]
fn at_most_one_submit_may_have_been_taken() {
    let events: Vec<fn() -> SubmitEvent> = vec![
        || SubmitEvent::Start,
        || SubmitEvent::Woke,
        || SubmitEvent::Answered(accepted()),
        || SubmitEvent::Answered(refused()),
        || SubmitEvent::Answered(again(None)),
        || SubmitEvent::Answered(again(Some(9))),
        || SubmitEvent::Answered(lost()),
    ];
    let mut sequences = 0;
    explore(&events, &Submission::new(policy()), 0, false, false, 7, &mut sequences);
    assert_eq!(sequences, 7usize.pow(7), "every sequence was tried");
}

fn explore(
    events: &[fn() -> SubmitEvent],
    machine: &Submission,
    now: u64,
    may_be_taken: bool,
    ended: bool,
    depth: u32,
    sequences: &mut usize,
) {
    if depth == 0 {
        *sequences += 1;
        return;
    }
    for event in events {
        let mut machine = machine.clone();
        let event = event();
        let in_flight = machine.state == State::InFlight;
        let taken = in_flight
            && matches!(
                event,
                SubmitEvent::Answered(SubmitAnswer::Accepted(_) | SubmitAnswer::Lost(_))
            );
        let accepted = matches!(event, SubmitEvent::Answered(SubmitAnswer::Accepted(_)));
        let action = machine.step(Duration::from_secs(now), event, 0.5);
        match &action {
            SubmitAction::Submit => {
                assert!(!may_be_taken, "a submit went out after one that may have been taken");
                assert!(!ended, "an action after the end");
                assert!(machine.attempts() <= policy().max_attempts);
            }
            SubmitAction::Sleep(..) => assert!(!ended && !taken),
            SubmitAction::Finish(outcome) => {
                assert!(!ended, "two ends");
                assert_eq!(taken && accepted, outcome.is_ok(), "the id is never lost");
            }
            SubmitAction::Nothing => assert!(!taken, "an answer was ignored"),
        }
        let ended = ended || matches!(action, SubmitAction::Finish(_));
        explore(events, &machine, now + 1, may_be_taken || taken, ended, depth - 1, sequences);
    }
}
