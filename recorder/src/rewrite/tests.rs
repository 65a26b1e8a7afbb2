use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const BASE: &str = "http://localhost:4000";

fn sites() -> Sites {
    Sites::new(Site::split("https://api.example").unwrap().0, 4000)
}

fn rewritten(sites: &mut Sites, response: &Value) -> Value {
    serde_json::from_str(&sites.rewrite_response(&response.to_string(), BASE).unwrap()).unwrap()
}

#[test]
fn the_urls_that_clients_use_pass_through_the_recorder() {
    let mut sites = sites();
    let response = json!({"data": {
        "outputs": ["https://cdn.example/a%2Fb.mp4?X-Sig=a%2Bb&c", {"url": "http://cdn.example:8080/x"}, "a text"],
        "urls": {"get": "https://api.example/api/v3/predictions/1/result"},
        "upload": {"url": "https://s3.example/k?Signature=%2b", "method": "PUT"},
        "download_url": "https://cdn.example/k.mp4",
        "input": {"video": "https://other.example/a.mp4"},
        "inputs": {"outputs": "https://other.example/a.mp4"},
        "error": "see https://api.example/docs",
        "cover": "https://covers.example/a.png",
        "server": "https://API.example",
    }});
    let data = rewritten(&mut sites, &response)["data"].take();
    let expected = json!({
        "outputs": [
            "http://localhost:4000/_recorder/https/cdn.example/a%2Fb.mp4?X-Sig=a%2Bb&c",
            {"url": "http://localhost:4000/_recorder/http/cdn.example:8080/x"},
            "a text",
        ],
        "urls": {"get": "http://localhost:4000/api/v3/predictions/1/result"},
        "upload": {"url": "http://localhost:4000/_recorder/https/s3.example/k?Signature=%2b", "method": "PUT"},
        "download_url": "http://localhost:4000/_recorder/https/cdn.example/k.mp4",
        "input": {"video": "https://other.example/a.mp4"},
        "inputs": {"outputs": "https://other.example/a.mp4"},
        "error": "see https://api.example/docs",
        "cover": "https://covers.example/a.png",
        "server": "http://localhost:4000",
    });
    assert_eq!(data, expected);
    for (path, target) in [
        ("/api/v3/balance?a=b", Some("https://api.example/api/v3/balance?a=b")),
        ("/_recorder/https/cdn.example/a%2Fb?X=%2B", Some("https://cdn.example/a%2Fb?X=%2B")),
        ("/_recorder/https/cdn.example?a", Some("https://cdn.example/?a")),
        ("/_recorder/http/cdn.example:8080/x", Some("http://cdn.example:8080/x")),
        // No response has named these.
        ("/_recorder/http/cdn.example/x", None),
        ("/_recorder/https/other.example/a.mp4", None),
        ("/_recorder/https/covers.example/a.png", None),
        ("/_recorder/https/user@cdn.example/x", None),
        ("/_recorder/https/cdn.example@evil.example/x", None),
        ("/_recorder/https/cdn.example\\.evil.example/x", None),
        ("/_recorder/file/cdn.example/x", None),
        ("/_recorder/https/169.254.169.254/x", None),
        ("/_recorder/", None),
    ] {
        let found = sites.target(path).map(|(site, rest)| format!("{}{rest}", site.url()));
        assert_eq!(found.as_deref(), target, "{path}");
    }
}

#[test]
fn requests_have_the_urls_of_the_service_and_webhooks_stay() {
    let mut sites = sites();
    let _ = rewritten(&mut sites, &json!({"download_url": "https://cdn.example/k.mp4?a=%2F"}));
    let request = json!({
        "video": "http://127.0.0.1:4000/_recorder/https/cdn.example/k.mp4?a=%2F",
        "audio": "http://localhost:4000/_files/a.mp3",
        "unknown": "http://localhost:4000/_recorder/https/other.example/a",
        "other_port": "http://localhost:4001/_files/a.mp3",
        "other_host": "http://evil.example:4000/_files/a.mp3",
        "webhook": "http://localhost:4000/hook",
        "nested": [{"webhook_url": "http://localhost:4000/hook"}],
        "text": "say http://localhost:4000/",
    });
    let changed: Value =
        serde_json::from_str(&sites.rewrite_request(&request.to_string()).unwrap()).unwrap();
    let mut expected = request;
    expected["video"] = json!("https://cdn.example/k.mp4?a=%2F");
    expected["audio"] = json!("https://api.example/_files/a.mp3");
    assert_eq!(changed, expected);
    for (query, expected) in [
        (
            "webhook=http%3A%2F%2Flocalhost%3A4000%2Fa&x",
            "webhook=http%3A%2F%2Flocalhost%3A4000%2Fa&x",
        ),
        (
            "u=http://localhost:4000/_recorder/https/cdn.example/k&b=%7e+",
            "u=https%3A%2F%2Fcdn%2Eexample%2Fk&b=%7e+",
        ),
        ("", ""),
        ("X-Amz-Signature=a%2bb&=&%", "X-Amz-Signature=a%2bb&=&%"),
    ] {
        assert_eq!(sites.rewrite_query(query), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_url_comes_back_as_it_was(
        host in "[a-z]{1,6}\\.example(:[1-9][0-9]{1,3})?",
        secure: bool,
        rest in "(/[!-~&&[^\"\\\\]]{0,20})?(\\?[!-~&&[^\"\\\\]]{0,20})?",
    ) {
        let mut sites = sites();
        let scheme = if secure { "https" } else { "http" };
        let url = format!("{scheme}://{host}{rest}");
        // The default port of the scheme need not be written.
        prop_assume!(!host.ends_with(":80") && !host.ends_with(":443"));
        let there = rewritten(&mut sites, &json!({"outputs": [url]}));
        let there = there["outputs"][0].as_str().unwrap();
        prop_assert!(there.starts_with(BASE), "{}", there);
        let back = sites.rewrite_request(&json!({"video": there}).to_string()).unwrap();
        let back: Value = serde_json::from_str(&back).unwrap();
        let is_short = !rest.starts_with('/');
        let expected = if is_short { format!("{scheme}://{host}/{rest}") } else { url };
        prop_assert_eq!(back["video"].as_str().unwrap(), expected);
    }
}
