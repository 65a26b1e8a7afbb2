//! The key goes to the API's own host, and nowhere else.

use std::error::Error as _;
use std::sync::{Arc, Mutex};

use crate::support::{TestClient, local_input, remote_input};
use viseme::Progress;
use viseme_mock::scenario::Body;
use viseme_mock::{Fault, RequestKind, Scenario};

/// Returns all texts of an error.
fn all_text(error: &viseme::Error) -> String {
    let mut text =
        format!("{error} {error:?} {error:#?} {:?} {:?}", error.http(), error.prediction());
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn a_server_that_repeats_the_key_does_not_spread_it() {
    for point in [RequestKind::Submit, RequestKind::Poll, RequestKind::Presign] {
        for status in [200, 400, 500] {
            let test = TestClient::new().await;
            let key = test.world.key().to_owned();
            let body = format!(r#"{{"code":{status},"message":"you sent Bearer {key}, {key}"}}"#);
            test.world.add_fault(Fault::at(point).status(status).body(Body::Text(body)));
            let events = Arc::new(Mutex::new(String::new()));
            let listener = {
                let events = Arc::clone(&events);
                move |progress: Progress| events.lock().unwrap().push_str(&format!("{progress:?}"))
            };
            let error = test.client.run(local_input()).on_progress(listener).await.unwrap_err();
            let text = all_text(&error);
            assert!(!text.contains(&key), "{point:?} {status}: {text}");
            assert!(!events.lock().unwrap().contains(&key), "{point:?} {status}");
            assert!(text.contains("[key]"), "the other words are kept: {text}");
        }
    }
}

#[tokio::test]
async fn the_key_is_sent_to_the_api_alone() {
    let test = TestClient::new().await;
    let prediction = test.client.run(local_input()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    test.client.download_output(&prediction, folder.path()).await.unwrap();
    for exchange in test.world.journal() {
        let is_api = exchange.path.starts_with("/api/");
        assert_eq!(exchange.authorized, is_api, "{} {}", exchange.method, exchange.path);
        let text = format!("{:?} {} {}", exchange.headers, exchange.path, exchange.query);
        assert!(!text.contains(test.world.key()), "{text}");
    }
}

#[tokio::test]
async fn no_printable_value_contains_the_key() {
    let test = TestClient::with(Scenario::new()).await;
    let job = test.client.submit(remote_input()).await.unwrap();
    let text = format!("{:?} {:?}", test.client, job);
    assert!(!text.contains(test.world.key()), "{text}");
}

#[tokio::test]
async fn the_client_sends_its_name_and_version() {
    let test = TestClient::configured(Scenario::new(), |config| {
        config.client_name("my-app").user_agent("my-app/1.2")
    })
    .await;
    test.client.submit(remote_input()).await.unwrap();
    let submit = &test.world.requests(RequestKind::Submit)[0];
    let header = |name: &str| {
        submit.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).unwrap_or_default()
    };
    assert_eq!(header("x-client-name"), "my-app");
    assert_eq!(header("x-client-version"), env!("CARGO_PKG_VERSION"));
    assert!(!header("x-client-os").is_empty());
    assert!(header("user-agent").starts_with("my-app/1.2 viseme/"), "{}", header("user-agent"));
}

#[tokio::test]
async fn a_replaced_key_is_used_from_then_on_by_all_clones() {
    let test = TestClient::new().await;
    let key = test.world.key().to_owned();
    let clone = test.client.clone();
    clone.set_api_key("expired").unwrap();
    let error = test.client.submit(local_input()).await.unwrap_err();
    assert_eq!(error.code(), "authentication");
    clone.set_api_key(&key).unwrap();
    test.client.submit(local_input()).await.unwrap();
    for unusable in ["", "  ", "two\nlines"] {
        assert_eq!(clone.set_api_key(unusable).unwrap_err().code(), "config");
    }
    test.client.submit(local_input()).await.unwrap();
}
