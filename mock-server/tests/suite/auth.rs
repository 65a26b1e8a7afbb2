//! Keys, and the host names that the server accepts.

use viseme_mock::{DEFAULT_KEY, MockServer};

use crate::support::{Api, http, response_of};

#[tokio::test]
async fn a_missing_or_unknown_key_gets_401() {
    let server = MockServer::start().await.unwrap();
    let url = format!("{}/api/v3/balance", server.url());
    let plain = http().get(&url).send().await.unwrap();
    let (status, body) = response_of(plain).await;
    assert_eq!((status, body["code"].as_u64()), (401, Some(401)));

    for value in ["Bearer ", "Bearer unknown", "Basic bW9jay1rZXk6", "mock-key"] {
        let request = http().get(&url).header("Authorization", value);
        assert_eq!(request.send().await.unwrap().status(), 401, "{value:?}");
    }
    let known = http().get(&url).bearer_auth(DEFAULT_KEY);
    assert_eq!(known.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_real_looking_key_is_refused_and_never_stored() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let key = "wsk_live_0123456789";
    let mut api = Api::of(&world);
    key.clone_into(&mut api.key);
    let (status, body) = api.get("balance").await;
    assert_eq!(status, 401);
    assert!(body["message"].as_str().unwrap().contains("real API key"), "{body}");
    assert!(!body.to_string().contains(key));
    let presigned = Api::of(&world).presign("a.mp4", "video/mp4", 1).await;
    let put = api.put(&presigned, vec![0]).bearer_auth(key).send().await.unwrap();
    assert_eq!(put.status(), 400);
    let journal = format!("{:?}{:?}", world.journal(), server.default_world().journal());
    assert!(!journal.contains(key), "{journal}");
    assert!(world.journal().last().unwrap().authorized);
}

#[tokio::test]
async fn concurrent_first_requests_with_a_mock_key_create_one_world() {
    let server = MockServer::start().await.unwrap();
    let mut api = Api::of(&server.world());
    api.key = "mock-app".to_owned();
    let requests = (0..20).map(|_| {
        let api = Api { http: http(), ..api.clone() };
        async move { api.submit().await }
    });
    futures_util::future::join_all(requests).await;
    let (_, list) =
        api.post("predictions", &serde_json::json!({"page": 1, "page_size": 100})).await;
    assert_eq!(list["data"]["items"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn a_new_world_gets_a_key_that_is_free() {
    let server = MockServer::start().await.unwrap();
    let mut early = Api::of(&server.world());
    early.key = "mock-w2".to_owned();
    let job = early.submit().await;
    let worlds: Vec<_> = (0..3).map(|_| server.world()).collect();
    assert!(worlds.iter().all(|world| world.key() != early.key));
    assert_eq!(early.poll(&job).await.0, 200, "the early world is still there");
}
