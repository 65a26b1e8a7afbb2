//! Files that are no ledger, and what a file contains.

use std::path::Path;
use std::time::SystemTime;

use serde_json::json;
use url::Url;
use viseme::SubmitRecord;
use viseme::ledger::{Account, ClaimRequest, Ledger as _, LedgerKey};
use viseme_ledger::SqliteLedger;

#[tokio::test]
async fn the_api_key_is_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = SqliteLedger::open(&path).unwrap();
    let api_key = "an-api-key-0123456789";
    let account = Account::of_api_key(&Url::parse("https://api.example").unwrap(), api_key);
    let record = SubmitRecord::new("a/b", json!({}), SystemTime::now());
    ledger.claim(&ClaimRequest::new(LedgerKey::new(account, "a"), "x", record)).await.unwrap();
    // While it is open, what was written is in a file of its own, and no file disappears.
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(files.len() > 1, "{files:?}");
    for file in files {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(api_key.len()).any(|part| part == api_key.as_bytes()));
    }
    drop(ledger);
}

fn refusal(path: &Path) -> String {
    match SqliteLedger::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn files_that_are_no_ledger_of_this_version_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(
        path("text"),
        "not a database, but long enough to have a header of 100 bytes. ".repeat(40),
    )
    .unwrap();
    assert!(refusal(&path("text")).contains("is not a ledger"));

    rusqlite::Connection::open(path("other")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(refusal(&path("other")).contains("another program"));

    drop(SqliteLedger::open(path("newer")).unwrap());
    rusqlite::Connection::open(path("newer"))
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    assert!(refusal(&path("newer")).contains("Update Viseme"));

    assert!(refusal(&path("missing/ledger.db")).contains("can be written to"));
    assert!(refusal(folder.path()).contains("cannot be opened"));
}

#[test]
fn a_ledger_that_was_lost_is_not_replaced_by_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let refusal = || SqliteLedger::open_existing(&path).err().map(|error| error.to_string());
    assert!(refusal().unwrap().contains("is gone, although it was used before"));
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    assert!(refusal().unwrap().contains("is empty, although it was used before"));
    drop(SqliteLedger::open(&path).unwrap());
    assert_eq!(refusal(), None);
}
