//! The envelope `{code, message, data}` around the service's responses.

use serde_json::Value;

use super::body::FullResponse;
use super::lenient_json;
pub(crate) use crate::protocol::parse::integer;

/// The parts of a response that could be parsed.
pub(crate) struct Envelope {
    /// The HTTP status, or the code of the envelope if it is an error code in a 200.
    pub(crate) status: u16,
    /// The body as JSON; `None` if it is not JSON, or not complete.
    pub(crate) json: Option<Value>,
}

impl Envelope {
    pub(crate) fn of(response: &FullResponse) -> Self {
        let parsed = lenient_json::parse(&response.body);
        Self::new(response, parsed.filter(|parsed| parsed.complete).map(|parsed| parsed.value))
    }

    /// Parses a response, and also the beginning of an incomplete body.
    pub(crate) fn of_part(response: &FullResponse) -> Self {
        Self::new(response, lenient_json::parse(&response.body).map(|parsed| parsed.value))
    }

    fn new(response: &FullResponse, json: Option<Value>) -> Self {
        Self { status: effective_status(response.status, json.as_ref()), json }
    }

    /// Returns whether both HTTP and the envelope report a success.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Takes the content of the envelope, or the whole body if it has none (webhooks, older
    /// responses).
    pub(crate) fn take_data(&mut self) -> Option<Value> {
        let mut json = self.json.take()?;
        if let Some(data) = json.get_mut("data") {
            return Some(data.take());
        }
        let is_bare = json.get("id").is_some();
        is_bare.then_some(json)
    }
}

/// Returns the error status in the envelope of a 200: the service is known to respond so (its page
/// on uploads).
fn effective_status(http: u16, json: Option<&Value>) -> u16 {
    let code = json.and_then(|json| json.get("code")).and_then(integer);
    match code.and_then(|code| u16::try_from(code).ok()) {
        Some(code) if (200..300).contains(&http) && (400..600).contains(&code) => code,
        _ => http,
    }
}
