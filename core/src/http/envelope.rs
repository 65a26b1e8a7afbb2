//! The envelope `{code, message, data}` around the service's responses.

use serde_json::Value;

use super::body::FullResponse;
use super::lenient_json;
pub(crate) use crate::protocol::parse::integer;

/// A response as far as it could be understood.
pub(crate) struct Envelope {
    /// The HTTP status, or the envelope's own code where it is an error code within a 200.
    pub(crate) status: u16,
    /// The body as JSON; `None` if it is not JSON, or not complete.
    pub(crate) json: Option<Value>,
}

impl Envelope {
    pub(crate) fn of(response: &FullResponse) -> Self {
        let parsed = lenient_json::parse(&response.body);
        Self::new(response, parsed.filter(|parsed| parsed.complete).map(|parsed| parsed.value))
    }

    /// Reads also a body that ends early, as far as it goes.
    pub(crate) fn of_part(response: &FullResponse) -> Self {
        Self::new(response, lenient_json::parse(&response.body).map(|parsed| parsed.value))
    }

    fn new(response: &FullResponse, json: Option<Value>) -> Self {
        Self { status: effective_status(response.status, json.as_ref()), json }
    }

    /// Whether HTTP and the envelope both say that all is well.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What is in the envelope; the whole body where it has none (webhooks, older responses). The
    /// envelope is empty afterwards.
    pub(crate) fn take_data(&mut self) -> Option<Value> {
        let mut json = self.json.take()?;
        if let Some(data) = json.get_mut("data") {
            return Some(data.take());
        }
        let is_bare = json.get("id").is_some();
        is_bare.then_some(json)
    }
}

/// An error code of HTTP's range in the envelope of a 200 counts as the status: the service is
/// known to response so (its page on uploads).
fn effective_status(http: u16, json: Option<&Value>) -> u16 {
    let code = json.and_then(|json| json.get("code")).and_then(integer);
    match code.and_then(|code| u16::try_from(code).ok()) {
        Some(code) if (200..300).contains(&http) && (400..600).contains(&code) => code,
        _ => http,
    }
}
