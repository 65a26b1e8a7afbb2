use proptest::prelude::*;

use super::*;

fn seen(status: &str, sent: u64, received: u64) -> Observation {
    Observation { status: status.to_owned(), sent: sent * 1000, received: received * 1000 }
}

fn span(from: u64, to: u64) -> Span {
    Span { from: from * 1000, to: to * 1000 }
}

fn shown(states: &[RecordedState]) -> Vec<String> {
    let show = |state: &RecordedState| {
        let mark = if state.narrowed_by.is_some() { "!" } else { "" };
        format!("{} {}-{}{mark}", state.status, state.not_before_ms, state.not_after_ms)
    };
    states.iter().map(show).collect()
}

#[test]
fn intervals_of_typical_jobs() {
    let submit = seen("created", 10, 20);
    let poll = |status: &str, at: u64| seen(status, at, at + 10);
    for (name, polls, took, expected) in [
        ("only the submit", vec![], None, vec!["created 0-0"]),
        (
            "one poll in each state",
            vec![poll("created", 1020), poll("processing", 2020), poll("completed", 3020)],
            None,
            vec!["created 0-0", "processing 1000-2020", "completed 2000-3020"],
        ),
        (
            "narrowed by the time it took",
            vec![poll("created", 1020), poll("processing", 2020), poll("completed", 3020)],
            Some(1900),
            vec!["created 0-0", "processing 1000-1120!", "completed 2900-3020!"],
        ),
        (
            "a time that does not fit is ignored",
            vec![poll("processing", 1020), poll("completed", 2020)],
            Some(60_000),
            vec!["created 0-0", "processing 0-1020", "completed 1000-2020"],
        ),
        (
            "a response that was overtaken",
            vec![poll("processing", 100), seen("created", 50, 5000)],
            None,
            vec!["created 0-0", "processing 30-100"],
        ),
        (
            "unknown words are in between",
            vec![poll("completed", 3000), poll("warming", 1000)],
            None,
            vec!["created 0-0", "warming 0-1000", "completed 980-3000"],
        ),
    ] {
        let observations = [vec![submit.clone()], polls].concat();
        assert_eq!(shown(&states(&observations, span(10, 20), took)), expected, "{name}");
    }
    let sync = states(&[seen("completed", 10, 5000)], span(10, 5000), None);
    assert_eq!(shown(&sync), ["completed 0-4990"]);
    assert_eq!(states(&[], span(0, 0), None), []);
}

#[test]
fn the_clock_of_the_service_narrows_when_jobs_were_accepted() {
    let job = |from, to, created: Option<i64>| Accepted {
        span: Span { from, to },
        created_at: created.map(|created| created + 1_000_000),
    };
    // A slow submit between two quick ones, by a clock that is 1 s ahead.
    let jobs = [job(10, 12, Some(11)), job(100, 900, Some(500)), job(2000, 3000, None)];
    let expected =
        [Span { from: 10, to: 12 }, Span { from: 499, to: 501 }, Span { from: 2000, to: 3000 }];
    assert_eq!(accepted_spans(&jobs), expected);
    // A clock that runs at another speed says nothing.
    let odd = [job(10, 12, Some(11)), job(100, 110, Some(1000))];
    assert_eq!(accepted_spans(&odd), [odd[0].span, odd[1].span]);
}

/// A job of the service, and when it is asked. Each request takes some time, and the service looks at the
/// job at some moment of it.
#[derive(Clone, Debug)]
struct Trace {
    accepted: u64,
    /// After the acceptance.
    processing: u64,
    ended: u64,
    /// When each is sent, how long until the service looks, and how long until the response arrives.
    polls: Vec<(u64, u64, u64)>,
    submit: (u64, u64),
}

fn traces() -> impl Strategy<Value = Trace> {
    let request = || (0u64..200_000, 0u64..200_000);
    let poll = (0u64..12_000_000, 0u64..200_000, 0u64..900_000);
    (request(), 0u64..5_000_000, 0u64..5_000_000, proptest::collection::vec(poll, 0..20)).prop_map(
        |(submit, processing, took, polls)| Trace {
            accepted: submit.0,
            processing,
            ended: processing + took,
            polls,
            submit,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_state_began_within_its_interval(trace in traces(), knows_time: bool) {
        let status = |at: u64| match at.saturating_sub(trace.accepted) {
            age if age >= trace.ended => "completed",
            age if age >= trace.processing => "processing",
            _ => "created",
        };
        let mut observations = vec![Observation {
            status: status(trace.accepted).to_owned(),
            sent: 0,
            received: trace.submit.0 + trace.submit.1,
        }];
        observations.extend(trace.polls.iter().map(|(sent, until, back)| {
            let sent = sent + trace.accepted + trace.submit.1;
            Observation {
                status: status(sent + until).to_owned(),
                sent,
                received: sent + until + back,
            }
        }));
        let span = Span { from: 0, to: trace.submit.0 + trace.submit.1 };
        let took = (trace.ended - trace.processing) / 1000;
        for state in states(&observations, span, knows_time.then_some(took)) {
            let began = match state.status.as_str() {
                "created" => 0,
                "processing" => trace.processing,
                _ => trace.ended,
            };
            prop_assert!(
                state.not_before_ms * 1000 <= began && began <= state.not_after_ms * 1000,
                "{state:?} began at {began}"
            );
        }
    }
}
