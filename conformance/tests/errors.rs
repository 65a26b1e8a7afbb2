//! Checks that the error table matches core, and that docs/errors.md matches the table.
//!
//! To generate the page: `VISEME_UPDATE_DOCS=1 cargo test -p viseme-conformance --test errors`.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use viseme::ErrorKind;
use viseme_conformance::contract::{ErrorTable, Features, errors_page};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn table() -> ErrorTable {
    ErrorTable::load(&Path::new(HERE).join("errors.yaml")).expect("errors.yaml is valid")
}

#[test]
fn the_table_has_exactly_the_error_kinds_of_core() {
    let of_core: Vec<_> =
        ErrorKind::ALL.iter().map(|kind| (kind.code().to_owned(), format!("{kind:?}"))).collect();
    let of_table: Vec<_> = table().errors.into_iter().map(|row| (row.code, row.kind)).collect();
    assert_eq!(of_table, of_core);
}

#[test]
fn class_names_depend_on_the_language() {
    let table = table();
    let names = |code, language| table.class_names(code, language).unwrap().join(" ");
    assert_eq!(names("rate_limit", "node"), "RateLimitError ApiStatusError ApiError VisemeError");
    assert_eq!(
        names("request_timeout", "python"),
        "ApiTimeoutError ApiConnectionError ApiError VisemeError TimeoutError"
    );
    assert_eq!(
        names("wait_timeout", "kotlin"),
        "WaitTimeoutException JobException VisemeException"
    );
    assert!(table.class_names("nonsense", "python").is_err());
}

#[test]
fn docs_errors_md_is_up_to_date() {
    let page = Path::new(HERE).join("../docs/errors.md");
    let made = errors_page(&table());
    if std::env::var_os("VISEME_UPDATE_DOCS").is_some() {
        std::fs::write(&page, &made).expect("docs/errors.md is writable");
    }
    let committed = std::fs::read_to_string(&page).expect("docs/errors.md exists");
    assert!(
        committed == made,
        "docs/errors.md is out of date with conformance/errors.yaml. Generate it: \
         VISEME_UPDATE_DOCS=1 cargo test -p viseme-conformance --test errors"
    );
}

#[test]
fn every_feature_has_a_description() {
    let features = Features::load(&Path::new(HERE).join("features.yaml")).unwrap();
    for (word, means) in features.iter() {
        assert!(
            word.bytes().all(|byte| byte.is_ascii_lowercase()
                || byte == b'_'
                || byte == b'6'
                || byte == b'4'),
            "{word}"
        );
        assert!(means.len() > 10, "{word}: {means}");
    }
    assert!(features.require(["run", "virtual_clock"]).is_ok());
    assert!(features.require(["run", "teleport"]).unwrap_err().to_string().contains("teleport"));
}
