//! An MCP client of the official Rust SDK that talks to `viseme mcp`.

#![allow(dead_code, unreachable_pub, reason = "several test files use a part each")]
#![allow(clippy::expect_used, clippy::panic, reason = "a panic fails the test")]
#![expect(deprecated, reason = "clients of older protocols still have roots")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams,
    ElicitResult, ElicitationAction, ElicitationCapability, FormElicitationCapability,
    Implementation, ListRootsResult, ProgressNotificationParam, ProtocolVersion, Root,
    RootsCapabilities,
};
use rmcp::service::{NotificationContext, RequestContext, RunningService};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt as _, ErrorData, RoleClient};
use serde_json::{Value, json};
use tokio::process::Child;

use super::{Harness, TIMEOUT, in_repository};

/// What the user of a client does.
#[derive(Clone, Default)]
pub struct User {
    /// The answer to a question; `None` if the client cannot ask.
    pub answer: Option<ElicitationAction>,
    /// The roots, as URIs; `None` if the client has none.
    pub roots: Option<Vec<String>>,
    /// The questions that were asked.
    pub questions: Arc<Mutex<Vec<String>>>,
    /// The progress messages.
    pub progress: Arc<Mutex<Vec<String>>>,
}

impl ClientHandler for User {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        capabilities.elicitation = self
            .answer
            .as_ref()
            .map(|_| ElicitationCapability::new().with_form(FormElicitationCapability::new()));
        capabilities.roots = self.roots.as_ref().map(|_| RootsCapabilities::default());
        ClientConfig::new(capabilities, Implementation::new("test", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        if let ElicitRequestParams::FormElicitationParams { message, .. } = request {
            self.questions.lock().expect("a lock").push(message);
        }
        let answer = self.answer.clone().expect("a client that can ask");
        Ok(ElicitResult::new(answer).with_content(json!({})))
    }

    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        let roots = self.roots.iter().flatten().map(|uri| Root::new(uri.as_str()));
        Ok(ListRootsResult::new(roots.collect()))
    }

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.progress.lock().expect("a lock").extend(params.message);
    }
}

/// A running server and its client.
pub struct Session {
    pub client: RunningService<RoleClient, User>,
    pub server: Child,
}

impl Session {
    /// Starts a server in the folder of the harness, whose ledger stays there.
    pub async fn start(harness: &Harness, user: User, arguments: &[&str]) -> Self {
        Self::start_with(harness, user, arguments, &[], ClientLifecycleMode::Initialize).await
    }

    /// Starts a server with other environment variables.
    pub async fn start_in(harness: &Harness, user: User, variables: &[(String, String)]) -> Self {
        Self::start_with(harness, user, &[], variables, ClientLifecycleMode::Initialize).await
    }

    /// Starts a server for a client of the newest protocol, which has no session.
    pub async fn start_stateless(harness: &Harness, user: User) -> Self {
        let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
        let mode = ClientLifecycleMode::Discover { preferred_versions };
        Self::start_with(harness, user, &[], &[], mode).await
    }

    async fn start_with(
        harness: &Harness,
        user: User,
        arguments: &[&str],
        variables: &[(String, String)],
        mode: ClientLifecycleMode,
    ) -> Self {
        for name in ["face.mp4", "voice.mp3"] {
            let sample = in_repository("samples").join(name);
            std::fs::copy(sample, harness.path(name)).expect("a copy of a sample");
        }
        let arguments = [&["mcp", "--poll-every", "0.1"], arguments].concat();
        let mut command = harness.command(&arguments);
        command.env("XDG_STATE_HOME", harness.path("state"));
        command.env("LOCALAPPDATA", harness.path("state"));
        command.envs(variables.iter().cloned());
        command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::inherit());
        let mut server = command.spawn().expect("the server starts");
        let pipes = (server.stdout.take().expect("a pipe"), server.stdin.take().expect("a pipe"));
        let client = user.serve_with_lifecycle(pipes, mode).await.expect("a session");
        Self { client, server }
    }

    /// Calls a tool.
    pub async fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let call =
            self.client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments));
        let result = tokio::time::timeout(TIMEOUT, call).await.expect("an answer in time");
        result.expect("an answer of the tool")
    }

    /// Calls a tool that succeeds, and returns its structured result.
    pub async fn ok(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_ne!(result.is_error, Some(true), "{result:?}");
        result.structured_content.expect("a structured result")
    }

    /// Calls a tool that fails, and returns its error.
    pub async fn error(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{result:?}");
        let text = &result.content.first().expect("a text").as_text().expect("a text").text;
        let error: Value = serde_json::from_str(text).expect("JSON");
        error.get("error").expect("an error").clone()
    }

    /// Closes the connection, and returns how the server ended.
    pub async fn close(mut self) -> Option<i32> {
        self.client.cancel().await.expect("the client ends");
        let end = tokio::time::timeout(TIMEOUT, self.server.wait()).await.expect("an end in time");
        end.expect("an end").code()
    }

    /// Kills the server, as the end of a machine does.
    pub async fn kill(mut self) {
        self.server.kill().await.expect("the server is killed");
        tokio::time::timeout(Duration::from_secs(120), self.client.waiting())
            .await
            .expect("the client notices")
            .expect("the client ends");
    }
}

/// The arguments of a lip-sync of the samples.
pub fn lip_sync(more: Value) -> Value {
    let mut arguments = json!({"video": "face.mp4", "audio": "voice.mp3"});
    let Value::Object(more) = more else { panic!("arguments are an object") };
    arguments.as_object_mut().expect("an object").extend(more);
    arguments
}
