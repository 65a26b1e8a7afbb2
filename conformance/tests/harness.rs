//! Checks every reason why a run becomes red, each on a suite of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::time::Duration;

use viseme_conformance::command::{Request, RunSummary, run};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const DRIVER: &str = env!("CARGO_BIN_EXE_viseme-driver-rust");

const GOOD: &str = "
- id: ok/balance
  doc: The balance is that of the scenario.
  given: {balance_usd: 5}
  when: {op: balance}
  then: {value: {balance: 5}}
";
const WRONG: &str = "
- id: failing/balance
  doc: The balance is not the one that this case expects.
  given: {balance_usd: 5}
  when: {op: balance}
  then: {value: {balance: 6}}
";

/// A repository with these cases and one driver, with additional lines in its profile.
struct TestRepository {
    folder: tempfile::TempDir,
}

impl TestRepository {
    fn new(cases: &str, profile: &str, misbehavior: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().join("conformance");
        for part in ["cases", "profiles"] {
            std::fs::create_dir_all(here.join(part)).unwrap();
        }
        for file in ["features.yaml", "errors.yaml"] {
            std::fs::copy(Path::new(HERE).join(file), here.join(file)).unwrap();
        }
        std::fs::write(here.join("fixtures.yaml"), "[]").unwrap();
        std::fs::write(here.join("mutants.yaml"), "[]").unwrap();
        if !cases.is_empty() {
            std::fs::write(here.join("cases/all.yaml"), cases).unwrap();
        }
        let features = std::fs::read_to_string(Path::new(HERE).join("profiles/rust.yaml")).unwrap();
        let (_, features) = features.split_once("features:\n").unwrap();
        let misbehavior = if misbehavior.is_empty() {
            String::new()
        } else {
            format!(", --misbehavior, {misbehavior}")
        };
        let text = format!(
            "name: rust\nlanguage: rust\ncommand: [\"{DRIVER}\"{misbehavior}]\n{profile}\nfeatures:\n{features}"
        );
        std::fs::write(here.join("profiles/rust.yaml"), text).unwrap();
        Self { folder }
    }

    fn request(&self) -> Request {
        Request {
            root: self.folder.path().to_owned(),
            target: Some(self.folder.path().join("target")),
            out: self.folder.path().join("report"),
            // Selected, so that cases without a driver are not red.
            drivers: vec!["rust".to_owned()],
            cases: None,
            // With a selection of cases, the mutants do not run.
            case: Some("*/*".to_owned()),
            limit: Duration::from_secs(15),
            today: Some("2026-06-15".parse().unwrap()),
            released: false,
            build: false,
            openapi: None,
        }
    }

    async fn run(&self) -> RunSummary {
        run(&self.request()).await.unwrap()
    }
}

fn known(case: &str, until: &str) -> String {
    format!("known_failures: [{{case: {case}, reason: a known bug, until: {until}}}]")
}

#[tokio::test]
async fn a_suite_that_passes_is_green_and_reported() {
    let repository = TestRepository::new(GOOD, "", "");
    let conclusion = repository.run().await;
    assert!(conclusion.red.is_empty(), "{:?}", conclusion.red);
    assert!(conclusion.text.contains("1 pass"), "{}", conclusion.text);
    let report =
        |name: &str| std::fs::read_to_string(repository.folder.path().join("report").join(name));
    let results: serde_json::Value =
        serde_json::from_str(&report("results.json").unwrap()).unwrap();
    assert_eq!(results.pointer("/drivers/0/results/0/result").unwrap(), "pass");
    assert!(report("junit.xml").unwrap().contains("name=\"ok/balance\""));
    let page = report("report.html").unwrap();
    assert!(page.contains("ok/balance") && !page.contains("@DATA@"));
    assert!(!page.contains("src=") && !page.contains("http://www") && !page.contains("@import"));
}

#[tokio::test]
async fn a_failing_case_is_red_and_says_what_differs() {
    let conclusion = TestRepository::new(WRONG, "", "").run().await;
    assert_eq!(conclusion.red, ["rust: failing/balance: fail"]);
    assert!(conclusion.text.contains("balance: expected 6, found 5"), "{}", conclusion.text);
}

#[tokio::test]
async fn a_known_failure_is_allowed_until_its_date() {
    for (until, red) in [("2026-06-15", false), ("2026-06-14", true)] {
        let conclusion = TestRepository::new(WRONG, &known("failing/*", until), "").run().await;
        assert_eq!(!conclusion.red.is_empty(), red, "{until}: {:?}", conclusion.red);
        let word = if red { "stale-known-fail" } else { "known-fail" };
        assert!(conclusion.text.contains(word), "{}", conclusion.text);
    }
}

#[tokio::test]
async fn an_unexpected_pass_is_red() {
    let conclusion = TestRepository::new(GOOD, &known("ok/balance", "2026-12-31"), "").run().await;
    assert_eq!(conclusion.red, ["rust: ok/balance: unexpected-pass"]);
}

#[tokio::test]
async fn a_hello_that_differs_from_its_profile_is_red() {
    let conclusion = TestRepository::new(GOOD, "", "hello").run().await;
    assert_eq!(
        conclusion.red,
        ["rust: hello lists media_stream, but the profile does not"],
        "the case itself passes"
    );
}

#[tokio::test]
async fn a_response_that_violates_the_openapi_document_is_red() {
    // The response is unchanged, but this document does not allow it.
    let mut document: serde_json::Value = serde_json::from_str(viseme_mock::OPENAPI).unwrap();
    let balance = document.pointer_mut(
        "/paths/~1api~1v3~1balance/get/responses/200/content/application~1json/schema/properties/data/properties/balance",
    );
    *balance.unwrap() = serde_json::json!({"type": "string"});
    let faulty = "
- id: ok/faulty
  doc: A response that a fault caused may violate the document.
  given: {faults: [{at: other, nth: 1, do: {status: 418}}]}
  when: {op: balance}
  then: {may_fail: true}
";
    let repository = TestRepository::new(&format!("{GOOD}{faulty}"), "", "");
    let request = Request { openapi: Some(document.to_string()), ..repository.request() };
    let conclusion = run(&request).await.unwrap();
    assert_eq!(conclusion.red, ["rust: ok/balance: harness-error"]);
    assert!(
        conclusion.text.contains("the response to #1 GET /api/v3/balance violates the OpenAPI document of the mock server: /data/balance"),
        "{}",
        conclusion.text
    );
}

#[tokio::test]
async fn a_run_without_cases_or_drivers_fails() {
    let nothing = TestRepository::new("", "", "");
    let error = run(&nothing.request()).await.unwrap_err();
    assert!(error.to_string().contains("contains no cases"), "{error}");

    let repository = TestRepository::new(GOOD, "", "");
    let request = Request { case: Some("elsewhere/*".to_owned()), ..repository.request() };
    let error = run(&request).await.unwrap_err();
    assert!(error.to_string().contains("no case matches"), "{error}");
    let request = Request { drivers: vec!["cobol".to_owned()], ..repository.request() };
    let error = run(&request).await.unwrap_err();
    assert!(error.to_string().contains("there is no driver `cobol`"), "{error}");
}

#[tokio::test]
async fn a_driver_that_runs_no_case_is_red() {
    let inapplicable = GOOD.replace("  given:", "  requires: [error_classes]\n  given:");
    let conclusion = TestRepository::new(&inapplicable, "", "").run().await;
    assert_eq!(conclusion.red, ["rust: no case ran"]);
    assert!(conclusion.text.contains("1 not-applicable"), "{}", conclusion.text);
}

#[tokio::test]
async fn a_case_that_no_driver_runs_is_red() {
    let inapplicable = GOOD.replace("  given:", "  requires: [error_classes]\n  given:");
    let cases = format!("{GOOD}{}", inapplicable.replace("ok/balance", "ok/inapplicable"));
    let repository = TestRepository::new(&cases, "", "");
    // A full run includes the mutants.
    let mutant = "[{name: poll-too-often, what: polls too often, case: ok/balance}]";
    std::fs::write(repository.folder.path().join("conformance/mutants.yaml"), mutant).unwrap();
    let conclusion =
        run(&Request { drivers: Vec::new(), case: None, ..repository.request() }).await.unwrap();
    assert_eq!(
        conclusion.red,
        ["ok/inapplicable: no driver runs it", "the mutant poll-too-often survives ok/balance"]
    );
}

#[tokio::test]
async fn a_crash_is_red_and_the_other_cases_still_run() {
    let conclusion = TestRepository::new(&format!("{WRONG}{GOOD}"), "", "crash").run().await;
    assert_eq!(conclusion.red, ["rust: failing/balance: crash"]);
    assert!(conclusion.text.contains("1 pass"), "{}", conclusion.text);
    // A crash can be a known failure like any other.
    let known_crash = known("failing/balance", "2026-12-31");
    let conclusion =
        TestRepository::new(&format!("{WRONG}{GOOD}"), &known_crash, "crash").run().await;
    assert!(conclusion.red.is_empty(), "{:?}", conclusion.red);
}

#[tokio::test]
async fn silence_and_invalid_outcomes_are_red() {
    let repository = TestRepository::new(&format!("{WRONG}{GOOD}"), "", "silence");
    let request = Request { limit: Duration::from_secs(2), ..repository.request() };
    let conclusion = run(&request).await.unwrap();
    assert_eq!(conclusion.red, ["rust: failing/balance: timeout"]);
    let conclusion =
        TestRepository::new(&format!("{WRONG}{GOOD}"), "", "invalid-message").run().await;
    assert_eq!(conclusion.red, ["rust: failing/balance: crash"]);
    assert!(conclusion.text.contains("an outcome must have exactly one"), "{}", conclusion.text);
}

#[tokio::test]
async fn an_invalid_case_is_reported_with_its_line() {
    for (cases, place, word) in [
        (GOOD.replace("balance_usd", "balanse_usd"), "all.yaml:2", "balanse_usd"),
        (
            GOOD.replace("op: balance", "op: balance, options: {deadline: 1}, as: x, colour: red"),
            "all.yaml",
            "colour",
        ),
        (GOOD.replace("  when:", "  requires: [teleport]\n  when:"), "all.yaml:2", "teleport"),
        (GOOD.replace("value: {balance: 5}", "error: {code: oops}"), "all.yaml:2", "oops"),
        (GOOD.replace("balance: 5}}", "balance: {$odd: 5}}}"), "all.yaml:2", "$odd"),
        (format!("{GOOD}{GOOD}"), "all.yaml:8", "already"),
        (GOOD.replace("ok/balance", "Balance"), "all.yaml:2", "group/name"),
        (GOOD.replace("then: {", "then: {ledger: {chargess: 1}, "), "all.yaml:2", "chargess"),
    ] {
        let repository = TestRepository::new(&cases, "", "");
        let error = format!("{:#}", run(&repository.request()).await.unwrap_err());
        assert!(error.contains(place) && error.contains(word), "{error}");
    }
}

#[tokio::test]
async fn an_invalid_profile_is_reported() {
    for (more, word) in [
        ("clock: {scaled: 2}", "virtual_clock"),
        ("known_failures: [{case: '[', reason: r, until: 2026-01-01}]", "pattern"),
        ("known_failures: [{case: a, reason: r, until: tomorrow}]", "until"),
    ] {
        let repository = TestRepository::new(GOOD, more, "");
        let error = format!("{:#}", run(&repository.request()).await.unwrap_err());
        assert!(error.contains("rust.yaml") && error.contains(word), "{error}");
    }
}
