//! Fuzzes webhook verification: unsigned requests are rejected, signed requests are accepted.

use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier, WebhookSecret, parse};
use crate::fuzz_input::{head_and_body, pairs};

/// A secret that no input holds.
const SECRET: &str = "whsec_a-secret-that-no-input-holds";
const NOW: u64 = 1_758_798_328;

/// Verifies a delivery: header lines, an empty line, the body.
pub fn webhook(data: &[u8]) {
    let (head, body) = head_and_body(data);
    let Ok(secret) = WebhookSecret::new(SECRET) else { return };
    let verifier = Verifier::new(secret);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    if let Err(reason) = verifier.verify(pairs(&head), body, now) {
        assert!(reason.to_string().len() <= 1024, "{reason}");
    } else {
        // Accepted only if the input happens to hold the valid signature.
        assert_eq!(Some(signature(&head, body)), find(&head, SIGNATURE_HEADER).map(str::to_owned));
    }
    let _ = verifier.receive(pairs(&head), body, now);
    let _ = parse(body);
    check_signed_body(&verifier, body, now);
}

/// Checks that the signed body is accepted, and rejected after one bit was changed.
fn check_signed_body(verifier: &Verifier, body: &[u8], now: SystemTime) {
    let head = format!("{ID_HEADER}: a1\n{TIMESTAMP_HEADER}: {NOW}\n");
    let signature = signature(&head, body);
    let headers = || pairs(&head).chain([(SIGNATURE_HEADER, signature.as_str())]);
    assert!(verifier.verify(headers(), body, now).is_ok(), "a genuine delivery was rejected");
    let mut changed = body.to_vec();
    match changed.last_mut() {
        Some(last) => *last ^= 1,
        None => changed.push(b' '),
    }
    assert!(verifier.verify(headers(), &changed, now).is_err(), "a changed delivery was accepted");
}

fn signature(head: &str, body: &[u8]) -> String {
    let header = |name| find(head, name).unwrap_or_default();
    let key = SECRET.trim_start_matches(super::SECRET_PREFIX);
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(format!("{}.{}.", header(ID_HEADER), header(TIMESTAMP_HEADER)).as_bytes());
    mac.update(body);
    let mut digits = [0; 64];
    let digits = base16ct::lower::encode_str(&mac.finalize().into_bytes(), &mut digits);
    format!("v3,{}", digits.unwrap_or_default())
}

fn find<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    pairs(head).find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}
