//! Whole jobs through the recorder, and the ways of transfer.

use viseme::AudioToVideo;
use viseme_mock::RequestKind;
use viseme_recorder::recording::{Endpoint, Origin, RecordedBody, RecordedOutput};

use crate::support::{MODEL, PATIENCE, Stage, client, eventually, finish, input, sample};

/// A job whose states last long enough to be seen on a slow machine.
const TIMELINE: &str = "jobs: [{timeline: [{created: 0s}, {processing: 1s}, {completed: 6s}]}]";

#[tokio::test(flavor = "multi_thread")]
async fn our_client_gets_the_same_as_without_a_recorder() {
    let stage = Stage::new(TIMELINE).await;
    let recorder = stage.recorder().await;
    let mut outputs = Vec::new();
    for base in [stage.world.base_url().to_owned(), recorder.url()] {
        let client = client(&base, stage.world.key());
        let input = AudioToVideo::new().audio(sample("voice.mp3")).video(sample("face.mp4"));
        let prediction = client.run(input).await.unwrap();
        let url = prediction.output_url().unwrap().to_owned();
        assert!(url.starts_with(&base), "{url}");
        let file = stage.folder.path().join("output.mp4");
        client.download_output(&prediction, &file).await.unwrap();
        outputs.push(std::fs::read(&file).unwrap());
    }
    assert_eq!(outputs[0], outputs[1]);
    // The service got the same requests: its own URLs, and the signed headers.
    let submits = stage.world.requests(RequestKind::Submit);
    for submit in &submits {
        let body = submit.body.as_ref().unwrap();
        assert!(body["video"].as_str().unwrap().starts_with(stage.world.base_url()), "{body}");
    }
    let (text, recording) = finish(recorder);
    assert!(!text.contains(stage.world.key()) && !text.contains("signature="), "{text}");
    let [job] = recording.jobs.as_slice() else { panic!("{recording:?}") };
    assert_eq!(job.model, MODEL);
    let states: Vec<&str> = job.states.iter().map(|state| state.status.as_str()).collect();
    assert_eq!(states, ["created", "processing", "completed"]);
    for (state, began) in job.states.iter().zip([0, 1000, 6000]) {
        // The mock server rounds its times to a millisecond.
        assert!(
            state.not_before_ms <= began + 1 && began <= state.not_after_ms + 1,
            "{state:?} began at {began}"
        );
    }
    let outcome = job.outcome.as_ref().unwrap();
    let [RecordedOutput::File { sha256: Some(sha256), .. }] = outcome.outputs.as_slice() else {
        panic!("{outcome:?}");
    };
    assert_eq!(recording.media[sha256].bytes, outputs[1].len() as u64);
    assert_eq!(recording.media[sha256].container.as_deref(), Some("mp4"));
    assert!(recording.media[sha256].duration_ms.is_some());
    assert!(recording.media[sha256].file.is_none());
    let endpoints: Vec<Endpoint> =
        recording.exchanges.iter().map(|exchange| exchange.endpoint).collect();
    for endpoint in
        [Endpoint::Presign, Endpoint::Put, Endpoint::Submit, Endpoint::Poll, Endpoint::File]
    {
        assert!(endpoints.contains(&endpoint), "{endpoint:?}: {endpoints:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recorder_polls_a_job_that_nobody_polls() {
    let stage = Stage::new(TIMELINE).await;
    let recorder = stage.recorder().await;
    let id = stage.api(&recorder.url()).submit().await;
    eventually("the job ended", || recorder.jobs() == (1, 1)).await;
    let (_, recording) = finish(recorder);
    let job = &recording.jobs[0];
    assert_eq!(
        (job.id.as_str(), job.outcome.as_ref().unwrap().status.as_str()),
        (id.as_str(), "completed")
    );
    let by_recorder =
        |exchange: &&viseme_recorder::recording::RecordedExchange| exchange.by == Origin::Recorder;
    assert!(recording.exchanges.iter().filter(by_recorder).count() >= 1);
    // At most one poll a second, and one at the end.
    let polls = stage.world.requests(RequestKind::Poll).len();
    let last = job.states.last().unwrap().not_after_ms;
    assert!(polls as u64 <= last.max(6000) / 1000 + 2, "{polls} polls in {last} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_heads_and_kept_media_pass() {
    let stage = Stage::new("jobs: [{timeline: [{completed: 0s}]}]").await;
    let recorder = stage.builder().keep_media(true).start().await.unwrap();
    let api = stage.api(&recorder.url());
    let large: Vec<u8> = (0..8_000_000u32).map(|at| (at % 251) as u8).collect();
    let ticket = serde_json::json!({"filename": "a b.mp4", "size": large.len(), "content_type": "video/mp4"});
    let (status, ticket) = api.post("media/uploads", &ticket).await;
    assert_eq!(status, 200, "{ticket}");
    let upload = &ticket["data"]["upload"];
    let put = |bytes: Vec<u8>| {
        let mut request = api.http.put(upload["url"].as_str().unwrap()).timeout(PATIENCE);
        for (name, value) in upload["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        request.body(bytes).send()
    };
    assert_eq!(put(large.clone()).await.unwrap().status(), 200);
    // The storage accepts one PUT.
    assert_eq!(put(large.clone()).await.unwrap().status(), 412);
    let download = ticket["data"]["download_url"].as_str().unwrap();
    let get = api.http.get(download).header("range", "bytes=10-19").send().await.unwrap();
    assert_eq!(
        (get.status().as_u16(), get.headers()["content-range"].to_str().unwrap()),
        (206, "bytes 10-19/8000000")
    );
    assert_eq!(get.bytes().await.unwrap(), large[10..20]);
    let head = api.http.head(download).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "8000000");
    let whole = api.http.get(download).send().await.unwrap().bytes().await.unwrap();
    assert!(whole == large);
    let (_, recording) = finish(recorder);
    let [(sha256, media)] = recording.media.iter().collect::<Vec<_>>()[..] else {
        panic!("{:?}", recording.media);
    };
    let kept = std::fs::read(stage.out().join(media.file.as_ref().unwrap())).unwrap();
    assert!(kept == large);
    let bodies: Vec<&RecordedBody> = recording
        .exchanges
        .iter()
        .filter(|exchange| exchange.endpoint == Endpoint::File)
        .map(|exchange| &exchange.response.as_ref().unwrap().body)
        .collect();
    assert!(matches!(bodies[0], RecordedBody::Part { bytes: 10, .. }), "{bodies:?}");
    assert_eq!(bodies[1], &RecordedBody::Empty);
    assert_eq!(bodies[2], &RecordedBody::Media { sha256: sha256.clone(), bytes: 8_000_000 });
    let url = &media.urls[0];
    assert!(url.starts_with(stage.world.base_url()) && !url.contains('?'), "{url}");
}

#[tokio::test(flavor = "multi_thread")]
async fn private_bodies_keep_their_shape_only() {
    let stage = Stage::new("balance_usd: 98.7654321").await;
    let recorder = stage.recorder().await;
    let api = stage.api(&recorder.url());
    let (_, balance) = api.get("balance").await;
    assert_eq!(balance["data"]["balance"], 98.765_432_1);
    let (_, secret) = api.get("webhook/secret").await;
    let secret = secret["data"]["secret"].as_str().unwrap().to_owned();
    api.submit().await;
    let page = serde_json::json!({"page": 1, "page_size": 10});
    assert_eq!(api.post("billings/search", &page).await.1["data"]["total"], 1);
    let (_, models) = api.get("models").await;
    assert!(models["data"].as_array().is_some_and(|models| !models.is_empty()));
    // An error of the service comes as it is.
    assert_eq!(api.get("predictions/unknown/result").await.0, 404);
    let (text, recording) = finish(recorder);
    assert!(!text.contains(&secret) && !text.contains("98.765"), "{text}");
    let body = |endpoint: Endpoint| {
        let exchange = recording.exchanges.iter().find(|exchange| exchange.endpoint == endpoint);
        &exchange.unwrap().response.as_ref().unwrap().body
    };
    let RecordedBody::Shape { value } = body(Endpoint::Balance) else { panic!("{text}") };
    assert_eq!(value["data"]["balance"], 0);
    assert!(matches!(body(Endpoint::Models), RecordedBody::Json { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_and_the_input_reach_the_service_as_they_were() {
    let stage = Stage::new("").await;
    let recorder = stage.recorder().await;
    let api = stage.api(&recorder.url());
    let hook = format!("{}/hook", recorder.url());
    let webhook: String = url::form_urlencoded::byte_serialize(hook.as_bytes()).collect();
    let (status, _) = api.post(&format!("{MODEL}?webhook={webhook}"), &input()).await;
    assert_eq!(status, 200);
    let submit = &stage.world.requests(RequestKind::Submit)[0];
    assert_eq!(submit.query, format!("webhook={webhook}"));
    let (_, recording) = finish(recorder);
    assert!(recording.jobs[0].webhook);
    assert_eq!(recording.jobs[0].input, input());
}
