//! Quotes: a checked input with its price. A quote pays for one job, once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};
use viseme::Input;

use crate::api_error::ApiError;

/// How long a quote can be used.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The most quotes that are kept; a further one replaces the oldest.
const MAX_QUOTES: usize = 200;

/// What a quote pays for.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The input, with the URLs of uploaded media.
    pub(crate) input: Input,
    /// The values as the page sent them.
    pub(crate) values: Value,
    /// The ids of the files.
    pub(crate) files: Vec<String>,
    /// In USD; `None` if the service gave no price.
    pub(crate) price: Option<f64>,
}

enum State {
    /// The media are being uploaded, or the price is being asked for.
    Preparing(Value),
    Ready {
        offer: Box<Offer>,
        since: Instant,
    },
    Failed(ApiError),
    /// It paid for this job.
    Used {
        job: String,
    },
}

/// All quotes of a playground.
#[derive(Default)]
pub(crate) struct Quotes {
    quotes: HashMap<String, State>,
    /// In the order in which they were made.
    ids: Vec<String>,
}

impl Quotes {
    pub(crate) fn add(&mut self, id: &str) {
        if self.ids.len() >= MAX_QUOTES {
            let oldest = self.ids.remove(0);
            self.quotes.remove(&oldest);
        }
        self.ids.push(id.to_owned());
        self.quotes.insert(id.to_owned(), State::Preparing(Value::Null));
    }

    /// Sets how far the preparation is.
    pub(crate) fn set_progress(&mut self, id: &str, progress: Value) {
        if let Some(state @ State::Preparing(_)) = self.quotes.get_mut(id) {
            *state = State::Preparing(progress);
        }
    }

    /// Ends the preparation.
    pub(crate) fn finish(&mut self, id: &str, result: Result<Offer, ApiError>, now: Instant) {
        if let Some(state @ State::Preparing(_)) = self.quotes.get_mut(id) {
            *state = match result {
                Ok(offer) => State::Ready { offer: Box::new(offer), since: now },
                Err(error) => State::Failed(error),
            };
        }
    }

    /// Uses a quote for a job. No second call with the same quote succeeds.
    ///
    /// # Errors
    /// 409 with the job if the quote was used, 404 if it is unknown, 410 if it is too old, and 409 if
    /// it is not ready.
    pub(crate) fn take(&mut self, id: &str, job: &str, now: Instant) -> Result<Offer, ApiError> {
        let state = self.quotes.get_mut(id).ok_or_else(|| {
            ApiError::new(
                StatusCode::NOT_FOUND,
                "quote_unknown",
                "This quote is unknown. Ask for the price again. Nothing was submitted.",
            )
        })?;
        match state {
            State::Ready { since, .. } if now.duration_since(*since) > LIFETIME => {
                Err(ApiError::new(
                    StatusCode::GONE,
                    "quote_expired",
                    "This quote is older than 15 minutes. Ask for the price again. Nothing was \
                     submitted.",
                ))
            }
            State::Ready { .. } => {
                let used = State::Used { job: job.to_owned() };
                match std::mem::replace(state, used) {
                    State::Ready { offer, .. } => Ok(*offer),
                    other => {
                        *state = other;
                        Err(not_ready())
                    }
                }
            }
            State::Used { job } => Err(ApiError::new(
                StatusCode::CONFLICT,
                "quote_used",
                "This quote was used already, and its job is in the history. Nothing was submitted \
                 again. To run the input once more, ask for the price again.",
            )
            .with("job", job.as_str())),
            State::Preparing(_) => Err(not_ready()),
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Returns a quote as the page shows it.
    pub(crate) fn view(&self, id: &str) -> Option<Value> {
        Some(match self.quotes.get(id)? {
            State::Preparing(progress) => {
                json!({ "id": id, "state": "preparing", "progress": progress })
            }
            State::Ready { offer, .. } => {
                json!({ "id": id, "state": "ready", "price": offer.price })
            }
            State::Failed(error) => {
                json!({ "id": id, "state": "failed", "error": error.to_json() })
            }
            State::Used { job } => json!({ "id": id, "state": "used", "job": job }),
        })
    }
}

fn not_ready() -> ApiError {
    let message = "This quote is not ready yet. Wait until the price is shown.";
    ApiError::new(StatusCode::CONFLICT, "quote_not_ready", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> Offer {
        Offer {
            input: Input::new("a/b"),
            values: Value::Null,
            files: Vec::new(),
            price: Some(0.07),
        }
    }

    #[test]
    fn a_quote_is_used_once_and_the_second_use_names_its_job() {
        let (mut quotes, now) = (Quotes::default(), Instant::now());
        quotes.add("q");
        assert_eq!(quotes.take("q", "j", now).unwrap_err().code, "quote_not_ready");
        quotes.finish("q", Ok(offer()), now);
        assert_eq!(quotes.take("q", "j1", now).unwrap().price, Some(0.07));
        for _ in 0..2 {
            let error = quotes.take("q", "j2", now).unwrap_err();
            assert_eq!((error.status.as_u16(), error.code), (409, "quote_used"));
            assert_eq!(error.details.get("job"), Some(&json!("j1")));
        }
        // A late result of the preparation does not make it usable again.
        quotes.finish("q", Ok(offer()), now);
        assert_eq!(quotes.take("q", "j3", now).unwrap_err().code, "quote_used");
    }

    #[test]
    fn an_unknown_old_or_failed_quote_pays_for_nothing() {
        let (mut quotes, now) = (Quotes::default(), Instant::now());
        assert_eq!(quotes.take("q", "j", now).unwrap_err().code, "quote_unknown");
        quotes.add("q");
        quotes.finish("q", Ok(offer()), now);
        let later = now + LIFETIME + Duration::from_secs(1);
        assert_eq!(quotes.take("q", "j", later).unwrap_err().code, "quote_expired");
        quotes.add("f");
        quotes.finish("f", Err(ApiError::invalid("no")), now);
        assert_eq!(quotes.take("f", "j", now).unwrap_err().code, "invalid_input");
    }

    #[test]
    fn old_quotes_are_forgotten() {
        let mut quotes = Quotes::default();
        for number in 0..=MAX_QUOTES {
            quotes.add(&number.to_string());
        }
        assert!(quotes.view("0").is_none());
        assert!(quotes.view("1").is_some());
        assert_eq!(quotes.quotes.len(), MAX_QUOTES);
    }
}
