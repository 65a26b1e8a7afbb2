use std::collections::HashMap;

use secrecy::ExposeSecret as _;

use super::*;
use crate::error::ErrorKind;

fn build(builder: ConfigBuilder, vars: &[(&str, &str)]) -> Result<Config> {
    let vars: HashMap<_, _> = vars.iter().copied().collect();
    builder.build_with(&|name| vars.get(name).map(|value| (*value).to_owned()))
}

#[test]
fn what_is_passed_wins_over_the_environment() {
    let vars = [("WAVESPEED_API_KEY", "from-env"), ("WAVESPEED_BASE_URL", "https://env.example")];
    let config = build(Config::builder().api_key(" passed\n"), &vars).unwrap();
    assert_eq!(config.api_key.unwrap().expose_secret(), "passed");
    assert_eq!(config.base_url.as_str(), "https://env.example/");
}

#[test]
fn the_official_clients_variables_are_read() {
    let vars = [
        ("WAVESPEED_API_KEY", "k"),
        ("WAVESPEED_CLIENT_NAME", "from-env"),
        ("WAVESPEED_CONNECTION_TIMEOUT", "2.5"),
        ("WAVESPEED_TIMEOUT", "36000"),
        ("WAVESPEED_MAX_CONNECTION_RETRIES", "5"),
        ("WAVESPEED_RETRY_INTERVAL", "0.5"),
        ("WAVESPEED_MAX_RETRIES", "3"),
    ];
    let config = build(Config::builder().client_name("passed"), &vars).unwrap();
    assert_eq!(config.client_name, "from-env");
    assert_eq!(config.connect_timeout, Duration::from_millis(2500));
    assert_eq!(config.deadline, Duration::from_secs(36000));
    assert_eq!(config.max_poll_failures, 6);
    assert_eq!(config.backoff.base, Duration::from_millis(500));
}

#[test]
fn base_urls() {
    for (given, kept) in [
        ("https://api.wavespeed.ai/", Some("https://api.wavespeed.ai/")),
        ("https://api.wavespeed.ai/api/v3/", Some("https://api.wavespeed.ai/")),
        ("https://gateway.example/wavespeed/", Some("https://gateway.example/wavespeed")),
        ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080/")),
        ("http://[::1]:1/", Some("http://[::1]:1/")),
        ("http://localhost:1/", Some("http://localhost:1/")),
        ("http://api.wavespeed.ai", None),
        ("http://127.0.0.1.example.com", None),
        ("ftp://api.wavespeed.ai", None),
        ("api.wavespeed.ai", None),
        ("https://user:secret@api.wavespeed.ai", None),
        ("https://api.wavespeed.ai/?a=b", None),
    ] {
        let built = build(Config::builder().api_key("k").base_url(given), &[]);
        match (built, kept) {
            (Ok(config), Some(kept)) => assert_eq!(config.base_url.as_str(), kept, "{given}"),
            (Err(error), None) => {
                assert_eq!(error.kind(), ErrorKind::Config, "{given}");
                assert!(!error.to_string().contains("secret"), "{error}");
            }
            (built, kept) => panic!("{given}: {built:?}, expected {kept:?}"),
        }
    }
    assert!(
        build(Config::builder().api_key("k").base_url("http://10.0.0.1").allow_http(true), &[])
            .is_ok()
    );
}

#[test]
fn a_missing_key_says_what_to_do() {
    for vars in [&[][..], &[("WAVESPEED_API_KEY", "  ")][..]] {
        let error = build(Config::builder(), vars).unwrap_err();
        assert!(error.message().contains("WAVESPEED_API_KEY"), "{error}");
    }
    assert!(build(Config::builder().anonymous(), &[]).unwrap().api_key.is_none());
}

#[test]
fn the_key_is_in_no_text() {
    let builder = Config::builder().api_key("wsk_hush");
    let config = build(builder, &[]).unwrap();
    assert!(!format!("{config:?}").contains("hush"));
    let error = build(Config::builder().api_key("wsk_hush\u{e9}"), &[]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hush"));
}

#[test]
fn variables_may_be_handed_in() {
    let variables = [("WAVESPEED_API_KEY", "k"), ("WAVESPEED_BASE_URL", "https://api.example")];
    let config = Config::builder().env(variables).build().unwrap();
    assert_eq!(config.base_url().as_str(), "https://api.example/");
    assert!(Config::builder().env(variables).ignore_env().build().is_err(), "read all the same");
    let none: [(&str, &str); 0] = [];
    assert!(Config::builder().env(none).build().is_err(), "taken from the process");
}

#[test]
fn unusable_settings_are_named() {
    for (builder, vars, word) in [
        (Config::builder(), &[("WAVESPEED_TIMEOUT", "soon")][..], "WAVESPEED_TIMEOUT"),
        (Config::builder(), &[("WAVESPEED_TIMEOUT", "-1")], "WAVESPEED_TIMEOUT"),
        (
            Config::builder(),
            &[("WAVESPEED_MAX_CONNECTION_RETRIES", "1.5")],
            "WAVESPEED_MAX_CONNECTION_RETRIES",
        ),
        (Config::builder().max_connections(0), &[], "max_connections"),
        (Config::builder().max_polls_per_second(0.0), &[], "max_polls_per_second"),
        (Config::builder().proxy("gopher://x"), &[], "proxy"),
        (Config::builder().client_name("naïve"), &[], "client_name"),
    ] {
        let error = build(builder.api_key("k"), vars).unwrap_err();
        assert!(error.message().contains(word), "{error}");
    }
}
