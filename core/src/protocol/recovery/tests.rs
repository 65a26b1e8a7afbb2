use serde_json::json;

use super::*;
use crate::protocol::Status;

const SENT: Duration = Duration::from_secs(1_000_000);

fn record() -> SubmitRecord {
    let sent_at = SystemTime::UNIX_EPOCH + Duration::from_secs(5);
    SubmitRecord::new("m", json!({"audio": "https://a", "speed": 1}), sent_at)
}

/// A job made so many seconds after the sending.
fn job(id: &str, after: i64, input: Option<Value>) -> Arc<Prediction> {
    let mut job = Prediction::new(id, Status::Created);
    job.model = "m".into();
    let at = SENT.as_secs().saturating_add_signed(after);
    job.created_at = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(at));
    job.input = input;
    Arc::new(job)
}

fn same() -> Option<Value> {
    Some(json!({"audio": "https://a", "speed": 1.0, "a_default": true}))
}

fn other() -> Option<Value> {
    Some(json!({"audio": "https://b", "speed": 1}))
}

fn describe(
    history: &[Arc<Prediction>],
    claimed: &[&str],
    concurrent: ConcurrentSubmits,
) -> String {
    let sent_at = SystemTime::UNIX_EPOCH + SENT;
    let criteria = RecoveryCriteria { match_by_time: true, ..RecoveryCriteria::default() };
    match find(&record(), sent_at, history, &|id| claimed.contains(&id), concurrent, &criteria) {
        Finding::Nothing => "nothing".into(),
        Finding::Job(job, RecoveredBy::Input) => format!("{} by input", job.id),
        Finding::Job(job, RecoveredBy::ModelAndTime) => format!("{} by time", job.id),
        Finding::Candidates(jobs) => {
            format!("several {:?}", jobs.iter().map(|job| job.id.as_str()).collect::<Vec<_>>())
        }
    }
}

#[test]
fn findings_in_a_history() {
    let none = ConcurrentSubmits::default();
    let lost = ConcurrentSubmits { lost: 1, ..none };
    let in_flight = ConcurrentSubmits { in_flight: 1, ..none };
    let of_model = ConcurrentSubmits { of_model: 1, ..none };
    for (history, claimed, concurrent, expected) in [
        (vec![], vec![], none, "nothing"),
        (vec![job("a", 1, same())], vec![], none, "a by input"),
        (vec![job("a", 1, other())], vec![], none, "nothing"),
        (vec![job("a", 1, other()), job("b", 1, same())], vec![], none, "b by input"),
        // Of another time.
        (vec![job("a", -61, same())], vec![], none, "nothing"),
        (vec![job("a", -59, same())], vec![], none, "a by input"),
        (vec![job("a", 599, same())], vec![], none, "a by input"),
        (vec![job("a", 601, same())], vec![], none, "nothing"),
        // Claimed by another submit of this client.
        (vec![job("a", 1, same())], vec!["a"], none, "nothing"),
        (vec![job("a", 1, same()), job("b", 2, same())], vec!["a"], none, "b by input"),
        // Two that fit: never a guess.
        (vec![job("b", 2, same()), job("a", 1, same())], vec![], none, r#"several ["a", "b"]"#),
        // Two lost submits with equal inputs share two jobs, the oldest first.
        (vec![job("b", 2, same()), job("a", 1, same())], vec![], lost, "a by input"),
        (vec![job("b", 2, same()), job("a", 1, same())], vec!["a"], none, "b by input"),
        // One whose response is still to come may own it.
        (vec![job("a", 1, same())], vec![], in_flight, "nothing"),
        // The same job listed twice is one job.
        (vec![job("a", 1, same()), job("a", 1, same())], vec![], none, "a by input"),
        // Also where others of the same moment stand between.
        (
            vec![job("a", 1, same()), job("b", 1, same()), job("a", 1, same())],
            vec![],
            lost,
            "a by input",
        ),
        // A history without inputs.
        (vec![job("a", 1, None)], vec![], none, "a by time"),
        (vec![job("a", 1, None), job("b", 2, None)], vec![], none, r#"several ["a", "b"]"#),
        (vec![job("a", 1, None)], vec![], of_model, "nothing"),
        (vec![job("a", 1, None)], vec![], lost, "nothing"),
        (vec![job("a", 1, None), job("b", 1, same())], vec![], of_model, "b by input"),
    ] {
        assert_eq!(describe(&history, &claimed, concurrent), expected);
    }
}

#[test]
fn a_job_that_cannot_be_adopted_is_a_candidate_also_beside_other_submits() {
    let none = ConcurrentSubmits::default();
    for concurrent in [
        none,
        ConcurrentSubmits { lost: 1, ..none },
        ConcurrentSubmits { in_flight: 1, ..none },
        ConcurrentSubmits { of_model: 1, ..none },
    ] {
        let (sent_at, criteria) = (SystemTime::UNIX_EPOCH + SENT, RecoveryCriteria::default());
        let jobs = vec![job("a", 1, None)];
        let found = find(&record(), sent_at, &jobs, &|_| false, concurrent, &criteria);
        assert_eq!(found, Finding::Candidates(jobs));
    }
}

#[test]
fn a_record_may_have_the_latest_possible_time() {
    let job = job("a", 1, same());
    let mut last = SystemTime::UNIX_EPOCH;
    for power in (0..63).rev() {
        last = last.checked_add(Duration::from_secs(1 << power)).unwrap_or(last);
    }
    let found = find(
        &record(),
        last,
        &[job],
        &|_| false,
        ConcurrentSubmits::default(),
        &RecoveryCriteria::default(),
    );
    assert_eq!(found, Finding::Nothing);
    let window = RecoveryCriteria::default().window(SystemTime::UNIX_EPOCH + SENT);
    assert_eq!(window.start, SystemTime::UNIX_EPOCH + SENT - SKEW);
}

#[test]
fn which_inputs_are_the_same() {
    let sent = json!({"audio": "https://a", "list": [1, {"x": 2}], "unknown": 1});
    for (kept, expected) in [
        (json!({"audio": "https://a", "list": [1.0, {"x": 2.0}], "unknown": 1}), true),
        (json!({"audio": "https://a", "list": [1, {"x": 2}], "default": "en"}), true),
        (json!({"audio": "https://a", "list": [1, {"x": 3}]}), false),
        (json!({"audio": "https://a", "list": [1]}), false),
        (json!({"audio": "https://A"}), false),
        (json!({"default": "en"}), false),
        (json!({}), false),
        (json!(null), false),
        (json!("text"), false),
    ] {
        assert_eq!(is_same(&sent, &kept), expected, "{kept}");
    }
}

#[test]
fn a_job_of_another_model_never_matches() {
    let mut foreign = Arc::unwrap_or_clone(job("a", 1, same()));
    foreign.model = "other".into();
    assert_eq!(describe(&[Arc::new(foreign)], &[], ConcurrentSubmits::default()), "nothing");
}

#[test]
fn without_match_by_time_a_job_without_input_is_only_a_candidate() {
    let sent_at = SystemTime::UNIX_EPOCH + SENT;
    let history = [job("a", 1, None)];
    let criteria = RecoveryCriteria::default();
    let none = ConcurrentSubmits::default();
    let found = find(&record(), sent_at, &history, &|_| false, none, &criteria);
    assert_eq!(found, Finding::Candidates(vec![job("a", 1, None)]));
}

#[test]
fn the_criteria_exclude_jobs_and_extend_the_window() {
    let sent_at = SystemTime::UNIX_EPOCH + SENT;
    let none = ConcurrentSubmits::default();
    let history = [job("a", 1, same()), job("b", 3000, same())];
    let excluding = RecoveryCriteria { exclude: ["a".to_owned()].into(), ..Default::default() };
    let found = find(&record(), sent_at, &history, &|_| false, none, &excluding);
    assert_eq!(found, Finding::Nothing, "b is too late");
    let later = RecoveryCriteria { sent_within: Duration::from_secs(3600), ..excluding };
    let found = find(&record(), sent_at, &history, &|_| false, none, &later);
    assert_eq!(found, Finding::Job(job("b", 3000, same()), RecoveredBy::Input));
}

#[test]
fn jobs_of_a_wrong_clock_are_candidates_by_their_input() {
    let window = wrong_clock_window(SystemTime::UNIX_EPOCH + SENT);
    let history = [
        job("later", 14 * 3600, same()),
        job("earlier", -14 * 3600, same()),
        job("other", 3600, other()),
        job("claimed", 1, same()),
        job("next week", 600_000, same()),
    ];
    let criteria = RecoveryCriteria::default();
    let found = candidates(&record(), &history, &window, &|id| id == "claimed", &criteria);
    let ids: Vec<_> = found.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["earlier", "later"]);
}
