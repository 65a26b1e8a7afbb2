use super::*;
use crate::error::ErrorKind;
use crate::protocol::Status;

const HOUR: Duration = Duration::from_secs(3600);

fn policy() -> SubmitPolicy {
    SubmitPolicy {
        retry: RetryPolicy {
            max_retries: 2,
            backoff: Backoff { base: Duration::from_secs(1), max: Duration::from_secs(30) },
            max_retry_after: Duration::from_secs(300),
        },
        deadline: HOUR,
        recovery: None,
    }
}

/// As [`policy`], and a lost submit is searched for during ten seconds.
fn recovering() -> SubmitPolicy {
    let backoff = Backoff { base: Duration::from_secs(1), max: Duration::from_secs(4) };
    let recovery = RecoveryPolicy { window: Duration::from_secs(10), backoff };
    SubmitPolicy { recovery: Some(recovery), ..policy() }
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "It broke.")
}

fn accepted() -> SubmitResponse {
    SubmitResponse::Accepted(Arc::new(Prediction::new("j1", Status::Created)))
}

fn again(seconds: Option<u64>) -> SubmitResponse {
    let resend = Resend::After(seconds.map(Duration::from_secs));
    SubmitResponse::Rejected { error: error(ErrorKind::RateLimit), resend }
}

fn refused() -> SubmitResponse {
    SubmitResponse::Rejected { error: error(ErrorKind::BadRequest), resend: Resend::Never }
}

fn lost() -> SubmitResponse {
    SubmitResponse::Lost(error(ErrorKind::Connection))
}

/// Describes an action briefly.
fn describe(action: &SubmitAction) -> String {
    match action {
        SubmitAction::Submit => "submit".into(),
        SubmitAction::Search => "search".into(),
        SubmitAction::Sleep(pause, _) => format!("sleep {}", pause.as_secs()),
        SubmitAction::Finish(Ok(prediction)) => format!("job {}", prediction.id),
        SubmitAction::Finish(Err(error)) => format!("{} after {}", error.code(), error.attempts()),
        SubmitAction::Nothing => "nothing".into(),
    }
}

#[test]
fn sequences_of_events_and_their_actions() {
    use SubmitEvent::{HeldBack, Responded, Start, Woke};
    for (events, expected) in [
        (vec![Start, Responded(accepted())], "submit, job j1"),
        (vec![Start, Responded(refused())], "submit, bad_request after 1"),
        (vec![Start, Responded(lost())], "submit, submission_unknown after 1"),
        (
            vec![Start, Responded(again(None)), Woke, Responded(accepted())],
            "submit, sleep 1, submit, job j1",
        ),
        (
            vec![
                Start,
                Responded(again(Some(7))),
                Woke,
                Responded(again(None)),
                Woke,
                Responded(lost()),
            ],
            "submit, sleep 7, submit, sleep 2, submit, submission_unknown after 3",
        ),
        (
            vec![
                Start,
                Responded(again(None)),
                Woke,
                Responded(again(None)),
                Woke,
                Responded(again(None)),
            ],
            "submit, sleep 1, submit, sleep 2, submit, rate_limit after 3",
        ),
        // Its turn would come too late.
        (
            vec![Start, Responded(again(None)), Woke, Responded(again(None)), HeldBack, Woke],
            "submit, sleep 1, submit, sleep 2, rate_limit after 2, nothing",
        ),
        (
            vec![HeldBack, Start, HeldBack, Responded(lost())],
            "nothing, submit, nothing, submission_unknown after 1",
        ),
        // A huge `Retry-After` is bounded.
        (vec![Start, Responded(again(Some(u64::MAX)))], "submit, sleep 300"),
        // Unexpected events.
        (vec![Woke, Responded(again(None)), Start, Start], "nothing, nothing, submit, nothing"),
        (vec![Start, Woke, Responded(again(None)), Start], "submit, nothing, sleep 1, nothing"),
    ] {
        let mut machine = Submission::new(policy());
        let actions: Vec<_> = events
            .into_iter()
            .map(|event| describe(&machine.step(Duration::ZERO, event, 0.5)))
            .collect();
        assert_eq!(actions.join(", "), expected);
    }
}

#[test]
fn a_pause_beyond_the_deadline_is_not_begun() {
    let mut machine =
        Submission::new(SubmitPolicy { deadline: Duration::from_secs(5), ..policy() });
    assert_eq!(machine.deadline(), Duration::from_secs(5));
    machine.step(Duration::ZERO, SubmitEvent::Start, 0.5);
    let action = machine.step(Duration::from_secs(1), SubmitEvent::Responded(again(Some(4))), 0.5);
    assert_eq!(describe(&action), "rate_limit after 1");
}

#[test]
fn a_lost_submit_keeps_the_response_of_the_server() {
    let http = crate::error::ResponseInfo {
        status: 502,
        body: "<html>".into(),
        ..crate::error::ResponseInfo::default()
    };
    let cause = error(ErrorKind::Server).with_http(http).with_app_code(Some(5000));
    let mut machine = Submission::new(policy());
    machine.step(Duration::ZERO, SubmitEvent::Start, 0.5);
    let event = SubmitEvent::Responded(SubmitResponse::Lost(cause));
    let SubmitAction::Finish(Err(error)) = machine.step(Duration::ZERO, event, 0.5) else {
        panic!("a lost submit ends the submission");
    };
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    assert_eq!(error.http().unwrap().body, "<html>");
    assert_eq!(error.app_code(), Some(5000));
    assert!(error.message().contains("It broke"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn submits_are_counted_and_lost_ones_registered() {
    let mut machine = Submission::new(recovering());
    assert_eq!((machine.attempts(), machine.is_lost()), (0, false));
    machine.step(Duration::ZERO, SubmitEvent::Start, 0.5);
    machine.step(Duration::ZERO, SubmitEvent::Responded(again(None)), 0.5);
    machine.step(Duration::ZERO, SubmitEvent::Woke, 0.5);
    assert_eq!((machine.attempts(), machine.is_lost()), (2, false));
    machine.step(Duration::ZERO, SubmitEvent::Responded(lost()), 0.5);
    assert_eq!((machine.attempts(), machine.is_lost()), (2, true));
    machine.step(Duration::ZERO, SubmitEvent::Woke, 0.5);
    assert!(machine.is_lost(), "during the search");
    machine.step(Duration::ZERO, SubmitEvent::Searched(found()), 0.5);
    assert_eq!((machine.attempts(), machine.is_lost()), (2, false));
}

#[test]
fn without_a_window_there_is_still_one_search() {
    let mut machine = Submission::new(SubmitPolicy { deadline: Duration::ZERO, ..recovering() });
    machine.step(Duration::ZERO, SubmitEvent::Start, 0.5);
    let lost = machine.step(Duration::ZERO, SubmitEvent::Responded(lost()), 0.5);
    assert_eq!(describe(&lost), "sleep 0");
    assert_eq!(describe(&machine.step(Duration::ZERO, SubmitEvent::Woke, 0.5)), "search");
    let response = SubmitEvent::Searched(SearchResponse::NotYet);
    let end = machine.step(Duration::ZERO, response, 0.5);
    assert_eq!(describe(&end), "submission_unknown after 1");
}

fn found() -> SearchResponse {
    SearchResponse::Found(Arc::new(Prediction::new("j2", Status::Processing)))
}

fn history_trouble(seconds: Option<u64>) -> SearchResponse {
    let retry_after = seconds.map(Duration::from_secs);
    SearchResponse::Temporary { error: error(ErrorKind::Server), retry_after }
}

fn several() -> SearchResponse {
    let job = |id: &str| Arc::new(Prediction::new(id, Status::Created));
    SearchResponse::Candidates(vec![job("a"), job("b")])
}

/// Plays the events; each pause takes as long as it says, everything else no time.
fn play(mut machine: Submission, events: Vec<SubmitEvent>) -> String {
    let mut now = Duration::ZERO;
    let mut actions = Vec::new();
    for event in events {
        let action = machine.step(now, event, 0.5);
        if let SubmitAction::Sleep(pause, _) = &action {
            now += *pause;
        }
        actions.push(describe(&action));
    }
    actions.join(", ")
}

#[test]
fn a_lost_submit_is_searched_for() {
    use SearchResponse::{Failed, NotYet};
    use SubmitEvent::{Responded, Searched, Start, Woke};
    for (events, expected) in [
        (
            vec![Start, Responded(lost()), Woke, Searched(found())],
            "submit, sleep 1, search, job j2",
        ),
        (
            vec![Start, Responded(lost()), Woke, Searched(NotYet), Woke, Searched(found())],
            "submit, sleep 1, search, sleep 2, search, job j2",
        ),
        // The last search is at the end of the window.
        (
            vec![
                Start,
                Responded(lost()),
                Woke,
                Searched(NotYet),
                Woke,
                Searched(NotYet),
                Woke,
                Searched(NotYet),
                Woke,
                Searched(NotYet),
            ],
            "submit, sleep 1, search, sleep 2, search, sleep 4, search, sleep 3, search, \
             submission_unknown after 1",
        ),
        (
            vec![Start, Responded(lost()), Woke, Searched(several())],
            "submit, sleep 1, search, submission_unknown after 1",
        ),
        (
            vec![
                Start,
                Responded(lost()),
                Woke,
                Searched(Failed(error(ErrorKind::Authentication))),
            ],
            "submit, sleep 1, search, submission_unknown after 1",
        ),
        (
            vec![
                Start,
                Responded(lost()),
                Woke,
                Searched(history_trouble(Some(5))),
                Woke,
                Searched(found()),
            ],
            "submit, sleep 1, search, sleep 5, search, job j2",
        ),
        // An unexpected search, a second response.
        (
            vec![Start, Searched(found()), Responded(lost()), Responded(accepted()), Woke, Start],
            "submit, nothing, sleep 1, nothing, search, nothing",
        ),
        // Lost after another attempt that was provably not taken.
        (
            vec![Start, Responded(again(None)), Woke, Responded(lost()), Woke, Searched(found())],
            "submit, sleep 1, submit, sleep 1, search, job j2",
        ),
    ] {
        assert_eq!(play(Submission::new(recovering()), events), expected);
    }
}

#[test]
fn a_submit_of_another_time_is_searched_for_at_once_and_never_sent() {
    use SubmitEvent::{Responded, Searched, Start, Woke};
    let machine = Submission::lost(recovering(), Duration::ZERO, error(ErrorKind::Connection));
    assert!(machine.is_lost());
    let events = vec![
        Woke,
        Responded(accepted()),
        Start,
        Searched(SearchResponse::NotYet),
        Woke,
        Searched(found()),
    ];
    assert_eq!(play(machine, events), "nothing, nothing, search, sleep 2, search, job j2");
}

#[test]
fn a_history_is_read_once_for_an_old_submit() {
    use SearchResponse::NotYet;
    use SubmitEvent::{Searched, Start, Woke};
    for (sent_ago, events, expected) in [
        // The window is ten seconds. Only after five of them no job can appear any more.
        (
            46,
            vec![Start, Searched(NotYet), Woke, Searched(NotYet), Woke, Searched(NotYet)],
            "search, sleep 2, search, sleep 4, search, submission_unknown after 1",
        ),
        (60, vec![Start, Searched(NotYet)], "search, submission_unknown after 1"),
        (60, vec![Start, Searched(found())], "search, job j2"),
        // A history that cannot be read says nothing about the job.
        (
            60,
            vec![Start, Searched(history_trouble(None)), Woke, Searched(NotYet)],
            "search, sleep 2, search, submission_unknown after 1",
        ),
    ] {
        let cause = error(ErrorKind::Connection);
        let machine = Submission::lost(recovering(), Duration::from_secs(sent_ago), cause);
        assert_eq!(play(machine, events), expected, "sent {sent_ago} s ago");
    }
}

#[test]
fn the_error_of_a_search_contains_its_result() {
    for (response, word) in [
        (SearchResponse::NotYet, "no job that is surely it"),
        (several(), "2 jobs that could be it: a, b"),
        (SearchResponse::Failed(Error::new(ErrorKind::Authentication, "No key.")), "No key"),
        (history_trouble(None), "could not be read (It broke)"),
    ] {
        let policy = SubmitPolicy { deadline: Duration::from_secs(1), ..recovering() };
        let mut machine = Submission::new(policy);
        machine.step(Duration::ZERO, SubmitEvent::Start, 0.5);
        machine.step(Duration::ZERO, SubmitEvent::Responded(lost()), 0.5);
        machine.step(Duration::from_secs(1), SubmitEvent::Woke, 0.5);
        let action = machine.step(Duration::from_secs(1), SubmitEvent::Searched(response), 0.5);
        let SubmitAction::Finish(Err(error)) = action else { panic!("{word}: {action:?}") };
        assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
        assert!(error.message().contains(word), "{error}");
        assert_eq!(error.candidates().count(), if word.starts_with('2') { 2 } else { 0 });
    }
}

/// Every sequence of events up to a depth, fitting or not: of all submits that go out, at most one
/// is followed by a response after which a job may exist, and that response is the last word.
#[test]
fn at_most_one_submit_may_have_been_accepted() {
    let events: Vec<fn() -> SubmitEvent> = vec![
        || SubmitEvent::Start,
        || SubmitEvent::Woke,
        || SubmitEvent::HeldBack,
        || SubmitEvent::Responded(accepted()),
        || SubmitEvent::Responded(refused()),
        || SubmitEvent::Responded(again(Some(9))),
        || SubmitEvent::Responded(lost()),
        || SubmitEvent::Searched(found()),
        || SubmitEvent::Searched(SearchResponse::NotYet),
        || SubmitEvent::Searched(several()),
        || SubmitEvent::Searched(history_trouble(None)),
    ];
    for policy in [policy(), recovering()] {
        let mut sequences = 0;
        let fresh = Past::default();
        explore(&events, &Submission::new(policy), fresh, 6, &mut sequences);
        assert_eq!(sequences, events.len().pow(6), "every sequence was tried");
    }
}

/// What happened on the way to a state.
#[derive(Clone, Copy, Default)]
struct Past {
    now: u64,
    may_be_taken: bool,
    ended: bool,
}

fn explore(
    events: &[fn() -> SubmitEvent],
    machine: &Submission,
    past: Past,
    depth: u32,
    sequences: &mut usize,
) {
    if depth == 0 {
        *sequences += 1;
        return;
    }
    for event in events {
        let (mut machine, mut past, event) = (machine.clone(), past, event());
        let in_flight = matches!(machine.state, State::InFlight);
        let searching = matches!(machine.state, State::Searching(_));
        let brings_job = match &event {
            SubmitEvent::Responded(SubmitResponse::Accepted(_)) => in_flight,
            SubmitEvent::Searched(SearchResponse::Found(_)) => searching,
            _ => false,
        };
        let was_lost =
            in_flight && matches!(event, SubmitEvent::Responded(SubmitResponse::Lost(_)));
        let action = machine.step(Duration::from_secs(past.now), event, 0.5);
        assert!(!past.ended || matches!(action, SubmitAction::Nothing), "an action after the end");
        assert!(
            !brings_job || matches!(action, SubmitAction::Finish(Ok(_))),
            "the id is never lost"
        );
        match &action {
            SubmitAction::Submit => {
                assert!(!past.may_be_taken, "sent again after one that may have been taken");
                assert!(machine.attempts() <= policy().retry.max_retries + 1);
            }
            SubmitAction::Search => assert!(past.may_be_taken, "nothing to look for"),
            SubmitAction::Finish(outcome) => {
                assert_eq!(brings_job, outcome.is_ok());
                let unknown = outcome
                    .as_ref()
                    .is_err_and(|error| error.kind() == ErrorKind::SubmissionUnknown);
                let open = (past.may_be_taken || was_lost) && !brings_job;
                assert_eq!(
                    unknown, open,
                    "the error says so if it is unknown whether there is a job"
                );
                past.ended = true;
            }
            SubmitAction::Sleep(..) => {}
            SubmitAction::Nothing => assert!(!was_lost, "a response was ignored"),
        }
        past.may_be_taken |= was_lost || brings_job;
        past.now += 1;
        explore(events, &machine, past, depth - 1, sequences);
    }
}
