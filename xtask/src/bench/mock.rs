//! The release build of the project's own mock server.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::http::{Connection, request};
use super::release;
use super::server::{Process, Server};
use crate::process::program;

/// The key of the default world.
pub(super) const KEY: &str = "mock-key";
const SUBMIT: &str = "/api/v3/kwaivgi/kling-lipsync/audio-to-video";
/// The mock fetches neither.
const INPUT: &str =
    r#"{"audio":"https://example.com/voice.mp3","video":"https://example.com/face.mp4"}"#;

/// Builds the release binary and returns its path.
pub(super) fn build() -> Result<PathBuf> {
    release::build(&["viseme-mock"])?;
    Ok(release::binary("viseme-mock"))
}

/// Starts it and returns its version too.
pub(super) fn start(binary: &Path) -> Result<(Server, String)> {
    start_program(binary, &[])
}

/// Starts a program whose first line is JSON with its port.
pub(super) fn start_program(binary: &Path, arguments: &[String]) -> Result<(Server, String)> {
    let mut command = program(&binary.display().to_string(), arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let started = Instant::now();
    let mut process = Process::start(&mut command)?;
    let mut line = String::new();
    let output = process.0.stdout.take().context("the server has no output")?;
    let mut output = BufReader::new(output);
    output.read_line(&mut line)?;
    // Kept open: a program that prints to a closed pipe may end.
    process.0.stdout = Some(output.into_inner());
    let hello: Value = serde_json::from_str(&line)
        .with_context(|| format!("the server's first line is not JSON: {line:?}"))?;
    let port = hello.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    let port = port.with_context(|| format!("no port in the server's first line: {line:?}"))?;
    let version = hello.get("version").and_then(Value::as_str).unwrap_or("of unknown version");
    Ok((Server::await_answer(process, port, started)?, version.to_owned()))
}

/// Submits a job and returns the path of its status.
pub(super) fn submit(server: &Server) -> Result<String> {
    let submit = request("POST", SUBMIT, KEY, INPUT);
    let response = Connection::open(server.address)?.exchange(&submit)?;
    let text = String::from_utf8_lossy(&response.body);
    ensure!(
        response.status == 200,
        "the mock server rejected the submit: {} {text}",
        response.status
    );
    let body: Value = serde_json::from_slice(&response.body)?;
    let id = body.pointer("/data/id").and_then(Value::as_str);
    let id = id.with_context(|| format!("no job id in the response to the submit: {text}"))?;
    Ok(format!("/api/v3/predictions/{id}/result"))
}
