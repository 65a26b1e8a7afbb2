//! Balance, models, prices, billing records and the webhook secret.

use serde_json::json;
use viseme_mock::{JobRule, MockServer, Scenario};

use crate::support::{Api, MODEL, input};

#[tokio::test]
async fn submits_reduce_the_balance_until_it_is_spent() {
    let server = MockServer::start().await.unwrap();
    let rule = JobRule::default().price_usd(0.25);
    let world = server.world_with(Scenario::new().balance_usd(0.6).job(rule));
    let api = Api::of(&world);
    api.submit().await;
    let (_, body) = api.get("balance").await;
    assert!((body["data"]["balance"].as_f64().unwrap() - 0.35).abs() < 1e-9, "{body}");
    api.submit().await;
    let (status, body) = api.post(MODEL, &input()).await;
    assert_eq!(status, 402);
    assert!(body["message"].as_str().unwrap().contains("Insufficient"), "{body}");
    assert_eq!(world.ledger().charges.len(), 2);
}

#[tokio::test]
async fn the_catalog_has_the_schema_of_each_models_input() {
    let server = MockServer::start().await.unwrap();
    let (_, body) = Api::of(&server.world()).get("models").await;
    let models = body["data"].as_array().unwrap();
    let described: Vec<_> = viseme_spec::descriptions().iter().map(|model| model.id).collect();
    let listed: Vec<_> = models.iter().map(|model| model["model_id"].as_str().unwrap()).collect();
    assert_eq!(listed, described);
    let run = &models[0]["api_schema"]["api_schemas"][0];
    assert_eq!(run["api_path"], format!("/api/v3/{MODEL}"));
    assert_eq!(run["server"], server.url());
    assert_eq!(run["request_schema"]["required"], json!(["audio", "video"]));
    assert_eq!(run["request_schema"]["properties"]["audio"]["type"], "string");
}

#[tokio::test]
async fn prices_have_a_current_and_an_older_form() {
    let server = MockServer::start().await.unwrap();
    let api = Api::of(&server.world());
    let request = json!({"model_id": MODEL, "inputs": {}});
    let (status, body) = api.post("model/price", &request).await;
    assert_eq!((status, &body["data"]["model_id"]), (200, &json!(MODEL)));
    assert!(body["data"]["price"].as_f64().unwrap() > 0.0);
    let (_, old) = api.post("model/pricing", &request).await;
    assert_eq!(old["data"]["unit_price"], body["data"]["price"]);
    assert_eq!(api.post("model/price", &json!({"model_id": format!("{MODEL}s")})).await.0, 404);
}

#[tokio::test]
async fn each_world_has_one_webhook_secret() {
    let server = MockServer::start().await.unwrap();
    let (one, other) = (Api::of(&server.world()), Api::of(&server.world()));
    let (_, first) = one.get("webhook/secret").await;
    let secret = first["data"]["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() > 20, "{secret}");
    assert_eq!(one.get("webhook/secret").await.1, first);
    assert_ne!(other.get("webhook/secret").await.1, first);
}

#[tokio::test]
async fn billing_records_and_usage_match_the_jobs() {
    let server = MockServer::start().await.unwrap();
    let text = "clock: {mode: manual, start: 2026-03-31T23:00:00Z}\njobs: [{price_usd: 0.5}]";
    let world = server.world_with(Scenario::parse(text).unwrap());
    let api = Api::of(&world);
    let first = api.submit().await;
    world.advance(std::time::Duration::from_secs(2 * 3600));
    let second = api.submit_to("mock/instant", &json!({})).await;

    let (_, all) = api.post("billings/search", &json!({"page": 1, "page_size": 10})).await;
    let ids: Vec<_> = all["data"]["items"].as_array().unwrap().iter().map(|i| &i["uuid"]).collect();
    assert_eq!(ids, [&json!(second), &json!(first)]);
    let one = json!({"page": 1, "page_size": 10, "prediction_uuids": [first]});
    let (_, one) = api.post("billings/search", &one).await;
    assert_eq!(one["data"]["total"], 1);
    assert_eq!(one["data"]["items"][0]["price"], 0.5);

    let march = json!({"year_month": "2026-03", "page": 1, "page_size": 1000});
    let (_, march) = api.post("scheduler/billings/query", &march).await;
    assert_eq!(march["data"]["items"][0]["uuid"], json!(first));
    assert_eq!(march["data"]["total"], 1);

    let (_, usage) = api.post("user/usage_stats", &json!({})).await;
    let total = &usage["data"]["per_model_usage"][0];
    assert_eq!((&total["total_count"], &total["total_cost"]), (&json!(1), &json!(0.5)));
    let day = &usage["data"]["daily_usage"][0];
    assert_eq!((&day["count"], &day["models"][0]["count"]), (&json!(1), &json!(1)));
    let summary = &usage["data"]["summary"];
    assert_eq!((&summary["total_requests"], &summary["total_cost"]), (&json!(2), &json!(1.0)));
    assert_eq!(summary["success_requests"], 2);
    let days: Vec<_> =
        usage["data"]["daily_usage"].as_array().unwrap().iter().map(|d| &d["date"]).collect();
    assert_eq!(days, ["2026-03-31", "2026-04-01"]);
    let since = json!({"start_time": "2026-04-01T00:00:00Z"});
    let (_, april) = api.post("user/usage_stats", &since).await;
    assert_eq!(april["data"]["summary"]["total_requests"], 1);
}
