//! The client, as a host holds it.

use std::sync::Arc;

use viseme_bindings::ClientHandle;

use crate::runtime::{NativeError, runtime};
use crate::task::{NativeJob, NativeTask};

/// A client of the service.
#[derive(uniffi::Object)]
pub struct NativeClient {
    client: ClientHandle,
}

#[uniffi::export]
impl NativeClient {
    /// Creates a client with the settings of a `ClientConfig` in JSON.
    #[uniffi::constructor]
    pub fn open(config: &str) -> Result<Arc<Self>, NativeError> {
        viseme_bindings::record_warnings();
        let _runtime = runtime()?.enter();
        Ok(Arc::new(Self { client: ClientHandle::open(config)? }))
    }

    /// Starts the operation of a `Request` in JSON.
    pub fn start(
        &self,
        request: &str,
        contents: Vec<Vec<u8>>,
    ) -> Result<Arc<NativeTask>, NativeError> {
        NativeTask::new(self.client.start(request, contents))
    }

    /// Replaces the API key for all further requests.
    pub fn set_api_key(&self, api_key: &str) -> Result<(), NativeError> {
        Ok(self.client.set_api_key(api_key)?)
    }

    /// Returns a handle on a job that was submitted before.
    pub fn job(&self, id: &str) -> Arc<NativeJob> {
        Arc::new(self.client.job(id).into())
    }
}
