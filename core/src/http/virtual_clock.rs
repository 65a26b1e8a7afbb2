//! A transport that sends the time of the virtual clock.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use http::{HeaderValue, Method};

use super::transport::{Request, Response, Sent, Transport, TransportError};
use viseme_spec::VIRTUAL_SLEEP_HEADER;

use crate::clock::VirtualClock;

/// A transport that adds the time of the client's virtual clock to requests.
pub(crate) struct VirtualClockTransport {
    inner: Arc<dyn Transport>,
    clock: VirtualClock,
}

impl VirtualClockTransport {
    pub(crate) fn new(inner: Arc<dyn Transport>, clock: VirtualClock) -> Self {
        Self { inner, clock }
    }
}

impl Transport for VirtualClockTransport {
    fn exchange(&self, mut request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let busy = self.clock.busy();
        // A PUT has only the headers of the presigned upload.
        let mut slept = Duration::ZERO;
        if request.method != Method::PUT {
            slept = self.clock.take_unsent();
            let seconds = HeaderValue::from_str(&slept.as_secs_f64().to_string());
            if let (false, Ok(seconds)) = (slept.is_zero(), seconds) {
                request.headers.insert(VIRTUAL_SLEEP_HEADER, seconds);
            }
        }
        async move {
            let response = match self.inner.exchange(request).await {
                Ok(response) => response,
                Err(error) => {
                    // The server did not receive the time.
                    if error.sent == Sent::No {
                        self.clock.take_back(slept);
                    }
                    return Err(error);
                }
            };
            let body = response.body.inspect(move |_| {
                let _ = &busy;
            });
            Ok(Response { body: body.boxed(), ..response })
        }
        .boxed()
    }
}
