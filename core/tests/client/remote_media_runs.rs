//! Runs over media behind URLs: invalid ones are rejected before the submit, like files on disk.

use std::sync::{Arc, Mutex};

use crate::media_files::Folder;
use crate::media_server::{MediaServer, Response};
use crate::support::{FACE, TestClient};
use viseme::media::Rule;
use viseme::{AudioToVideo, ErrorKind, Media, Progress};
use viseme_mock::scenario::ResponseMutation;
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

const VOICE: &[u8] = include_bytes!("../../../samples/voice.mp3");

async fn test() -> TestClient {
    let scenario = Scenario::new().job(JobRule::new(Timeline::after_polls(1)));
    TestClient::configured(scenario, |config| {
        config.check_remote_media(true).allow_private_addresses(true)
    })
    .await
}

fn submits(test: &TestClient) -> usize {
    test.world.requests(RequestKind::Submit).len()
}

#[tokio::test]
async fn a_video_that_is_too_long_is_refused_before_it_costs_anything() {
    let folder = Folder::new();
    let picture = "-f lavfi -i testsrc=size=1280x720:rate=5:duration=12";
    folder.ffmpeg(&format!("{picture} -c:v libx264 -preset ultrafast -pix_fmt yuv420p long.mp4"));
    let server = MediaServer::of(folder.read("long.mp4")).await;
    let test = test().await;
    let input = || {
        let voice = Media::bytes("voice.mp3", VOICE);
        AudioToVideo::new().audio(voice).video(server.url("long.mp4").as_str())
    };
    for error in [
        test.client.run(input()).await.unwrap_err(),
        test.client.submit(input()).await.map(|job| job.id().to_owned()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        let rules: Vec<_> =
            error.violations().iter().map(|it| (it.field.as_str(), it.rule)).collect();
        assert_eq!(rules, [("video", Rule::Duration)], "{error}");
    }
    assert!(test.world.journal().is_empty(), "nothing was uploaded, nothing submitted");

    test.client.run(input()).check_media(false).await.unwrap();
    assert_eq!(submits(&test), 1, "unless the check is turned off");
}

#[tokio::test]
async fn unreadable_media_are_a_warning_and_the_run_continues() {
    let server = MediaServer::start(|_| Response::new(404, b"")).await;
    let test = test().await;
    let warned = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let warned = Arc::clone(&warned);
        move |progress: Progress| {
            if let Progress::Checked(report) = progress {
                *warned.lock().unwrap() = report.violations;
            }
        }
    };
    let (voice, face) = (server.url("voice.mp3"), server.url("face.mp4"));
    let input = AudioToVideo::new().audio(voice.as_str()).video(face.as_str());
    let prediction = test.client.run(input).on_progress(listener).await.unwrap();
    assert!(prediction.output_url().is_some());
    let warned = warned.lock().unwrap();
    let rules: Vec<_> = warned.iter().map(|it| (it.rule, it.is_error())).collect();
    assert_eq!(rules, [(Rule::Readable, false), (Rule::Readable, false)], "{warned:#?}");
    let body = test.world.requests(RequestKind::Submit)[0].body.clone().unwrap();
    assert_eq!((&body["audio"], &body["video"]), (&voice.into(), &face.into()), "as they were");
}

#[tokio::test]
async fn uploads_can_be_checked_again_at_their_url() {
    let test = test().await;
    let voice = test.client.upload(Media::bytes("voice.mp3", VOICE)).await.unwrap();
    let face = test.client.upload(Media::bytes("face.mp4", FACE)).await.unwrap();
    let report = test
        .client
        .check(AudioToVideo::new().audio(voice.clone()).video(face.clone()))
        .await
        .unwrap();
    assert_eq!(report.violations, [], "{report:#?}");
    assert_eq!(report.media_info("video").unwrap().bytes, Some(FACE.len() as u64));
    let reads = test.world.requests(RequestKind::Output);
    assert!(reads.len() <= 4, "{}", reads.len());
    assert!(reads.iter().all(|it| !it.authorized), "the key stays at home");

    test.world.add_fault(Fault::at(RequestKind::Output).mutate(ResponseMutation::RangeIgnored));
    let (voice, face) = (format!("{voice}?again"), format!("{face}?again"));
    let input = AudioToVideo::new().audio(voice.as_str()).video(face.as_str());
    let again = test.client.check(input).await.unwrap();
    assert_eq!(again.media, report.media);
}
