use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::protocol::Status;

const SECRET: &str = "whsec_e9EE3BdyXSxcB4ZyZUKjQUEoQX4sF9P1+eMpb/KluCM=";
const ID: &str = "45b392b22c3b449fa935bd4dc";
const BODY: &str = r#"{"id":"45b392b22c3b449fa935bd4dc","model":"wavespeed-ai/flux-dev","outputs":["https://d2p7pge43lyniu.cloudfront.net/output/18058184-5df8-4d05-9e1b-7ad84c8b963e-u1_9bfd4537-e541-4ad0-a0f6-4812b11a37f1.jpeg"],"urls":{"get":"https://api.wavespeed.ai/api/v3/predictions/45b392b22c3b449fa935bd4dc2219dfe/result"},"has_nsfw_contents":[false],"status":"completed","created_at":"2025-09-25T09:12:48.239112031Z","error":"","executionTime":6710,"timings":{"inference":6710}}"#;

/// Computed by the documented algorithm, with another implementation of HMAC.
const VECTORS: [(u64, &str); 2] = [
    (1_758_798_328, "7a32ef7ef2c0cc05dbf74c9456add530c638730d40b36ecbce282a4251feaba7"),
    (1_758_802_746, "f8b7bf9947e6c9eae9009baa626b1a91202e0103bce66fbcc516195b6a20c7d9"),
];

/// As the service's page on verifying webhooks prints them for the same secret, id and body. They
/// fit no reading of the scheme: the page seems to have shortened the ids after signing.
const PRINTED: [(u64, &str); 2] = [
    (1_758_798_328, "424a292e812c06273bc4efd6b451010a5f046454ae15e6a7c0834428ca76255d"),
    (1_758_802_746, "cf2866ec96051d73399f0b8627ea7bafd7dbac73725f80b855383a9b64f0c7d8"),
];

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn verifier() -> Verifier {
    Verifier::new(WebhookSecret::new(SECRET).unwrap())
}

fn headers(timestamp: u64, signature: &str) -> Vec<(String, Vec<u8>)> {
    vec![
        ("content-type".into(), b"application/json".to_vec()),
        ("webhook-id".into(), ID.as_bytes().to_vec()),
        ("webhook-timestamp".into(), timestamp.to_string().into_bytes()),
        ("webhook-signature".into(), format!("v3,{signature}").into_bytes()),
    ]
}

fn genuine() -> Vec<(String, Vec<u8>)> {
    let (timestamp, signature) = VECTORS[0];
    headers(timestamp, signature)
}

const NOW: u64 = VECTORS[0].0;

#[test]
fn the_vectors() {
    for (timestamp, signature) in VECTORS {
        let verified =
            verifier().verify(headers(timestamp, signature), BODY.as_bytes(), at(timestamp + 7));
        assert_eq!(verified, Ok(Verified { id: ID.into(), sent_at: at(timestamp) }));
    }
    for (timestamp, signature) in PRINTED {
        let refusal =
            verifier().verify(headers(timestamp, signature), BODY.as_bytes(), at(timestamp));
        assert_eq!(refusal, Err(Refusal::BadSignature { body_looks_rewritten: false }));
    }
}

#[test]
fn the_secret_counts_with_and_without_its_prefix() {
    let bare = SECRET.strip_prefix(SECRET_PREFIX).unwrap();
    for (secret, fits) in [
        (SECRET.to_owned(), true),
        (format!(" {SECRET}\n"), true),
        (bare.to_owned(), true),
        (format!("whsec_{SECRET}"), false),
        (bare.to_lowercase(), false),
        ("whsec_x".to_owned(), false),
    ] {
        let verifier = Verifier::new(WebhookSecret::new(secret.as_str()).unwrap());
        assert_eq!(verifier.verify(genuine(), BODY.as_bytes(), at(NOW)).is_ok(), fits, "{secret}");
    }
    for empty in ["", " ", "whsec_", " whsec_ "] {
        assert_eq!(WebhookSecret::new(empty).unwrap_err().kind(), ErrorKind::Config);
    }
}

#[test]
fn the_secret_is_in_no_text() {
    let text = format!("{:?} {:?}", WebhookSecret::new(SECRET), verifier());
    assert!(!text.contains("e9EE"), "{text}");
    assert!(text.starts_with("Ok(WebhookSecret(…)) "), "{text}");
}

#[test]
fn either_secret_will_do_while_it_is_replaced() {
    let new = WebhookSecret::new("whsec_new").unwrap();
    let old = WebhookSecret::new(SECRET).unwrap();
    let both = Verifier::new(new.clone()).or(old);
    assert!(both.verify(genuine(), BODY.as_bytes(), at(NOW)).is_ok());
    assert!(Verifier::new(new).verify(genuine(), BODY.as_bytes(), at(NOW)).is_err());
}

/// The genuine headers with one of them set to something else, or removed.
fn with(name: &str, value: Option<&str>) -> Vec<(String, Vec<u8>)> {
    let mut headers = genuine();
    headers.retain(|(existing, _)| existing != name);
    headers.extend(value.map(|value| (name.to_owned(), value.as_bytes().to_vec())));
    headers
}

#[test]
fn every_refusal_has_its_reason() {
    let good = VECTORS[0].1;
    for (headers, expected) in [
        (with(ID_HEADER, None), "the header `webhook-id` is missing"),
        (with(TIMESTAMP_HEADER, None), "the header `webhook-timestamp` is missing"),
        (with(SIGNATURE_HEADER, None), "the header `webhook-signature` is missing"),
        (Vec::new(), "the header `webhook-id` is missing"),
        ([genuine(), genuine()].concat(), "`webhook-id` came more than once"),
        (with(ID_HEADER, Some("")), "`webhook-id` is malformed"),
        (with(ID_HEADER, Some("a b")), "`webhook-id` is malformed"),
        (with(ID_HEADER, Some("é")), "`webhook-id` is malformed"),
        (with(ID_HEADER, Some("another")), "the signature does not fit"),
        (with(TIMESTAMP_HEADER, Some("soon")), "a whole number of seconds since 1970"),
        (with(TIMESTAMP_HEADER, Some("")), "visible ASCII"),
        (with(TIMESTAMP_HEADER, Some("-1758798328")), "a whole number"),
        (with(TIMESTAMP_HEADER, Some("+1758798328")), "a whole number"),
        (with(TIMESTAMP_HEADER, Some("1758798328.0")), "a whole number"),
        (with(TIMESTAMP_HEADER, Some("99999999999999999999")), "a whole number"),
        (with(TIMESTAMP_HEADER, Some("01758798328")), "the signature does not fit"),
        (with(TIMESTAMP_HEADER, Some("1758798329")), "the signature does not fit"),
        (with(SIGNATURE_HEADER, Some(good)), "64 lower-case hexadecimal digits"),
        (with(SIGNATURE_HEADER, Some("v3,")), "64 lower-case hexadecimal digits"),
        (with(SIGNATURE_HEADER, Some("v3,00")), "64 lower-case hexadecimal digits"),
        (with(SIGNATURE_HEADER, Some(&format!("v3,{good}00"))), "64 lower-case"),
        (with(SIGNATURE_HEADER, Some(&format!("v3,{good},v3,{good}"))), "64 lower-case"),
        (
            with(SIGNATURE_HEADER, Some(&format!("v3,{}", good.to_uppercase()))),
            "64 lower-case hexadecimal digits",
        ),
        (with(SIGNATURE_HEADER, Some(&format!("V3,{good}"))), "scheme `V3`, not `v3`"),
        (with(SIGNATURE_HEADER, Some(&format!("v4,{good}"))), "scheme `v4`, not `v3`"),
        (with(SIGNATURE_HEADER, Some("v1,abc=")), "the scheme of Standard Webhooks"),
        (with(SIGNATURE_HEADER, Some(&"x,".repeat(999))), "scheme `x`"),
    ] {
        let refusal = verifier().verify(headers.clone(), BODY.as_bytes(), at(NOW)).unwrap_err();
        assert!(refusal.to_string().contains(expected), "{headers:?}: {refusal}");
        let error = verifier().receive(headers, BODY.as_bytes(), at(NOW)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Webhook);
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.downcast_ref::<Refusal>(), Some(&refusal));
    }
}

#[test]
fn a_rewritten_body_is_pointed_out() {
    let value: serde_json::Value = serde_json::from_str(BODY).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let spaced = BODY.replace("\":", "\": ");
    for (body, rewritten) in
        [(pretty.as_str(), true), (&spaced, true), ("{}", false), ("", false), ("{", false)]
    {
        let refusal = verifier().verify(genuine(), body.as_bytes(), at(NOW)).unwrap_err();
        assert_eq!(refusal, Refusal::BadSignature { body_looks_rewritten: rewritten }, "{body}");
        assert_eq!(refusal.to_string().contains("rewritten"), rewritten);
    }
}

#[test]
fn the_age() {
    for (now, taken) in [
        (NOW - 300, true),
        (NOW - 301, false),
        (NOW + 300, true),
        (NOW + 301, false),
        (0, false),
        (u64::from(u32::MAX) * 2, false),
    ] {
        let outcome = verifier().verify(genuine(), BODY.as_bytes(), at(now));
        assert_eq!(outcome.is_ok(), taken, "{now}: {outcome:?}");
    }
    let just_after = at(NOW + 300) + Duration::from_nanos(1);
    let refusal = verifier().verify(genuine(), BODY.as_bytes(), just_after).unwrap_err();
    assert!(matches!(refusal, Refusal::TooOld { .. }), "{refusal}");
    let refusal = verifier().verify(genuine(), BODY.as_bytes(), at(NOW - 400)).unwrap_err();
    assert!(refusal.to_string().contains("400 s in the future"), "{refusal}");

    let strict = verifier().tolerance(Duration::ZERO);
    assert!(strict.verify(genuine(), BODY.as_bytes(), at(NOW)).is_ok());
    assert!(strict.verify(genuine(), BODY.as_bytes(), at(NOW + 1)).is_err());
    let forged = with(TIMESTAMP_HEADER, Some("1"));
    let refusal = verifier().verify(forged, BODY.as_bytes(), at(NOW)).unwrap_err();
    assert!(matches!(refusal, Refusal::BadSignature { .. }), "a forgery is not merely late");
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert!(verifier().verify(genuine(), BODY.as_bytes(), before_1970).is_err());
}

/// The right signature for any headers and body, of a secret known to the tests.
fn sign(id: &str, timestamp: &str, body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"key").unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_time_beyond_all_clocks_is_refused() {
    let signature = sign(ID, &u64::MAX.to_string(), b"");
    let verifier = Verifier::new(WebhookSecret::new("whsec_key").unwrap());
    let refusal = verifier.verify(headers(u64::MAX, &signature), b"", at(NOW)).unwrap_err();
    assert!(matches!(refusal, Refusal::FromTheFuture { .. }), "{refusal}");
}

#[test]
fn headers_in_the_forms_of_web_frameworks() {
    let mut map = http::HeaderMap::new();
    let mut texts = HashMap::new();
    for (name, value) in genuine() {
        let text = String::from_utf8(value).unwrap();
        map.insert(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            http::HeaderValue::from_str(&text).unwrap(),
        );
        texts.insert(name.to_uppercase(), text);
    }
    assert!(verifier().verify(&map, BODY.as_bytes(), at(NOW)).is_ok());
    assert!(verifier().verify(&texts, BODY.as_bytes(), at(NOW)).is_ok());
}

#[test]
fn a_delivery_is_read() {
    let delivery = verifier().receive(genuine(), BODY.as_bytes(), at(NOW)).unwrap();
    assert_eq!((delivery.id.as_str(), delivery.sent_at), (ID, at(NOW)));
    assert_eq!(delivery.prediction.id, ID);
    assert_eq!(delivery.prediction.status, Status::Completed);
    assert!(delivery.prediction.output_url().unwrap().ends_with(".jpeg"));
}

#[test]
fn bodies_of_each_form() {
    let bare = r#"{"id":"a","status":"failed","code":1402,"error":"No.","input":{"audio":"u"}}"#;
    let enveloped = format!(r#"{{"code":200,"message":"success","data":{bare}}}"#);
    let marked = format!("\u{feff}{bare}");
    for body in [bare, &enveloped, &marked] {
        let prediction = parse(body.as_bytes()).unwrap();
        assert_eq!(prediction.status, Status::Failed);
        assert_eq!(prediction.code, Some(1402));
        assert_eq!(prediction.input.unwrap()["audio"], "u");
    }
    let own_data = parse(br#"{"id":"a","status":"completed","data":{"id":"b"}}"#).unwrap();
    assert_eq!(own_data.id, "a", "a prediction of its own wins over what looks like an envelope");
    assert!(own_data.extra.contains_key("data"));
    for body in
        ["", "null", "[]", "7", "{}", r#"{"id":"a"}"#, r#"{"data":null}"#, "<html>", "{\"id\""]
    {
        let error = parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Webhook, "{body}");
    }
}

/// One bit of the data changed; which one is chosen by `index`.
fn flipped(data: &[u8], index: &prop::sample::Index) -> Vec<u8> {
    let bit = index.index(data.len() * 8);
    let mut data = data.to_vec();
    data[bit / 8] ^= 1 << (bit % 8);
    data
}

proptest! {
    #[test]
    fn what_is_signed_right_is_taken(
        id in "[!-~]{1,64}",
        timestamp in 1_600_000_000u64..1_900_000_000,
        skew in -300i64..=300,
        body in proptest::collection::vec(any::<u8>(), 0..512),
    ) {
        let signature = sign(&id, &timestamp.to_string(), &body);
        let verifier = Verifier::new(WebhookSecret::new("whsec_key").unwrap());
        let headers = [
            (SIGNATURE_HEADER, format!("v3,{signature}")),
            (TIMESTAMP_HEADER, timestamp.to_string()),
            (ID_HEADER, id),
        ];
        prop_assert!(verifier.verify(headers, &body, at(timestamp.strict_add_signed(skew))).is_ok());
    }

    #[test]
    fn any_changed_bit_is_refused(which in 0usize..4, index: prop::sample::Index) {
        let mut headers = genuine();
        let mut body = BODY.as_bytes().to_vec();
        match which {
            0 => body = flipped(&body, &index),
            header => headers[header].1 = flipped(&headers[header].1, &index),
        }
        let far = verifier().tolerance(Duration::MAX);
        prop_assert!(far.verify(headers, &body, at(NOW)).is_err());
    }

    #[test]
    fn nothing_makes_it_panic(
        headers in proptest::collection::vec(
            (
                prop_oneof![Just(ID_HEADER), Just(TIMESTAMP_HEADER), Just(SIGNATURE_HEADER), Just("x")],
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..80),
                    "v[0-9],[0-9a-f]{0,70}".prop_map(String::into_bytes),
                    "[0-9]{0,25}".prop_map(String::into_bytes),
                ],
            ),
            0..6,
        ),
        body in proptest::collection::vec(any::<u8>(), 0..200),
        now in any::<u32>(),
    ) {
        prop_assert!(verifier().receive(headers, &body, at(now.into())).is_err());
        let _ = parse(&body);
    }

    #[test]
    fn any_cut_body_is_read_or_refused(end in 0..BODY.len()) {
        prop_assert_eq!(parse(&BODY.as_bytes()[..end]).unwrap_err().kind(), ErrorKind::Webhook);
    }
}
