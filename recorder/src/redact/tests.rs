use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const KEY: &str = "wsk_live_a+b/c?d=é\"e";

fn search(secret: &str) -> SecretSearch {
    let mut secrets = Secrets::default();
    secrets.add(secret, SecretKind::Key);
    secrets.search().unwrap()
}

fn percent(text: &str, upper: bool, all: bool) -> String {
    let encode = |byte: u8| match byte {
        byte if !all && (byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)) => {
            char::from(byte).to_string()
        }
        byte if upper => format!("%{byte:02X}"),
        byte => format!("%{byte:02x}"),
    };
    text.bytes().map(encode).collect()
}

fn unicode_escapes(text: &str) -> String {
    text.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect()
}

#[test]
fn a_secret_is_found_in_every_form() {
    let search = search(KEY);
    let base64 = |prefix: &str| STANDARD.encode(format!("{prefix}{KEY}:x"));
    let json = json!({ "a": KEY }).to_string();
    for (form, text) in [
        ("plain", format!("a{KEY}b")),
        ("percent, upper case", percent(KEY, true, false)),
        ("percent, lower case", percent(KEY, false, false)),
        ("percent, every byte", percent(KEY, false, true)),
        ("percent, one byte", KEY.replacen('s', "%73", 1)),
        ("JSON", json.clone()),
        ("JSON with escaped slashes", json.replace('/', "\\/")),
        ("JSON with Unicode escapes", unicode_escapes(KEY)),
        ("JSON in JSON", json!(json).to_string()),
        ("percent in JSON", unicode_escapes(&percent(KEY, true, false))),
        ("Base64", base64("")),
        ("Base64 after one byte", base64("a")),
        ("Base64 after two bytes", base64("ab")),
        ("Base64 after three bytes", base64("abc")),
        ("Base64 for URLs", URL_SAFE.encode(format!("ab{KEY}"))),
        ("Base64 at the end", STANDARD.encode(KEY)),
        ("hex", base16ct::lower::encode_string(KEY.as_bytes())),
    ] {
        assert_eq!(search.find(text.as_bytes()), Some(SecretKind::Key), "{form}: {text}");
        let redacted = search.redact(&text).unwrap();
        assert_eq!(search.find(redacted.as_bytes()), None, "{form}: {redacted}");
        let mut document = json!({ text.clone(): [text] });
        redact_all(&mut document, &search);
        assert_eq!(search.find(document.to_string().as_bytes()), None, "{form}: {document}");
    }
    assert_eq!(search.find(&KEY.as_bytes()[1..]), None);
    assert_eq!(search.redact("a text"), None);
    assert_eq!(search.redact(&format!("a {KEY} b")).unwrap(), "a [key] b");
}

#[test]
fn a_secret_is_found_across_the_parts_of_a_file() {
    let search = search(KEY);
    for at in [0, 1024 * 1024 - 3, 1024 * 1024, 2_000_000] {
        let mut file = vec![b'x'; 2_500_000];
        file[at..at + KEY.len()].copy_from_slice(KEY.as_bytes());
        assert_eq!(search.find_in(file.as_slice()).unwrap(), Some(SecretKind::Key), "{at}");
    }
    assert_eq!(search.find_in([b'x'; 100].as_slice()).unwrap(), None);
}

#[test]
fn secrets_of_queries_are_those_that_authorize() {
    let mut secrets = Secrets::default();
    secrets.add_query(
        "X-Amz-Date=20261129T000000Z&X-Amz-Signature=abc%2Fdef&x-id=PutObject&token=t0k",
        SecretKind::Signature,
    );
    let search = secrets.search().unwrap();
    for (text, expected) in [
        ("abc%2Fdef", Some(SecretKind::Signature)),
        ("abc/def", Some(SecretKind::Signature)),
        ("20261129T000000Z PutObject", None),
        // Too short: any text could contain it.
        ("t0k", None),
    ] {
        assert_eq!(search.find(text.as_bytes()), expected, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_secret_is_found_in_any_surroundings(
        secret in "[!-~]{8,40}",
        before in "[ -~]{0,8}",
        after in "[ -~]{0,8}",
        form in 0..5,
    ) {
        let text = format!("{before}{secret}{after}");
        let text = match form {
            0 => text,
            1 => STANDARD.encode(text),
            2 => URL_SAFE.encode(text),
            3 => percent(&text, true, false),
            _ => json!(text).to_string(),
        };
        prop_assert!(search(secret.trim()).find(text.as_bytes()).is_some(), "{}", text);
    }
}
