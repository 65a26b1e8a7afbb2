//! The client, as JavaScript holds it.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use viseme_bindings::ClientHandle;

use crate::task::{NativeJob, Task, copy_contents};

/// A client of the service.
#[napi]
pub struct NativeClient {
    client: ClientHandle,
}

#[napi]
impl NativeClient {
    /// Makes a client with these settings. The message of what it throws is JSON.
    #[napi(factory)]
    pub fn open(config: String) -> napi::Result<Self> {
        let client = ClientHandle::open(&config).map_err(napi::Error::from_reason)?;
        Ok(Self { client })
    }

    /// Starts the operation of a request in JSON.
    #[napi]
    pub fn start(&self, request: String, contents: Vec<Buffer>) -> Task {
        self.client.start(&request, copy_contents(&contents)).into()
    }

    /// Returns a handle on a job that was submitted before.
    #[napi]
    pub fn job(&self, id: String) -> NativeJob {
        self.client.job(&id).into()
    }

    /// Replaces the API key for all further requests. The message of what it throws is JSON.
    #[napi]
    pub fn set_api_key(&self, key: String) -> napi::Result<()> {
        self.client.set_api_key(&key).map_err(napi::Error::from_reason)
    }

    /// Ends the waits for the job of a webhook delivery that was verified elsewhere; returns whether
    /// there were any, as a message in JSON.
    #[napi]
    pub fn deliver(&self, body: Buffer) -> String {
        self.client.deliver(&body)
    }
}

/// Checks an input without a client.
#[napi]
pub fn check_input(input: String, contents: Vec<Buffer>) -> Task {
    viseme_bindings::check_input(&input, copy_contents(&contents)).into()
}

/// Verifies a webhook delivery; returns the outcome as a message in JSON.
#[napi]
pub fn verify_webhook(request: String, body: Buffer) -> String {
    viseme_bindings::verify_webhook(&request, &body)
}

/// Takes the warnings of the library that were not taken yet.
#[napi]
pub fn take_warnings() -> Vec<String> {
    viseme_bindings::take_warnings()
}

/// Returns whether the addon was built for tests.
#[napi]
pub fn is_testing_build() -> bool {
    viseme_bindings::IS_TESTING_BUILD
}

/// Returns the version of the native library.
#[napi]
pub fn version() -> &'static str {
    viseme_bindings::VERSION
}
