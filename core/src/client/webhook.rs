//! Webhooks of a client: the callback URL, the secret, and deliveries.

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
/// How long a fetched secret counts as current, so that forged deliveries cause no stream of requests.
const SECRET_IS_CURRENT: Duration = Duration::from_secs(60);

/// The secret, and when it was requested.
#[derive(Default)]
pub(super) struct SecretCache(Mutex<Option<(WebhookSecret, Duration)>>);

impl Client {
    /// Returns the account's webhook secret. The client fetches it once.
    ///
    /// # Errors
    /// The errors of a request.
    pub async fn webhook_secret(&self) -> Result<WebhookSecret> {
        let mut cache = self.shared.webhook_secret.0.lock().await;
        match &*cache {
            Some((secret, _)) => Ok(secret.clone()),
            None => self.fetch_webhook_secret(&mut cache).await,
        }
    }

    /// Fetches the account's webhook secret again, after it was replaced.
    ///
    /// # Errors
    /// The errors of a request. The client then keeps the old secret.
    pub async fn refresh_webhook_secret(&self) -> Result<WebhookSecret> {
        let mut cache = self.shared.webhook_secret.0.lock().await;
        self.fetch_webhook_secret(&mut cache).await
    }

    /// Verifies a webhook delivery with the account's secret, decodes it, and ends the waits of this
    /// client (and its clones) for its job, as [`deliver`](Self::deliver) does.
    ///
    /// `headers` are the request's headers in any order and case: an `&http::HeaderMap`, or a map or a
    /// list of pairs of text. `body` is the raw body. Respond with 2xx if this succeeds, and with 4xx
    /// if not.
    ///
    /// The client fetches the secret once, and again after an invalid signature, at most once a
    /// minute, because the secret may have been replaced. To verify with a secret, a tolerance or a
    /// time of your own, use [`Verifier`] and [`deliver`](Self::deliver).
    ///
    /// # Errors
    /// Returns [`ErrorKind::Webhook`] if the delivery is not genuine or cannot be decoded, and the
    /// errors of a request if the secret cannot be fetched.
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

    /// Ends the waits of this client (and its clones) for the prediction's job, if its status is final.
    /// Returns whether there were any. A wait that starts later ends as well, so a webhook may arrive
    /// before the response to the submit.
    ///
    /// Pass only predictions that you verified: the client does not check them.
    pub fn deliver(&self, prediction: impl Into<Arc<Prediction>>) -> bool {
        self.shared.webhook_inbox.publish(prediction.into())
    }

    /// Returns the secret, fetched again; `None` if that was done within the last minute.
    async fn newer_secret(&self) -> Option<WebhookSecret> {
        let mut cache = self.shared.webhook_secret.0.lock().await;
        if let Some((_, requested)) = &*cache
            && self.now().saturating_sub(*requested) < SECRET_IS_CURRENT
        {
            return None;
        }
        tracing::debug!("invalid signature of a webhook: the secret may have been replaced");
        let fetched = self.fetch_webhook_secret(&mut cache).await;
        fetched.inspect_err(|error| tracing::warn!(%error, "no newer webhook secret")).ok()
    }

    async fn fetch_webhook_secret(
        &self,
        cache: &mut Option<(WebhookSecret, Duration)>,
    ) -> Result<WebhookSecret> {
        self.api.require_key()?;
        if let Some((_, requested)) = cache {
            *requested = self.now();
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
            if !is_temporary(error.kind()) {
                return Err(error);
            }
            retry.pause(attempt, error).await?;
            attempt += 1;
        }
    }

    /// Returns the callback URL if it is valid: `https`, or `http` to this machine or if plain HTTP is
    /// allowed.
    ///
    /// # Errors
    /// Returns [`ErrorKind::InvalidInput`] for another URL, and if base64 outputs are requested, which
    /// the service does not send to webhooks.
    pub(super) fn webhook_url(&self, text: &str, wants_base64: bool) -> Result<Url> {
        // The URL may contain a password of the receiver, so no message shows it.
        let invalid = |problem: &str| {
            let message = format!("Invalid value for `webhook`: {problem}.");
            Err(Error::new(ErrorKind::InvalidInput, message))
        };
        let Ok(url) = Url::parse(text.trim()) else {
            return invalid("must be a URL such as `https://example.com/hook`");
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) || self.shared.config.allow_http => {}
            "http" => return invalid("must use https. Plain http works for this machine only"),
            other => return invalid(&format!("must start with https://, got {other}://")),
        }
        if wants_base64 {
            let problem =
                "the service does not send base64 outputs to webhooks. Remove one of the two";
            return invalid(problem);
        }
        Ok(url)
    }
}

fn is_temporary(kind: ErrorKind) -> bool {
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
    fn callback_urls_are_validated() {
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
            for (allow_http, valid) in [(false, strict), (true, lenient)] {
                match client(allow_http).webhook_url(url, false) {
                    Ok(_) => assert!(valid, "{url}"),
                    Err(error) => {
                        assert!(!valid, "{url}: {error}");
                        assert_eq!(error.kind(), ErrorKind::InvalidInput);
                    }
                }
            }
        }
        let error = client(false).webhook_url("https://example.com", true).unwrap_err();
        assert!(error.message().contains("base64"), "{error}");
    }
}
