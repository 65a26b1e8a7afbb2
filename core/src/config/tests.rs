use std::collections::HashMap;

use secrecy::ExposeSecret as _;

use super::*;
use crate::error::ErrorKind;

fn build(builder: ConfigBuilder, vars: &[(&str, &str)]) -> Result<Config> {
    let vars: HashMap<_, _> = vars.iter().copied().collect();
    builder.build_with(&|name| vars.get(name).map(|value| (*value).to_owned()))
}

#[test]
fn settings_override_the_environment() {
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
    assert_eq!(config.max_retries, Some(5));
    assert_eq!(config.backoff.base, Duration::from_millis(500));
}

#[test]
fn base_urls_are_validated_and_normalized() {
    for (input, normalized) in [
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
        let built = build(Config::builder().api_key("k").base_url(input), &[]);
        match (built, normalized) {
            (Ok(config), Some(url)) => assert_eq!(config.base_url.as_str(), url, "{input}"),
            (Err(error), None) => {
                assert_eq!(error.kind(), ErrorKind::Config, "{input}");
                assert!(!error.to_string().contains("secret"), "{error}");
            }
            (built, normalized) => panic!("{input}: {built:?}, expected {normalized:?}"),
        }
    }
    assert!(
        build(Config::builder().api_key("k").base_url("http://10.0.0.1").allow_http(true), &[])
            .is_ok()
    );
}

#[test]
fn the_error_for_a_missing_key_says_what_to_do() {
    for vars in [&[][..], &[("WAVESPEED_API_KEY", "  ")][..]] {
        let error = build(Config::builder(), vars).unwrap_err();
        assert!(
            error.message().contains("No API key found. Set WAVESPEED_API_KEY or pass `api_key`."),
            "{error}"
        );
    }
    assert!(build(Config::builder().anonymous(), &[]).unwrap().api_key.is_none());
}

#[test]
fn debug_output_and_errors_hide_the_key() {
    let builder = Config::builder().api_key("wsk_hush");
    let config = build(builder, &[]).unwrap();
    assert!(!format!("{config:?}").contains("hush"));
    let error = build(Config::builder().api_key("wsk_hush\u{e9}"), &[]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hush"));
}

#[test]
fn a_passed_environment_replaces_the_process_environment() {
    let variables = [("WAVESPEED_API_KEY", "k"), ("WAVESPEED_BASE_URL", "https://api.example")];
    let config = Config::builder().env(variables).build().unwrap();
    assert_eq!(config.base_url().as_str(), "https://api.example/");
    assert!(
        Config::builder().env(variables).ignore_env().build().is_err(),
        "`ignore_env` ignores passed variables as well"
    );
    let none: [(&str, &str); 0] = [];
    assert!(Config::builder().env(none).build().is_err(), "no variable of the process is read");
}

#[test]
fn errors_name_the_setting_its_value_and_what_is_allowed() {
    let none = &[][..];
    let builder = Config::builder;
    for (builder, vars, message) in [
        (
            builder(),
            &[("WAVESPEED_TIMEOUT", "soon")][..],
            "`WAVESPEED_TIMEOUT`: must be a non-negative number of seconds, got \"soon\".",
        ),
        (
            builder(),
            &[("WAVESPEED_TIMEOUT", "-1")],
            "`WAVESPEED_TIMEOUT`: must be a non-negative number of seconds, got \"-1\".",
        ),
        (
            builder(),
            &[("WAVESPEED_MAX_CONNECTION_RETRIES", "1.5")],
            "`WAVESPEED_MAX_CONNECTION_RETRIES`: must be a non-negative whole number, got \"1.5\".",
        ),
        (
            builder(),
            &[("WAVESPEED_BASE_URL", "ftp://x")],
            "`WAVESPEED_BASE_URL`: must be an https URL such as `https://api.wavespeed.ai`, \
             got \"ftp://x\".",
        ),
        (
            builder().base_url("https://x/?a=b"),
            none,
            "`base_url`: must not have a query or fragment, got \"https://x/…\".",
        ),
        (builder().max_connections(0), none, "`max_connections`: must be at least 1, got 0."),
        (
            builder().max_polls_per_second(0.0),
            none,
            "`max_polls_per_second`: must be a number greater than 0, got 0.",
        ),
        (
            builder().request_timeout(Duration::ZERO),
            none,
            "`request_timeout`: must be longer than 0 s, got 0 s.",
        ),
        (
            builder().proxy("gopher://x"),
            none,
            "`proxy`: its scheme must be http, https or socks5, got `gopher`.",
        ),
        (
            builder().client_name("naïve"),
            none,
            "`client_name`: must be printable ASCII, got \"naïve\".",
        ),
        (
            builder(),
            &[("WAVESPEED_CLIENT_NAME", "naïve")],
            "`WAVESPEED_CLIENT_NAME`: must be printable ASCII, got \"naïve\".",
        ),
        (
            builder().user_agent("a\nb"),
            none,
            "`user_agent`: must be printable ASCII, got \"a\\nb\".",
        ),
    ] {
        let error = build(builder.api_key("k"), vars).unwrap_err();
        assert_eq!(error.message(), format!("Invalid value for {message}"));
    }
}

#[test]
fn errors_of_a_base_url_repeat_no_password_and_no_query() {
    for url in [
        "https://user:hunter2@[bad",
        "https://user:hunter2@host:port",
        "user:hunter2@host",
        "//user:hunter2@host",
        "ftp://user:hunter2@host",
        "http://host.example/?key=hunter2",
        "http://host.example/#hunter2",
        "nonsense?key=hunter2",
        "https://user:hunt@er2:hunter2@host:port",
    ] {
        let error = build(Config::builder().api_key("k").base_url(url), &[]).unwrap_err();
        assert!(!error.message().contains("hunter2"), "{url}: {error}");
    }
}
