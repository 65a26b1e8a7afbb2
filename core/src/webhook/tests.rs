use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::protocol::Status;

const SECRET: &str = "whsec_e9EE3BdyXSxcB4ZyZUKjQUEoQX4sF9P1+eMpb/KluCM=";
const ID: &str = "45b392b22c3b449fa935bd4dc";
const BODY: &str = r#"{"id":"45b392b22c3b449fa935bd4dc","model":"wavespeed-ai/flux-dev","outputs":["https://d2p7pge43lyniu.cloudfront.net/output/18058184-5df8-4d05-9e1b-7ad84c8b963e-u1_9bfd4537-e541-4ad0-a0f6-4812b11a37f1.jpeg"],"urls":{"get":"https://api.wavespeed.ai/api/v3/predictions/45b392b22c3b449fa935bd4dc2219dfe/result"},"has_nsfw_contents":[false],"status":"completed","created_at":"2025-09-25T09:12:48.239112031Z","error":"","executionTime":6710,"timings":{"inference":6710}}"#;

/// Computed with the documented algorithm and an independent implementation of HMAC.
const VECTORS: [(u64, &str); 2] = [
    (1_758_798_328, "7a32ef7ef2c0cc05dbf74c9456add530c638730d40b36ecbce282a4251feaba7"),
    (1_758_802_746, "f8b7bf9947e6c9eae9009baa626b1a91202e0103bce66fbcc516195b6a20c7d9"),
];

/// Signatures printed in the service's documentation for the same secret, id and body. They match
/// no reading of the scheme: the ids were probably shortened after signing.
const DOCUMENTED: [(u64, &str); 2] = [
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
fn test_vectors_verify_and_documented_signatures_do_not() {
    for (timestamp, signature) in VECTORS {
        let verified =
            verifier().verify(headers(timestamp, signature), BODY.as_bytes(), at(timestamp + 7));
        assert_eq!(verified, Ok(Verified { id: ID.into(), sent_at: at(timestamp) }));
    }
    for (timestamp, signature) in DOCUMENTED {
        let reason =
            verifier().verify(headers(timestamp, signature), BODY.as_bytes(), at(timestamp));
        assert_eq!(reason, Err(RejectReason::InvalidSignature { body_looks_reformatted: false }));
    }
}

#[test]
fn the_prefix_of_the_secret_is_optional() {
    let bare = SECRET.strip_prefix(SECRET_PREFIX).unwrap();
    for (secret, valid) in [
        (SECRET.to_owned(), true),
        (format!(" {SECRET}\n"), true),
        (bare.to_owned(), true),
        (format!("whsec_{SECRET}"), false),
        (bare.to_lowercase(), false),
        ("whsec_x".to_owned(), false),
    ] {
        let verifier = Verifier::new(WebhookSecret::new(secret.as_str()).unwrap());
        assert_eq!(verifier.verify(genuine(), BODY.as_bytes(), at(NOW)).is_ok(), valid, "{secret}");
    }
    for empty in ["", " ", "whsec_", " whsec_ "] {
        assert_eq!(WebhookSecret::new(empty).unwrap_err().kind(), ErrorKind::Config);
    }
}

#[test]
fn debug_output_hides_the_secret() {
    let text = format!("{:?} {:?}", WebhookSecret::new(SECRET), verifier());
    assert!(!text.contains("e9EE"), "{text}");
    assert!(text.starts_with("Ok(WebhookSecret(…)) "), "{text}");
}

#[test]
fn both_secrets_are_accepted_during_a_rotation() {
    let new = WebhookSecret::new("whsec_new").unwrap();
    let old = WebhookSecret::new(SECRET).unwrap();
    let both = Verifier::new(new.clone()).or(old);
    assert!(both.verify(genuine(), BODY.as_bytes(), at(NOW)).is_ok());
    assert!(Verifier::new(new).verify(genuine(), BODY.as_bytes(), at(NOW)).is_err());
}

/// Returns the genuine headers with one of them replaced or removed.
fn with(name: &str, value: Option<&str>) -> Vec<(String, Vec<u8>)> {
    let mut headers = genuine();
    headers.retain(|(existing, _)| existing != name);
    headers.extend(value.map(|value| (name.to_owned(), value.as_bytes().to_vec())));
    headers
}

#[test]
fn every_invalid_delivery_has_its_reject_reason() {
    let good = VECTORS[0].1;
    for (headers, expected) in [
        (with(ID_HEADER, None), "the header `webhook-id` is missing"),
        (with(TIMESTAMP_HEADER, None), "the header `webhook-timestamp` is missing"),
        (with(SIGNATURE_HEADER, None), "the header `webhook-signature` is missing"),
        (Vec::new(), "the header `webhook-id` is missing"),
        ([genuine(), genuine()].concat(), "`webhook-id` occurs more than once"),
        (with(ID_HEADER, Some("")), "`webhook-id` must be visible ASCII"),
        (with(ID_HEADER, Some("a b")), "`webhook-id` must be visible ASCII"),
        (with(ID_HEADER, Some("é")), "`webhook-id` must be visible ASCII"),
        (with(ID_HEADER, Some("another")), "the signature does not match"),
        (with(TIMESTAMP_HEADER, Some("soon")), "a whole number of seconds since 1970"),
        (with(TIMESTAMP_HEADER, Some("")), "visible ASCII"),
        (with(TIMESTAMP_HEADER, Some("-1758798328")), "a whole number"),
        (with(TIMESTAMP_HEADER, Some("+1758798328")), "a whole number"),
        (with(TIMESTAMP_HEADER, Some("1758798328.0")), "a whole number"),
        (with(TIMESTAMP_HEADER, Some("99999999999999999999")), "a whole number"),
        (with(TIMESTAMP_HEADER, Some("01758798328")), "the signature does not match"),
        (with(TIMESTAMP_HEADER, Some("1758798329")), "the signature does not match"),
        (with(SIGNATURE_HEADER, Some(good)), "64 lower-case hexadecimal digits"),
        (with(SIGNATURE_HEADER, Some("v3,")), "64 lower-case hexadecimal digits"),
        (with(SIGNATURE_HEADER, Some("v3,00")), "64 lower-case hexadecimal digits"),
        (with(SIGNATURE_HEADER, Some(&format!("v3,{good}00"))), "64 lower-case"),
        (with(SIGNATURE_HEADER, Some(&format!("v3,{good},v3,{good}"))), "64 lower-case"),
        (
            with(SIGNATURE_HEADER, Some(&format!("v3,{}", good.to_uppercase()))),
            "64 lower-case hexadecimal digits",
        ),
        (with(SIGNATURE_HEADER, Some(&format!("V3,{good}"))), "scheme `v3`, got `V3`"),
        (with(SIGNATURE_HEADER, Some(&format!("v4,{good}"))), "scheme `v3`, got `v4`"),
        (with(SIGNATURE_HEADER, Some("v1,abc=")), "the scheme of Standard Webhooks"),
        (with(SIGNATURE_HEADER, Some(&"x,".repeat(999))), "got `x`"),
    ] {
        let reason = verifier().verify(headers.clone(), BODY.as_bytes(), at(NOW)).unwrap_err();
        assert!(reason.to_string().contains(expected), "{headers:?}: {reason}");
        let error = verifier().receive(headers, BODY.as_bytes(), at(NOW)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Webhook);
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.downcast_ref::<RejectReason>(), Some(&reason));
    }
}

#[test]
fn a_reformatted_body_is_pointed_out() {
    let value: serde_json::Value = serde_json::from_str(BODY).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let spaced = BODY.replace("\":", "\": ");
    for (body, reformatted) in
        [(pretty.as_str(), true), (&spaced, true), ("{}", false), ("", false), ("{", false)]
    {
        let reason = verifier().verify(genuine(), body.as_bytes(), at(NOW)).unwrap_err();
        assert_eq!(
            reason,
            RejectReason::InvalidSignature { body_looks_reformatted: reformatted },
            "{body}"
        );
        assert_eq!(reason.to_string().contains("reformatted"), reformatted);
    }
}

#[test]
fn deliveries_outside_the_tolerance_are_rejected() {
    for (now, accepted) in [
        (NOW - 300, true),
        (NOW - 301, false),
        (NOW + 300, true),
        (NOW + 301, false),
        (0, false),
        (u64::from(u32::MAX) * 2, false),
    ] {
        let outcome = verifier().verify(genuine(), BODY.as_bytes(), at(now));
        assert_eq!(outcome.is_ok(), accepted, "{now}: {outcome:?}");
    }
    let just_after = at(NOW + 300) + Duration::from_nanos(1);
    let reason = verifier().verify(genuine(), BODY.as_bytes(), just_after).unwrap_err();
    assert!(matches!(reason, RejectReason::TooOld { .. }), "{reason}");
    let reason = verifier().verify(genuine(), BODY.as_bytes(), at(NOW - 400)).unwrap_err();
    assert!(reason.to_string().contains("400 s in the future"), "{reason}");

    let strict = verifier().tolerance(Duration::ZERO);
    assert!(strict.verify(genuine(), BODY.as_bytes(), at(NOW)).is_ok());
    assert!(strict.verify(genuine(), BODY.as_bytes(), at(NOW + 1)).is_err());
    let forged = with(TIMESTAMP_HEADER, Some("1"));
    let reason = verifier().verify(forged, BODY.as_bytes(), at(NOW)).unwrap_err();
    assert!(
        matches!(reason, RejectReason::InvalidSignature { .. }),
        "the signature is checked before the age"
    );
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert!(verifier().verify(genuine(), BODY.as_bytes(), before_1970).is_err());
}

/// Returns the valid signature for any headers and body, made with the secret `whsec_key`.
fn sign(id: &str, timestamp: &str, body: &[u8]) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"key").unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_timestamp_beyond_the_range_of_system_time_is_rejected() {
    let signature = sign(ID, &u64::MAX.to_string(), b"");
    let verifier = Verifier::new(WebhookSecret::new("whsec_key").unwrap());
    let reason = verifier.verify(headers(u64::MAX, &signature), b"", at(NOW)).unwrap_err();
    assert!(matches!(reason, RejectReason::InFuture { .. }), "{reason}");
}

#[test]
fn headers_of_common_web_frameworks_are_accepted() {
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
fn receive_returns_the_prediction() {
    let delivery = verifier().receive(genuine(), BODY.as_bytes(), at(NOW)).unwrap();
    assert_eq!((delivery.id.as_str(), delivery.sent_at), (ID, at(NOW)));
    assert_eq!(delivery.prediction.id, ID);
    assert_eq!(delivery.prediction.status, Status::Completed);
    assert!(delivery.prediction.output_url().unwrap().ends_with(".jpeg"));
}

#[test]
fn parse_accepts_bare_and_enveloped_predictions() {
    let bare = r#"{"id":"a","status":"failed","code":1402,"error":"No.","input":{"audio":"u"}}"#;
    let enveloped = format!(r#"{{"code":200,"message":"success","data":{bare}}}"#);
    let marked = format!("\u{feff}{bare}");
    for body in [bare, &enveloped, &marked] {
        let prediction = parse(body.as_bytes()).unwrap();
        assert_eq!(prediction.status, Status::Failed);
        assert_eq!(prediction.code, Some(1402));
        assert_eq!(prediction.input.unwrap()["audio"], "u");
    }
    let with_data = parse(br#"{"id":"a","status":"completed","data":{"id":"b"}}"#).unwrap();
    assert_eq!(with_data.id, "a", "a bare prediction with a `data` field is not an envelope");
    assert!(with_data.extra.contains_key("data"));
    for body in
        ["", "null", "[]", "7", "{}", r#"{"id":"a"}"#, r#"{"data":null}"#, "<html>", "{\"id\""]
    {
        let error = parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Webhook, "{body}");
    }
}

/// Returns the data with one bit flipped, chosen by `index`.
fn flip_bit(data: &[u8], index: &prop::sample::Index) -> Vec<u8> {
    let bit = index.index(data.len() * 8);
    let mut data = data.to_vec();
    data[bit / 8] ^= 1 << (bit % 8);
    data
}

proptest! {
    #[test]
    fn valid_signatures_are_accepted(
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
    fn any_flipped_bit_is_rejected(which in 0usize..4, index: prop::sample::Index) {
        let mut headers = genuine();
        let mut body = BODY.as_bytes().to_vec();
        match which {
            0 => body = flip_bit(&body, &index),
            header => headers[header].1 = flip_bit(&headers[header].1, &index),
        }
        let lenient = verifier().tolerance(Duration::MAX);
        prop_assert!(lenient.verify(headers, &body, at(NOW)).is_err());
    }

    #[test]
    fn arbitrary_deliveries_never_panic(
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
    fn every_truncated_body_is_an_error(end in 0..BODY.len()) {
        prop_assert_eq!(parse(&BODY.as_bytes()[..end]).unwrap_err().kind(), ErrorKind::Webhook);
    }
}
