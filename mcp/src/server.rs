//! The server: lists the tools and calls them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, JsonObject,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProgressToken,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, ServerInitializeError};
use rmcp::transport::io::stdio_pipes;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt as _};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::arguments::{NoArguments, parse};
use crate::call::Call;
use crate::run::{RunAnswer, run};
use crate::state::{Settings, State};
use crate::tool_error::ToolError;
use crate::tools::TOOLS;
use crate::{job, media_tools, query_tools};

/// How often a client that wants to know hears that a call still runs, so that it does not give up.
const HEARTBEAT: Duration = Duration::from_secs(5);

const INSTRUCTIONS: &str = "\
Viseme lip-syncs a video to an audio track, and runs the other models of WaveSpeedAI. `check` validates the \
media at no cost, `fit` mends them, and `run` submits a paid job: it returns the price first, which the user \
must agree to. Repeating a call of `run` with the same input or idempotency_key pays for no second job, so \
repeat it after an interruption. `wait` continues to wait for a job, and `download` saves its outputs. Paths \
are relative to the first allowed folder.";

/// Why a server ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The client does not speak the protocol.
    #[error("The MCP client does not speak the protocol: {0}")]
    Protocol(Box<dyn std::error::Error + Send + Sync>),
}

/// Serves a client until it closes the connection, or until `stop` completes. Then waits for the submits
/// that are in flight, so that no paid job is lost.
///
/// # Errors
/// [`ServeError`] if the first messages of the client are not those of MCP.
pub async fn serve(
    settings: Settings,
    reader: impl AsyncRead + Send + Unpin + 'static,
    writer: impl AsyncWrite + Send + Unpin + 'static,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let state = Arc::new(State::new(settings));
    let server = Server { state: Arc::clone(&state) };
    let mut stop = std::pin::pin!(stop);
    let started = tokio::select! {
        started = server.serve((reader, writer)) => started,
        () = &mut stop => return Ok(()),
    };
    let running = match started {
        Ok(running) => running,
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(ServeError::Protocol(error.into())),
    };
    let token = running.cancellation_token();
    let mut ended = std::pin::pin!(running.waiting());
    tokio::select! {
        _ = &mut ended => {}
        () = &mut stop => token.cancel(),
    }
    state.submits.close();
    state.submits.wait().await;
    Ok(())
}

/// Returns the standard input and output of this process, for [`serve`]. Nothing else may use them.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn standard_streams()
-> (impl AsyncRead + Send + Unpin + 'static, impl AsyncWrite + Send + Unpin + 'static) {
    stdio_pipes()
}

struct Server {
    state: Arc<State>,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let mut info = ServerConfig::new(capabilities).with_instructions(INSTRUCTIONS);
        info.server_info = Implementation::new("viseme", env!("CARGO_PKG_VERSION"));
        info.server_info.title = Some("Viseme".to_owned());
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(TOOLS.clone()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        TOOLS.iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name;
        let Some(tool) = TOOLS.iter().find(|tool| tool.name == name) else {
            return Err(ErrorData::invalid_params(format!("There is no tool `{name}`."), None));
        };
        let arguments = request.arguments.unwrap_or_default();
        let (call, messages) = Call::new(&context, request.input_responses, request.request_state);
        let token = context.meta.get_progress_token();
        let result = tokio::select! {
            result = with_progress(self.dispatch(tool, arguments, &call), messages, token, &call) => result,
            () = context.ct.cancelled() => Err(cancelled(&call)),
        };
        Ok(result.unwrap_or_else(|error| error.into_result().into()))
    }
}

impl Server {
    async fn dispatch(
        &self,
        tool: &Tool,
        arguments: JsonObject,
        call: &Call,
    ) -> Result<CallToolResponse, ToolError> {
        let state = &*self.state;
        match &*tool.name {
            "check" => answer(media_tools::check(state, parse(tool, arguments)?, call).await?),
            "fit" => answer(media_tools::fit(state, parse(tool, arguments)?, call).await?),
            "price" => answer(query_tools::price(state, parse(tool, arguments)?, call).await?),
            "run" => match run(state, parse(tool, arguments)?, call).await? {
                RunAnswer::Result(result) => answer(result),
                RunAnswer::Ask(question) => Ok((*question).into()),
            },
            "wait" => answer(job::wait(state, parse(tool, arguments)?, call).await?),
            "download" => answer(job::download(state, parse(tool, arguments)?, call).await?),
            "history" => answer(query_tools::history(state, parse(tool, arguments)?).await?),
            "models" => answer(query_tools::models(state, parse(tool, arguments)?).await?),
            "schema" => answer(query_tools::schema(state, parse(tool, arguments)?).await?),
            _ => {
                let NoArguments {} = parse(tool, arguments)?;
                answer(query_tools::balance(state).await?)
            }
        }
    }
}

fn answer(result: impl Serialize) -> Result<CallToolResponse, ToolError> {
    let json = serde_json::to_value(result)
        .map_err(|error| ToolError::new("internal", format!("The result has no JSON: {error}.")))?;
    Ok(CallToolResult::structured(json).into())
}

/// The end of a call that the client cancelled. Protocols do not deliver it; the log of a client may show
/// it.
fn cancelled(call: &Call) -> ToolError {
    let error = ToolError::new("cancelled", "The call was cancelled.");
    match call.reporter.job_id() {
        Some(id) => error.with_job(&id).with_next(format!(
            "The job continues. Call `wait` with job_id {id}, or `run` again with the same arguments."
        )),
        None => error,
    }
}

/// Runs a call, and reports its progress to a client that wants it.
async fn with_progress<T>(
    work: impl Future<Output = T>,
    mut messages: mpsc::UnboundedReceiver<String>,
    token: Option<ProgressToken>,
    call: &Call,
) -> T {
    let Some(token) = token else { return work.await };
    let start = Instant::now();
    let mut heartbeat = interval_at(start + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = std::pin::pin!(work);
    let (mut count, mut last) = (0.0, "started".to_owned());
    loop {
        let message = tokio::select! {
            biased;
            Some(message) = messages.recv() => {
                last.clone_from(&message);
                message
            }
            result = &mut work => return result,
            _ = heartbeat.tick() => format!("{last} ({} s)", start.elapsed().as_secs()),
        };
        count += 1.0;
        let param = ProgressNotificationParam::new(token.clone(), count).with_message(message);
        // A client that is gone ends the server, not the job.
        let _ = call.peer.notify_progress(param).await;
    }
}
