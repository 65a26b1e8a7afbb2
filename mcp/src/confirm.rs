//! The confirmation of a price.

use std::collections::BTreeMap;

use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitationAction, ElicitationSchema, InputRequest,
    InputRequiredResult,
};
use serde_json::Value;

use crate::call::Call;
use crate::tool_error::ToolError;

/// The name of the question in a result that asks the client.
const QUESTION: &str = "price";
/// Prices have six decimals at most; what follows is noise of the number's format.
const NOISE: f64 = 0.000_000_5;

/// What is known about the price of a run.
pub(crate) enum Confirmation {
    /// The user agreed.
    Given,
    /// The client must ask the user, and call again.
    Ask(Box<InputRequiredResult>),
    /// The agent must ask the user, and call again. The price that was confirmed is too low, if there is one.
    Missing { too_low: Option<f64> },
}

/// Asks for a price to be confirmed: the user through the client if it can ask, and the agent otherwise.
///
/// # Errors
/// `declined`, or `confirmation_failed` if the client could not ask.
pub(crate) async fn confirm(
    call: &Call,
    price: f64,
    question: &str,
    confirmed: Option<f64>,
) -> Result<Confirmation, ToolError> {
    if !can_ask(call) {
        return Ok(match confirmed {
            Some(confirmed) if price <= confirmed + NOISE => Confirmation::Given,
            too_low => Confirmation::Missing { too_low },
        });
    }
    if call.asks_by_result {
        return match answer_to_result(call, price) {
            Some(answer) => given(&answer),
            None => Ok(Confirmation::Ask(Box::new(ask_by_result(price, question)))),
        };
    }
    let result = call.peer.create_elicitation(request(question)).await.map_err(|error| {
        let message =
            format!("The client could not ask the user ({error}). Nothing was submitted.");
        ToolError::new("confirmation_failed", message)
    })?;
    match result.action {
        ElicitationAction::Accept => given("accept"),
        _ => given("decline"),
    }
}

fn given(action: &str) -> Result<Confirmation, ToolError> {
    match action {
        "accept" => Ok(Confirmation::Given),
        _ => Err(ToolError::new(
            "declined",
            "The user did not agree to the price. Nothing was submitted or charged.",
        )),
    }
}

/// Returns whether the client can show a question to its user.
fn can_ask(call: &Call) -> bool {
    let modes = call.capabilities.elicitation.as_ref();
    // Before there was a mode, there were only forms.
    modes.is_some_and(|modes| modes.form.is_some() || modes.url.is_none())
}

/// Returns the answer of the client to the question of an earlier result, if that was about this price or
/// a higher one. The state of the request proves nothing: a client that forges it could as well forge the
/// answer of its user.
fn answer_to_result(call: &Call, price: f64) -> Option<String> {
    let asked: f64 = call.request_state.as_ref()?.parse().ok()?;
    let answer = call.input_responses.as_ref()?.get(QUESTION)?;
    let action = answer.get("action").and_then(Value::as_str)?;
    (price <= asked + NOISE || action != "accept").then(|| action.to_owned())
}

fn ask_by_result(price: f64, question: &str) -> InputRequiredResult {
    let request = InputRequest::Elicitation(ElicitRequest::new(request(question)));
    let requests = BTreeMap::from([(QUESTION.to_owned(), request)]);
    InputRequiredResult::new(Some(requests), Some(price.to_string()))
}

/// A question without fields: the user agrees or declines.
fn request(question: &str) -> ElicitRequestParams {
    ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: question.to_owned(),
        requested_schema: ElicitationSchema::new(BTreeMap::new()),
    }
}
