//! Downloads of outputs and uploads.

use std::process::Command;

use serde_json::json;
use viseme_mock::{JobRule, MockServer, Scenario, Timeline, World};

use crate::support::{Api, MODEL, input};

async fn output(api: &Api, video: Option<&str>) -> String {
    let mut body = input();
    if let Some(video) = video {
        body["video"] = json!(video);
    }
    let job = api.submit_to(MODEL, &body).await;
    api.poll(&job).await.1["data"]["outputs"][0].as_str().unwrap().to_owned()
}

async fn world() -> (MockServer, World) {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().job(JobRule::new(Timeline::after_polls(1))));
    (server, world)
}

#[tokio::test]
async fn the_default_output_is_a_playable_video() {
    let (_server, world) = world().await;
    let api = Api::of(&world);
    let url = output(&api, None).await;
    assert!(url.ends_with(".mp4"), "{url}");
    let response = api.http.get(&url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "video/mp4");
    let bytes = response.bytes().await.unwrap();
    assert_eq!(bytes.get(4..8), Some(&b"ftyp"[..]));
    let file = tempfile::Builder::new().suffix(".mp4").tempfile().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    // Decodes every frame; a broken frame is an error.
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(file.path())
        .args(["-f", "null", "-"])
        .output();
    match decoded {
        Ok(decoded) => {
            assert!(decoded.status.success() && decoded.stderr.is_empty(), "{decoded:?}");
        }
        Err(error) => eprintln!("not decoded, as ffmpeg is not there: {error}"),
    }
}

#[tokio::test]
async fn the_output_is_the_uploaded_video() {
    let (_server, world) = world().await;
    let api = Api::of(&world);
    let video: Vec<u8> = (0..100_000u32).map(|n| n.to_le_bytes()[1]).collect();
    let upload = api.upload("face.mov", "video/quicktime", video.clone()).await;
    let url = output(&api, Some(&upload)).await;
    assert!(url.ends_with(".mov"), "{url}");
    let response = api.http.get(&url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "video/quicktime");
    assert!(response.bytes().await.unwrap() == video);
}

#[tokio::test]
async fn ranges_are_served_from_memory_and_disk() {
    let (_server, world) = world().await;
    let api = Api::of(&world);
    for size in [1000u64, 3_000_000] {
        let bytes: Vec<u8> = (0..size).map(|n| (n / 7).to_le_bytes()[0]).collect();
        let url = api.upload("face.mp4", "video/mp4", bytes.clone()).await;
        let whole = size as usize;
        for (range, status, from, to) in [
            ("bytes=0-9", 206, 0, 10),
            ("bytes=990-", 206, 990, whole),
            ("bytes=-10", 206, whole - 10, whole),
            ("bytes=5-99999999", 206, 5, whole),
            ("bytes=0-1,5-6", 200, 0, whole),
            ("lines=1-2", 200, 0, whole),
        ] {
            let response = api.http.get(&url).header("Range", range).send().await.unwrap();
            assert_eq!(response.status(), status, "{range}");
            if status == 206 {
                let expected = format!("bytes {from}-{}/{size}", to - 1);
                assert_eq!(response.headers()["content-range"], expected.as_str());
            }
            assert_eq!(response.content_length(), Some((to - from) as u64));
            assert!(response.bytes().await.unwrap() == bytes[from..to], "{range} of {size}");
        }
        let past = api.http.get(&url).header("Range", format!("bytes={size}-"));
        let past = past.send().await.unwrap();
        assert_eq!(past.status(), 416);
        assert_eq!(past.headers()["content-range"], format!("bytes */{size}").as_str());
    }
}

#[tokio::test]
async fn head_and_etag_of_a_file() {
    let (_server, world) = world().await;
    let api = Api::of(&world);
    let url = api.upload("face.mp4", "video/mp4", vec![1; 1234]).await;
    let head = api.http.head(&url).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &"1234".parse().unwrap())
    );
    assert_eq!(head.headers()["accept-ranges"], "bytes");
    let tag = head.headers()["etag"].to_str().unwrap().to_owned();
    assert!(head.bytes().await.unwrap().is_empty());

    let get = |name: &'static str, value: &str| {
        api.http.get(&url).header(name, value).header("Range", "bytes=0-0").send()
    };
    assert_eq!(get("If-Range", &tag).await.unwrap().status(), 206);
    assert_eq!(get("If-Range", "\"another\"").await.unwrap().status(), 200);
    assert_eq!(get("If-None-Match", &tag).await.unwrap().status(), 304);
    assert_eq!(get("If-None-Match", "\"another\"").await.unwrap().status(), 206);
    let other = api.upload("face.mp4", "video/mp4", vec![2; 1234]).await;
    let other = api.http.head(&other).send().await.unwrap();
    assert_ne!(other.headers()["etag"].to_str().unwrap(), tag, "other bytes, another tag");
}

#[tokio::test]
async fn an_output_exists_only_after_the_end_and_in_its_world() {
    let (server, world) = world().await;
    let api = Api::of(&world);
    let url = output(&api, None).await;
    let stranger = url.replace(world.id(), server.world().id());
    assert_ne!(stranger, url);
    assert_eq!(api.http.get(&stranger).send().await.unwrap().status(), 404);
    let job = api.submit().await;
    let early = url.replace(&world.jobs()[0].id, &job);
    assert_eq!(api.http.get(&early).send().await.unwrap().status(), 404);
}
