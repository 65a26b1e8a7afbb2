//! The client, as JavaScript holds it.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use viseme_bindings::ClientHandle;

use crate::job::NativeJob;
use crate::task::{Task, contents_of};

/// A client of the service.
#[napi]
pub struct NativeClient {
    client: ClientHandle,
}

#[napi]
impl NativeClient {
    /// A client with these settings. The message of what it throws is JSON.
    #[napi(factory)]
    pub fn open(settings: String) -> napi::Result<Self> {
        let client = ClientHandle::open(&settings).map_err(napi::Error::from_reason)?;
        Ok(Self { client })
    }

    /// Begins what the request says.
    #[napi]
    pub fn start(&self, request: String, contents: Vec<Buffer>) -> Task {
        self.client.start(&request, contents_of(&contents)).into()
    }

    /// A handle on a job that was submitted before.
    #[napi]
    pub fn job(&self, id: String) -> NativeJob {
        self.client.job(&id).into()
    }

    /// Ends the waits for the job of a prediction that came by webhook and was verified elsewhere;
    /// gives whether there were any, as JSON, or why it cannot be read.
    #[napi]
    pub fn deliver(&self, body: Buffer) -> String {
        self.client.deliver(&body)
    }
}

/// Checks an input without a client.
#[napi]
pub fn check_input(input: String, contents: Vec<Buffer>) -> Task {
    viseme_bindings::check_input(&input, contents_of(&contents)).into()
}

/// Verifies a delivery and reads it; what came of it, as JSON.
#[napi]
pub fn verify_webhook(request: String, body: Buffer) -> String {
    viseme_bindings::verify_webhook(&request, &body)
}

/// The known models as JSON: their ids, and of each field whether it is a medium, and its words.
#[napi]
pub fn known_models() -> String {
    viseme_bindings::known_models()
}

/// Whether the addon was built for tests.
#[napi]
pub fn is_testing_build() -> bool {
    viseme_bindings::IS_TESTING_BUILD
}

/// The version of the native part.
#[napi]
pub fn version() -> &'static str {
    viseme_bindings::VERSION
}
