//! What turns a run red: each way is shown on a suite of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::time::Duration;

use viseme_conformance::command::{Conclusion, Request, run};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const DRIVER: &str = env!("CARGO_BIN_EXE_viseme-driver-rust");

const GOOD: &str = "
- id: ease/balance
  doc: The balance is what the script says that it is.
  given: {balance_usd: 5}
  when: {op: balance}
  then: {value: {balance: 5}}
";
const WRONG: &str = "
- id: trouble/balance
  doc: The balance is not what this case expects of it.
  given: {balance_usd: 5}
  when: {op: balance}
  then: {value: {balance: 6}}
";

/// A repository with these cases and one driver, whose profile has these lines more.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new(cases: &str, profile: &str, slip: &str) -> Self {
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
        let slip = if slip.is_empty() { String::new() } else { format!(", --slip, {slip}") };
        let text = format!(
            "name: rust\nlanguage: rust\ncommand: [\"{DRIVER}\"{slip}]\n{profile}\nfeatures:\n{features}"
        );
        std::fs::write(here.join("profiles/rust.yaml"), text).unwrap();
        Self { folder }
    }

    fn request(&self) -> Request {
        Request {
            root: self.folder.path().to_owned(),
            target: Some(self.folder.path().join("target")),
            out: self.folder.path().join("report"),
            // Named, so that only what a test is about can be red.
            drivers: vec!["rust".to_owned()],
            // With a choice of cases, mutants are not tried.
            case: Some("*/*".to_owned()),
            limit: Duration::from_secs(15),
            today: Some("2026-06-15".parse().unwrap()),
            released: false,
            build: false,
            openapi: None,
        }
    }

    async fn run(&self) -> Conclusion {
        run(&self.request()).await.unwrap()
    }
}

fn known(case: &str, until: &str) -> String {
    format!("known_failures: [{{case: {case}, reason: it is known, until: {until}}}]")
}

#[tokio::test]
async fn a_suite_that_passes_is_green_and_reported() {
    let scene = Scene::new(GOOD, "", "");
    let conclusion = scene.run().await;
    assert!(conclusion.red.is_empty(), "{:?}", conclusion.red);
    assert!(conclusion.text.contains("1 pass"), "{}", conclusion.text);
    let report =
        |name: &str| std::fs::read_to_string(scene.folder.path().join("report").join(name));
    let results: serde_json::Value =
        serde_json::from_str(&report("results.json").unwrap()).unwrap();
    assert_eq!(results.pointer("/drivers/0/results/0/verdict").unwrap(), "pass");
    assert!(report("junit.xml").unwrap().contains("name=\"ease/balance\""));
    let page = report("report.html").unwrap();
    assert!(page.contains("ease/balance") && !page.contains("@DATA@"));
    assert!(!page.contains("src=") && !page.contains("http://www") && !page.contains("@import"));
}

#[tokio::test]
async fn a_failing_case_is_red_and_says_what_differs() {
    let conclusion = Scene::new(WRONG, "", "").run().await;
    assert_eq!(conclusion.red, ["rust: trouble/balance: fail"]);
    assert!(conclusion.text.contains("balance: expected 6, found 5"), "{}", conclusion.text);
}

#[tokio::test]
async fn a_known_failure_is_borne_until_its_day() {
    for (until, red) in [("2026-06-15", false), ("2026-06-14", true)] {
        let conclusion = Scene::new(WRONG, &known("trouble/*", until), "").run().await;
        assert_eq!(!conclusion.red.is_empty(), red, "{until}: {:?}", conclusion.red);
        let word = if red { "stale-known-fail" } else { "known-fail" };
        assert!(conclusion.text.contains(word), "{}", conclusion.text);
    }
}

#[tokio::test]
async fn an_unexpected_pass_is_red() {
    let conclusion = Scene::new(GOOD, &known("ease/balance", "2026-12-31"), "").run().await;
    assert_eq!(conclusion.red, ["rust: ease/balance: unexpected-pass"]);
}

#[tokio::test]
async fn a_hello_that_differs_from_its_profile_is_red() {
    let conclusion = Scene::new(GOOD, "", "hello").run().await;
    assert_eq!(
        conclusion.red,
        ["rust: it says it can media_stream; its profile does not"],
        "the case itself passes"
    );
}

#[tokio::test]
async fn a_mock_server_that_breaks_its_own_document_is_red() {
    // The server says what it always says; the document it is held to allows it no more.
    let mut document: serde_json::Value = serde_json::from_str(viseme_mock::OPENAPI).unwrap();
    let balance = document.pointer_mut(
        "/paths/~1api~1v3~1balance/get/responses/200/content/application~1json/schema/properties/data/properties/balance",
    );
    *balance.unwrap() = serde_json::json!({"type": "string"});
    let spoilt = "
- id: ease/spoilt
  doc: An answer that a fault spoils is not held against the mock server.
  given: {faults: [{at: other, nth: 1, do: {status: 418}}]}
  when: {op: balance}
  then: {may_fail: true}
";
    let scene = Scene::new(&format!("{GOOD}{spoilt}"), "", "");
    let request = Request { openapi: Some(document.to_string()), ..scene.request() };
    let conclusion = run(&request).await.unwrap();
    assert_eq!(conclusion.red, ["rust: ease/balance: harness-error"]);
    assert!(
        conclusion.text.contains("the mock server broke its own OpenAPI document at #1 GET /api/v3/balance: /data/balance"),
        "{}",
        conclusion.text
    );
}

#[tokio::test]
async fn no_case_is_no_success() {
    let nothing = Scene::new("", "", "");
    let error = run(&nothing.request()).await.unwrap_err();
    assert!(error.to_string().contains("there are no cases"), "{error}");

    let scene = Scene::new(GOOD, "", "");
    let request = Request { case: Some("elsewhere/*".to_owned()), ..scene.request() };
    let error = run(&request).await.unwrap_err();
    assert!(error.to_string().contains("no case fits"), "{error}");
    let request = Request { drivers: vec!["cobol".to_owned()], ..scene.request() };
    let error = run(&request).await.unwrap_err();
    assert!(error.to_string().contains("there is no driver `cobol`"), "{error}");
}

#[tokio::test]
async fn cases_that_do_not_apply_are_not_enough() {
    let needy = GOOD.replace("  given:", "  needs: [error_classes]\n  given:");
    let conclusion = Scene::new(&needy, "", "").run().await;
    assert_eq!(conclusion.red, ["rust: no case was run"]);
    assert!(conclusion.text.contains("1 not-applicable"), "{}", conclusion.text);
}

#[tokio::test]
async fn a_case_that_no_driver_runs_is_red() {
    let needy = GOOD.replace("  given:", "  needs: [error_classes]\n  given:");
    let cases = format!("{GOOD}{}", needy.replace("ease/balance", "ease/needy"));
    let scene = Scene::new(&cases, "", "");
    // A whole run tries the mutants too.
    let mutant = "[{name: hasty, what: it is hasty, case: ease/balance}]";
    std::fs::write(scene.folder.path().join("conformance/mutants.yaml"), mutant).unwrap();
    let conclusion =
        run(&Request { drivers: Vec::new(), case: None, ..scene.request() }).await.unwrap();
    assert_eq!(
        conclusion.red,
        ["ease/needy: no driver runs it", "the mutant hasty survives ease/balance"]
    );
}

#[tokio::test]
async fn a_crash_in_mid_case_is_red_and_the_others_still_run() {
    let conclusion = Scene::new(&format!("{WRONG}{GOOD}"), "", "crash").run().await;
    assert_eq!(conclusion.red, ["rust: trouble/balance: crash"]);
    assert!(conclusion.text.contains("1 pass"), "{}", conclusion.text);
    // A crash is borne like any other failure, where it is known.
    let borne = known("trouble/balance", "2026-12-31");
    let conclusion = Scene::new(&format!("{WRONG}{GOOD}"), &borne, "crash").run().await;
    assert!(conclusion.red.is_empty(), "{:?}", conclusion.red);
}

#[tokio::test]
async fn silence_and_nonsense_are_red() {
    let scene = Scene::new(&format!("{WRONG}{GOOD}"), "", "silence");
    let request = Request { limit: Duration::from_secs(2), ..scene.request() };
    let conclusion = run(&request).await.unwrap();
    assert_eq!(conclusion.red, ["rust: trouble/balance: timeout"]);
    let conclusion = Scene::new(&format!("{WRONG}{GOOD}"), "", "garbage").run().await;
    assert_eq!(conclusion.red, ["rust: trouble/balance: crash"]);
    assert!(conclusion.text.contains("an outcome says one thing"), "{}", conclusion.text);
}

#[tokio::test]
async fn what_is_wrong_with_a_case_is_told_with_its_line() {
    for (cases, place, word) in [
        (GOOD.replace("balance_usd", "balanse_usd"), "all.yaml:2", "balanse_usd"),
        (
            GOOD.replace("op: balance", "op: balance, options: {deadline: 1}, as: x, colour: red"),
            "all.yaml",
            "colour",
        ),
        (GOOD.replace("  when:", "  needs: [teleport]\n  when:"), "all.yaml:2", "teleport"),
        (GOOD.replace("value: {balance: 5}", "error: {code: oops}"), "all.yaml:2", "oops"),
        (GOOD.replace("balance: 5}}", "balance: {$odd: 5}}}"), "all.yaml:2", "$odd"),
        (format!("{GOOD}{GOOD}"), "all.yaml:8", "already"),
        (GOOD.replace("ease/balance", "Balance"), "all.yaml:2", "group/name"),
        (GOOD.replace("then: {", "then: {ledger: {chargess: 1}, "), "all.yaml:2", "chargess"),
    ] {
        let scene = Scene::new(&cases, "", "");
        let error = format!("{:#}", run(&scene.request()).await.unwrap_err());
        assert!(error.contains(place) && error.contains(word), "{error}");
    }
}

#[tokio::test]
async fn profiles_are_judged() {
    for (more, word) in [
        ("clock: {scaled: 2}", "lockstep"),
        ("known_failures: [{case: '[', reason: r, until: 2026-01-01}]", "pattern"),
        ("known_failures: [{case: a, reason: r, until: tomorrow}]", "until"),
    ] {
        let scene = Scene::new(GOOD, more, "");
        let error = format!("{:#}", run(&scene.request()).await.unwrap_err());
        assert!(error.contains("rust.yaml") && error.contains(word), "{error}");
    }
}
