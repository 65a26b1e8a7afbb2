//! Sync mode, base64, and servers that know only the older requests.

use std::time::Duration;

use crate::support::{FACE, TestClient, local_input, remote_input};
use viseme::{ErrorKind, Input, Output, RecoveredBy, Status};
use viseme_mock::scenario::Body;
use viseme_mock::{ClockMode, Fault, JobRule, RequestKind, Scenario, Timeline};

#[tokio::test]
async fn in_sync_mode_the_submit_brings_the_result() {
    let test = TestClient::new().await;
    let prediction = test.client.run(remote_input()).sync(true).await.unwrap();
    assert_eq!(prediction.status, Status::Completed);
    assert!(prediction.output_url().is_some());
    assert!(test.world.requests(RequestKind::Poll).is_empty());
    assert_eq!(test.world.ledger().delivered, 1);
    let body = test.world.requests(RequestKind::Submit)[0].body.clone().unwrap();
    assert_eq!(body["enable_sync_mode"], true);

    let failing = JobRule::new(Timeline::ends_after_polls(1, "failed")).error(1402, "No access.");
    let test = TestClient::with(Scenario::new().job(failing)).await;
    let error = test.client.run(remote_input()).sync(true).await.unwrap_err();
    assert_eq!((error.kind(), error.app_code()), (ErrorKind::JobFailed, Some(1402)));
}

#[tokio::test]
async fn a_job_that_outlasts_sync_mode_is_waited_for() {
    // The service holds the response for 90 seconds of its clock, under half a second of real time.
    let rule = JobRule::new(Timeline::secs(&[("processing", 0), ("completed", 95)]));
    let test = TestClient::with(Scenario::new().job(rule).clock(ClockMode::Scaled(200.0))).await;
    let prediction = test.client.run(remote_input()).sync(true).await.unwrap();
    assert_eq!((prediction.status, prediction.code), (Status::Completed, None));
    assert!(!test.world.requests(RequestKind::Poll).is_empty());
    assert_eq!(test.world.ledger().charges.len(), 1);
}

#[tokio::test]
async fn the_response_in_sync_mode_has_a_longer_timeout() {
    let rule = JobRule::new(Timeline::secs(&[("processing", 0), ("completed", 60)]));
    let scenario = Scenario::new().job(rule).clock(ClockMode::Scaled(15.0));
    let test =
        TestClient::configured(scenario, |config| config.request_timeout(Duration::from_secs(2)))
            .await;
    let job = test.client.submit(remote_input()).sync(true).await.unwrap();
    assert_eq!(job.prediction().unwrap().status, Status::Completed, "after four seconds");
}

#[tokio::test]
async fn a_gateway_that_gives_up_on_sync_mode_loses_nothing() {
    let lost = Fault::at(RequestKind::Submit).nth(1).after_accept().status(504).body(Body::Html);
    let rule = JobRule::new(Timeline::after_polls(2));
    let test = TestClient::with(Scenario::new().job(rule).fault(lost)).await;
    let prediction = test.client.run(remote_input()).sync(true).await.unwrap();
    assert_eq!(prediction.status, Status::Completed);
    assert_eq!(prediction.recovered, Some(RecoveredBy::Input));
    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.orphaned), (1, 0));
}

#[tokio::test]
async fn base64_outputs_are_decoded_and_saved() {
    for sync in [false, true] {
        let test = TestClient::new().await;
        let prediction = test.client.run(local_input()).base64(true).sync(sync).await.unwrap();
        assert_eq!(prediction.output_url(), None, "sync: {sync}");
        assert_eq!(prediction.outputs[0].decode().as_deref(), Some(FACE));

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.mp4");
        let saved = test.client.download_output(&prediction, &file).await.unwrap();
        assert_eq!((saved.path.as_path(), saved.bytes), (file.as_path(), FACE.len() as u64));
        assert_eq!(std::fs::read(&file).unwrap(), FACE);
        let in_folder = test.client.download_output(&prediction, folder.path()).await.unwrap();
        assert_eq!(in_folder.path, folder.path().join("output.mp4"));

        let small = test.client.download_output(&prediction, &file).max_bytes(10);
        assert_eq!(small.await.unwrap_err().kind(), ErrorKind::Download);
        assert!(test.world.requests(RequestKind::Output).is_empty());
    }
}

#[tokio::test]
async fn plain_text_is_no_file() {
    let test = TestClient::new().await;
    let mut prediction = test.client.run(remote_input()).await.unwrap();
    prediction.outputs = vec![Output::Text("SGVsbG8sIHdvcmxkLg==".to_owned())];
    let error = test.client.download_output(&prediction, "out.mp4").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Download);
    assert!(error.message().contains("no output with a URL"), "{error}");
}

#[tokio::test]
async fn a_switch_in_the_input_counts_as_well() {
    let test = TestClient::new().await;
    let input = Input::from(remote_input()).set("enable_sync_mode", true);
    let prediction = test.client.run(input).await.unwrap();
    assert_eq!(prediction.status, Status::Completed);
    assert!(test.world.requests(RequestKind::Poll).is_empty());
}

#[tokio::test]
async fn a_server_without_the_result_path_is_polled_on_the_older_path() {
    let page = Body::Text("404 page not found".to_owned());
    let no_route = Fault::at(RequestKind::Poll).nth(1).status(404).body(page);
    let rule = JobRule::new(Timeline::after_polls(1));
    let test = TestClient::with(Scenario::new().job(rule).fault(no_route)).await;
    let prediction = test.client.run(remote_input()).await.unwrap();
    assert_eq!(prediction.status, Status::Completed);
    let polls = test.world.requests(RequestKind::Poll);
    assert_eq!(polls.len(), 2);
    assert!(polls[0].path.ends_with("/result") && !polls[1].path.ends_with("/result"));
}

#[tokio::test]
async fn a_job_the_service_does_not_know_stays_unknown() {
    let test = TestClient::new().await;
    let error = test.client.job("no-such-job").refresh().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(test.world.requests(RequestKind::Poll).len(), 1, "one poll is enough");

    let page = Fault::at(RequestKind::Poll).status(404).body(Body::Html);
    let test = TestClient::with(Scenario::new().fault(page)).await;
    let error = test.client.job("no-such-job").refresh().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let polls = test.world.requests(RequestKind::Poll).len();
    assert!(polls > 2 && polls % 2 == 0, "a gateway's page may pass: {polls}");
}

#[tokio::test]
async fn a_server_without_presigned_uploads_gets_the_older_upload() {
    let no_tickets = || Fault::at(RequestKind::Presign).status(404);
    let rule = || JobRule::new(Timeline::after_polls(1));
    let test = TestClient::with(Scenario::new().job(rule()).fault(no_tickets())).await;
    let prediction = test.client.run(local_input()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let saved = test.client.download_output(&prediction, folder.path()).await.unwrap();
    assert_eq!(std::fs::read(saved.path).unwrap(), FACE, "byte for byte");
    let uploads = test.world.requests(RequestKind::Put);
    assert_eq!(uploads.len(), 2);
    assert!(uploads.iter().all(|upload| upload.path.ends_with("/media/upload/binary")));

    let failing_put = Fault::at(RequestKind::Put).until(2).status(503);
    let scenario = Scenario::new().job(rule()).fault(no_tickets()).fault(failing_put);
    let test = TestClient::with(scenario).await;
    test.client.run(local_input()).await.unwrap();

    let refused = Fault::at(RequestKind::Put).status(413);
    let test = TestClient::with(Scenario::new().fault(no_tickets()).fault(refused)).await;
    let error = test.client.run(local_input()).await.unwrap_err();
    assert_eq!(error.http().unwrap().status, 413, "{error}");
    assert!(test.world.ledger().charges.is_empty());
}

#[tokio::test]
async fn base64_and_a_webhook_do_not_go_together() {
    let test = TestClient::new().await;
    let switched = Input::from(remote_input()).set("enable_base64_output", true);
    for error in [
        test.client.run(remote_input()).base64(true).webhook("https://a.example/").await.err(),
        test.client.submit(switched).webhook("https://a.example/").await.err(),
    ] {
        assert_eq!(error.unwrap().kind(), ErrorKind::InvalidInput);
    }
    assert!(test.world.journal().is_empty(), "nothing was sent");
}
