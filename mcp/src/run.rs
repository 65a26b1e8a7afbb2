//! The tool `run`: checks, asks for the price to be confirmed, submits once, and waits.

use std::future::IntoFuture as _;

use rmcp::model::InputRequiredResult;
use viseme::ledger::{EntryState, Ledger as _, LedgerEntry, LedgerKey};
use viseme::{Client, ErrorKind, Input, Job, Report, Status};

use crate::arguments::RunArguments;
use crate::call::Call;
use crate::confirm::{Confirmation, confirm};
use crate::input::check;
use crate::job::{Waited, next_step, wait_for};
use crate::output::{RunResult, RunState, outputs};
use crate::state::State;
use crate::tool_error::ToolError;

/// What a call of `run` returns.
pub(crate) enum RunAnswer {
    Result(Box<RunResult>),
    /// The client must ask its user first.
    Ask(Box<InputRequiredResult>),
}

/// A piece of work with its key.
struct Work {
    client: Client,
    key: String,
    fingerprint: Option<String>,
    retry_failed: bool,
}

/// What is submitted, and for which price.
struct Offer {
    input: Input,
    price: f64,
    warnings: Vec<String>,
}

pub(crate) async fn run(
    state: &State,
    arguments: RunArguments,
    call: &Call,
) -> Result<RunAnswer, ToolError> {
    let input = arguments.input.read(&call.folders(state).await?)?;
    let ledger = state.ledger().await?;
    let fingerprint = state.client.ledger_fingerprint(&input).await;
    let work = Work {
        client: state.client.with_ledger(ledger.clone()),
        key: key(arguments.idempotency_key.as_deref(), fingerprint.as_deref())?,
        fingerprint,
        retry_failed: arguments.retry_failed.unwrap_or_default(),
    };
    let account = state.client.ledger_account()?;
    let entry = ledger.find(&LedgerKey::new(account, work.key.as_str())).await?;
    if entry.is_some_and(|entry| !allows_submit(&entry, work.retry_failed)) {
        // Pays for nothing: returns the job of the key, or searches for it.
        let job = work.submit(state, input, None, call).await?;
        return work.finish(&job, arguments.wait_seconds, None, call).await;
    }
    let offer = offer(state, &input, arguments.strict.unwrap_or_default(), call).await?;
    let price = format!("{} USD", dollars(offer.price));
    let question = format!("Run {} for {price}? The job is charged to the account.", input.model());
    match confirm(call, offer.price, &question, arguments.confirm_price_usd).await? {
        Confirmation::Ask(question) => return Ok(RunAnswer::Ask(question)),
        Confirmation::Missing { too_low } => {
            let result = work.confirmation_required(offer, too_low).await;
            return Ok(RunAnswer::Result(Box::new(result)));
        }
        Confirmation::Given => {}
    }
    let job = work.submit(state, offer.input.clone(), Some(offer.price), call).await?;
    work.finish(&job, arguments.wait_seconds, Some(offer), call).await
}

/// Returns the key of a call. The same input has the same one, unless the caller has its own.
fn key(own: Option<&str>, fingerprint: Option<&str>) -> Result<String, ToolError> {
    match (own, fingerprint.and_then(|digest| digest.get(..32))) {
        (Some(own), _) => Ok(own.to_owned()),
        (None, Some(digest)) => Ok(format!("input-{digest}")),
        (None, None) => Err(ToolError::new(
            "invalid_input",
            "A file of the input cannot be read. Check its path.",
        )),
    }
}

/// Returns whether another submit with the key of an entry is paid for.
fn allows_submit(entry: &LedgerEntry, retry_failed: bool) -> bool {
    let ended_without_result =
        |status: &Status| status.is_terminal() && *status != Status::Completed;
    match &entry.state {
        EntryState::Done { status: Some(status), .. } => {
            retry_failed && ended_without_result(status)
        }
        _ => false,
    }
}

/// Checks and uploads an input, and returns it with its price.
async fn offer(
    state: &State,
    input: &Input,
    strict: bool,
    call: &Call,
) -> Result<Offer, ToolError> {
    let report = check(&state.client, input.clone(), strict).await?.into_result()?;
    call.reporter.report("the input is valid; uploading it");
    let input = state.uploads.replace(&state.client, input).await?;
    call.reporter.report("asking for the price");
    let price = state.client.price(input.clone()).await?.due();
    Ok(Offer { input, price, warnings: warnings(&report) })
}

fn warnings(report: &Report) -> Vec<String> {
    report.warnings().map(|warning| warning.message.clone()).collect()
}

/// Formats an amount of money without the noise of its number's format.
fn dollars(amount: f64) -> String {
    let exact = format!("{amount:.6}");
    let short = exact.trim_end_matches('0');
    let decimals = short.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    format!("{amount:.*}", decimals.max(2))
}

impl Work {
    /// Submits, or returns the job that the ledger knows. If the call is cancelled, the submit continues
    /// until its job is in the ledger.
    async fn submit(
        &self,
        state: &State,
        input: Input,
        price: Option<f64>,
        call: &Call,
    ) -> Result<Job, ToolError> {
        let reporter = call.reporter.clone();
        // The media were checked before they were uploaded.
        let mut submit = self
            .client
            .submit(input)
            .check_media(false)
            .on_progress(move |progress| reporter.on_event(&progress))
            .key(self.key.as_str())
            .retry_failed(self.retry_failed);
        if let Some(fingerprint) = &self.fingerprint {
            submit = submit.fingerprint(fingerprint.as_str());
        }
        if let Some(price) = price {
            submit = submit.price_micros((price * 1e6).round().max(0.0) as u64);
        }
        let submitted = state.submits.spawn(submit.into_future()).await.map_err(|_| {
            ToolError::new(
                ErrorKind::SubmissionUnknown.code(),
                "The server ended during the submit.",
            )
            .with_key(&self.key)
        })?;
        submitted.map_err(|error| ToolError::from(error).with_key(&self.key))
    }

    /// Waits for the job, and returns what is known then.
    async fn finish(
        self,
        job: &Job,
        wait_seconds: Option<f64>,
        offer: Option<Offer>,
        call: &Call,
    ) -> Result<RunAnswer, ToolError> {
        let waited = wait_for(job, wait_seconds, call).await;
        let waited = waited.map_err(|error| error.with_key(&self.key).with_job(job.id()))?;
        let (state, outputs) = match waited {
            Waited::Completed(job) => (RunState::Completed, outputs(&job)),
            Waited::Running(_) => (RunState::Running, Vec::new()),
        };
        Ok(RunAnswer::Result(Box::new(RunResult {
            state,
            price_usd: offer.as_ref().map(|offer| offer.price),
            balance_usd: None,
            job_id: Some(job.id().to_owned()),
            is_earlier_job: offer.is_none(),
            outputs,
            warnings: offer.map(|offer| offer.warnings).unwrap_or_default(),
            next: next_step(state, job.id()),
            idempotency_key: self.key,
        })))
    }

    async fn confirmation_required(self, offer: Offer, too_low: Option<f64>) -> RunResult {
        let price = dollars(offer.price);
        let changed = too_low.map(|confirmed| {
            format!("The price is higher than the {} USD that were confirmed. ", dollars(confirmed))
        });
        let next = format!(
            "{}Nothing was submitted or charged. Tell the user that the run costs {price} USD. If they agree, \
             call `run` again with the same arguments, confirm_price_usd {price} and idempotency_key {}.",
            changed.unwrap_or_default(),
            self.key
        );
        RunResult {
            state: RunState::ConfirmationRequired,
            price_usd: Some(offer.price),
            // Only good to know, so that its failure does not matter.
            balance_usd: self.client.balance().await.ok(),
            job_id: None,
            is_earlier_job: false,
            outputs: Vec::new(),
            warnings: offer.warnings,
            next,
            idempotency_key: self.key,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic fails the test")]

    use super::*;

    #[test]
    fn the_key_is_that_of_the_caller_or_of_the_input() {
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(key(Some("row-17"), Some(&digest)).unwrap(), "row-17");
        assert_eq!(key(Some("row-17"), None).unwrap(), "row-17");
        let derived = key(None, Some(&digest)).unwrap();
        assert_eq!(derived, "input-0123456789abcdef0123456789abcdef");
        assert_eq!(key(None, None).unwrap_err().code, "invalid_input");
    }

    #[test]
    fn a_key_with_a_job_is_paid_for_again_only_after_a_failure_and_on_request() {
        let done = |status| {
            let state = EntryState::Done { job_id: "j".to_owned(), status };
            LedgerEntry::new("f", state)
        };
        for (status, retry, expected) in [
            (None, true, false),
            (Some(Status::Completed), true, false),
            (Some(Status::Processing), true, false),
            (Some(Status::Failed), false, false),
            (Some(Status::Failed), true, true),
        ] {
            assert_eq!(allows_submit(&done(status.clone()), retry), expected, "{status:?} {retry}");
        }
    }

    #[test]
    fn amounts_have_two_decimals_or_those_that_they_need() {
        assert_eq!(dollars(0.1 + 0.2), "0.30");
        assert_eq!(dollars(0.0125), "0.0125");
    }
}
