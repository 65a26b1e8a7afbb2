//! The client's side of webhooks: where to call back, the secret, and what comes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use url::Url;

use super::Client;
use crate::config::is_loopback;
use crate::error::{Error, ErrorKind, Result};
use crate::http::endpoints::webhook_secret;
use crate::protocol::Prediction;
use crate::webhook::{Delivery, RejectReason, Verified, Verifier, WebhookSecret, parse};

/// Maximum number of retries of a request for the secret.
const MAX_RETRIES: u32 = 2;
/// How long a secret is believed to be current after it was fetched: forged deliveries shall not
/// make the client ask for it over and over.
const SECRET_IS_CURRENT: Duration = Duration::from_secs(60);

/// The secret, and when it was asked for.
#[derive(Default)]
pub(super) struct SecretCache(Mutex<Option<(WebhookSecret, Duration)>>);

impl Client {
    /// The account's webhook secret; fetched once and kept.
    ///
    /// # Errors
    /// Those of a request.
    pub async fn webhook_secret(&self) -> Result<WebhookSecret> {
        let mut cache = self.shared.webhook_secret.0.lock().await;
        match &*cache {
            Some((secret, _)) => Ok(secret.clone()),
            None => self.fetch_webhook_secret(&mut cache).await,
        }
    }

    /// Fetches the account's webhook secret anew: after it was replaced.
    ///
    /// # Errors
    /// Those of a request; then the secret that was known before is kept.
    pub async fn refresh_webhook_secret(&self) -> Result<WebhookSecret> {
        let mut cache = self.shared.webhook_secret.0.lock().await;
        self.fetch_webhook_secret(&mut cache).await
    }

    /// Takes a delivery: verifies it with the account's secret, reads it, and ends the waits of
    /// this client (and its clones) for its job, as [`deliver`](Self::deliver) does.
    ///
    /// `headers` are the request's headers in any order and case: `&http::HeaderMap`, a map or a
    /// list of pairs of text all fit. `body` is the body as it came. Answer the request 2xx if
    /// this succeeds, 4xx if not.
    ///
    /// The secret is fetched once. A signature that does not fit has it fetched again, at most
    /// once a minute, as it may have been replaced. To verify with a secret of your own, another
    /// tolerance or another time of now, use [`Verifier`] and [`deliver`](Self::deliver).
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`] where the delivery is not to be believed or cannot be read; those of
    /// a request where the secret cannot be fetched.
    pub async fn receive_webhook<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &[u8],
    ) -> Result<Delivery> {
        let headers: Vec<_> = headers
            .into_iter()
            .map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned()))
            .collect();
        let now = self.system_time();
        let verify = |secret| {
            let headers = headers.iter().map(|(name, value)| (name, value));
            Verifier::new(secret).verify(headers, body, now)
        };
        let verified = match verify(self.webhook_secret().await?) {
            Err(reason @ RejectReason::InvalidSignature { .. }) => {
                match self.newer_secret().await {
                    Some(secret) => verify(secret),
                    None => Err(reason),
                }
            }
            outcome => outcome,
        };
        let Verified { id, sent_at } = verified?;
        let delivery = Delivery { id, sent_at, prediction: parse(body)? };
        self.deliver(delivery.prediction.clone());
        Ok(delivery)
    }

    /// Ends the waits of this client (and its clones) for the prediction's job, where it is in a
    /// final state; tells whether there were any. A wait that begins later finds it as well, so a
    /// webhook may come before the answer to the submit.
    ///
    /// Pass only what was verified: it is believed.
    pub fn deliver(&self, prediction: impl Into<Arc<Prediction>>) -> bool {
        self.shared.webhook_inbox.publish(prediction.into())
    }

    /// The secret, fetched anew unless that was done a moment ago.
    async fn newer_secret(&self) -> Option<WebhookSecret> {
        let mut cache = self.shared.webhook_secret.0.lock().await;
        if let Some((_, asked)) = &*cache
            && self.now().saturating_sub(*asked) < SECRET_IS_CURRENT
        {
            return None;
        }
        tracing::debug!("a webhook's signature does not fit: the secret may have been replaced");
        let fetched = self.fetch_webhook_secret(&mut cache).await;
        fetched.inspect_err(|error| tracing::warn!(%error, "no newer webhook secret")).ok()
    }

    async fn fetch_webhook_secret(
        &self,
        cache: &mut Option<(WebhookSecret, Duration)>,
    ) -> Result<WebhookSecret> {
        self.api.require_key()?;
        if let Some((_, asked)) = cache {
            *asked = self.now();
        }
        // The sender of the webhook waits for the response, and sends the webhook again later.
        let retry = self.retry().at_most(MAX_RETRIES);
        let mut attempt = 1;
        loop {
            let error = match webhook_secret::read(self.api.get(webhook_secret::PATH).await) {
                Ok(secret) => {
                    *cache = Some((secret.clone(), self.now()));
                    return Ok(secret);
                }
                Err(error) => error.with_attempts(attempt),
            };
            if !may_pass(error.kind()) {
                return Err(error);
            }
            retry.pause(attempt, error).await?;
            attempt += 1;
        }
    }

    /// The URL to be called back at, if it can be one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for anything but an `https` URL, or `http` to this machine or
    /// where plain HTTP is allowed; and where base64 outputs are asked for, which the service does
    /// not send to webhooks.
    pub(super) fn webhook_url(&self, text: &str, wants_base64: bool) -> Result<Url> {
        // No message repeats the URL: it may hold a password of the receiver.
        let refuse = |why: &str| {
            let message = format!("webhook: {why} Pass a URL such as `https://example.com/hook`.");
            Err(Error::new(ErrorKind::InvalidInput, message))
        };
        let Ok(url) = Url::parse(text.trim()) else {
            return refuse("what was given is not a URL.");
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) || self.shared.config.allow_http => {}
            "http" => return refuse("it is plain http to another machine."),
            _ => return refuse("it is neither https nor http."),
        }
        if wants_base64 {
            return refuse("the service does not send base64 outputs to webhooks.");
        }
        Ok(url)
    }
}

fn may_pass(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Connection
            | ErrorKind::RequestTimeout
            | ErrorKind::RateLimit
            | ErrorKind::Server
            | ErrorKind::UnexpectedResponse
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn where_the_service_may_call_back() {
        let client = |allow_http| {
            let config = Config::builder().ignore_env().anonymous().allow_http(allow_http);
            Client::new(config.build().unwrap()).unwrap()
        };
        for (url, strict, lenient) in [
            ("https://example.com/hook?token=t", true, true),
            (" https://example.com\n", true, true),
            ("http://127.0.0.1:8080/hook", true, true),
            ("http://localhost/hook", true, true),
            ("http://[::1]/hook", true, true),
            ("http://example.com/hook", false, true),
            ("http://127.0.0.1.example.com/", false, true),
            ("ftp://example.com/hook", false, false),
            ("example.com/hook", false, false),
            ("/hook", false, false),
            ("", false, false),
        ] {
            for (allow_http, usable) in [(false, strict), (true, lenient)] {
                match client(allow_http).webhook_url(url, false) {
                    Ok(_) => assert!(usable, "{url}"),
                    Err(error) => {
                        assert!(!usable, "{url}: {error}");
                        assert_eq!(error.kind(), ErrorKind::InvalidInput);
                    }
                }
            }
        }
        let error = client(false).webhook_url("https://example.com", true).unwrap_err();
        assert!(error.message().contains("base64"), "{error}");
    }
}
