//! The program `viseme-mock`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{Api, http};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_viseme-mock"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A process that is killed when it is dropped.
pub struct Running(Child);

impl Running {
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program with these arguments; returns its first line.
pub fn start_program(arguments: &[&str]) -> (Running, Value) {
    start(program().args(arguments))
}

/// Starts the program; returns its first line.
fn start(command: &mut Command) -> (Running, Value) {
    let mut running = Running(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (running, serde_json::from_str(&line).expect(&line))
}

#[tokio::test]
async fn the_first_line_has_url_port_version_and_key() {
    let (_running, hello) = start(&mut program());
    assert_eq!(hello["version"], env!("CARGO_PKG_VERSION"));
    let url = hello["url"].as_str().unwrap();
    assert_eq!(url, format!("http://127.0.0.1:{}", hello["port"]));
    let key = hello["key"].as_str().unwrap().to_owned();
    Api { http: http(), base: url.to_owned(), key }.submit().await;
}

#[tokio::test]
async fn a_scenario_is_read_from_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"jobs: [{timeline: {after_polls: 1, ends: cancelled}}]").unwrap();
    let (_running, hello) = start(program().arg("--scenario").arg(file.path()));
    let text = |name: &str| hello[name].as_str().unwrap().to_owned();
    let api = Api { http: http(), base: text("url"), key: text("key") };
    let job = api.submit().await;
    assert_eq!(api.state(&job).await, "cancelled");
}

#[tokio::test]
async fn time_can_pass_faster_than_in_the_scenario() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"jobs: [{one_of: [{timeline: [{created: 0s}, {completed: 10m}]}]}]").unwrap();
    let mut command = program();
    command.args(["--time-scale", "2000", "--scenario"]).arg(file.path());
    let (_running, hello) = start(&mut command);
    let text = |name: &str| hello[name].as_str().unwrap().to_owned();
    let api = Api { http: http(), base: text("url"), key: text("key") };
    let job = api.submit().await;
    let begun = std::time::Instant::now();
    while api.state(&job).await != "completed" {
        assert!(begun.elapsed() < crate::support::PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for factor in ["0", "-1", "fast", "inf"] {
        let output = program().args(["--time-scale", factor]).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{factor}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("above 0"), "{factor}: {message}");
    }
}

#[test]
fn an_invalid_scenario_is_an_error_that_names_the_field() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"jobs:\n  - timelime: {}\n").unwrap();
    for path in [file.path(), std::path::Path::new("/no/such/scenario.yaml")] {
        let output = program().arg("--scenario").arg(path).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("timelime") || message.contains("/no/such"), "{message}");
    }
}

#[test]
fn a_port_in_use_is_an_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = program().args(["--port", &port]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains(&port));
}

#[cfg(unix)]
#[test]
fn exec_passes_on_the_url_the_key_and_the_exit_code() {
    let script = r#"echo "$WAVESPEED_BASE_URL|$WAVESPEED_API_KEY|$1"; exit 7"#;
    let output =
        program().args(["exec", "--", "sh", "-c", script, "sh", "--flag"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    let line = String::from_utf8(output.stdout).unwrap();
    let [url, key, flag] = line.trim().split('|').collect::<Vec<_>>()[..] else { panic!("{line}") };
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!((key, flag), ("mock-key", "--flag"));
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    assert!(
        std::net::TcpStream::connect(("127.0.0.1", port)).is_err(),
        "it ended with the command"
    );
}

#[cfg(unix)]
#[test]
fn exec_of_a_missing_or_killed_command() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut script = tempfile::NamedTempFile::new().unwrap();
    script.write_all(b"#!/bin/sh\n").unwrap();
    std::fs::set_permissions(script.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    let not_executable = script.path().to_str().unwrap();
    for (command, code) in
        [("/no/such/program", 127), ("no-such-program", 127), (not_executable, 126)]
    {
        let output = program().args(["exec", "--", command]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{command}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(command));
    }
    let output = program().args(["exec", "--", "sh", "-c", "kill -9 $$"]).output().unwrap();
    assert_eq!(output.status.code(), Some(128 + 9));
    let output = program().arg("exec").output().unwrap();
    assert!(!output.status.success(), "a command is required");
}

#[cfg(unix)]
#[test]
fn signals_stop_the_server() {
    for signal in ["INT", "TERM", "HUP"] {
        let (mut running, _) = start(&mut program());
        let pid = running.0.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        assert!(running.0.wait().unwrap().success(), "after {signal}");
    }
}

/// Runs a shell script under `exec` and sends a signal to the mock server once the script has printed
/// its process id. Returns the exit code, and what else the script printed.
#[cfg(unix)]
fn signal_exec(script: &str, signal: &str) -> (Option<i32>, String, Value) {
    use std::io::Read as _;
    let mut running = Running(program().args(["exec", "--", "sh", "-c", script]).spawn().unwrap());
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    let code = running.0.wait().unwrap().code();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    (code, rest.trim().to_owned(), serde_json::from_str(&line).expect(&line))
}

/// Whether a process runs. One that has ended and waits for its parent to read its exit status (state
/// `Z` in `/proc`) does not: only `init` decides when an orphan is gone for good.
#[cfg(unix)]
fn is_running(pid: &Value) -> bool {
    if let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        let state = status.rsplit(')').next().unwrap_or_default().trim_start();
        return !state.starts_with(['Z', 'X']);
    }
    let mut look = Command::new("kill");
    look.args(["-0", &pid.to_string()]).stderr(Stdio::null());
    look.status().unwrap().success()
}

/// Whether a process ends within ten seconds. A signal is delivered some time after it is sent.
#[cfg(unix)]
fn ends(pid: &Value) -> bool {
    let begun = std::time::Instant::now();
    while is_running(pid) {
        if begun.elapsed().as_secs() >= 10 {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    true
}

#[cfg(unix)]
#[test]
fn exec_passes_signals_on_to_the_command_and_its_children() {
    let script = r#"trap 'echo cleaned; exit 3' NAME; sleep 60 & echo "[$$, $!]"; wait"#;
    for signal in ["TERM", "HUP"] {
        let (code, rest, pids) = signal_exec(&script.replace("NAME", signal), signal);
        assert_eq!((code, rest.as_str()), (Some(3), "cleaned"), "{signal}");
        assert!(ends(&pids[0]) && ends(&pids[1]), "{signal}: no process is left");
    }
    let (code, _, pids) = signal_exec(r#"echo "[$$]"; exec sleep 60"#, "HUP");
    assert_eq!(code, Some(128 + 1));
    assert!(ends(&pids[0]));
}

#[cfg(unix)]
#[test]
fn exec_passes_an_interrupt_on_and_waits_for_the_command() {
    let script = r#"trap 'echo interrupted; exit 4' INT; echo "[$$]"; while :; do sleep 0.1; done"#;
    let (code, rest, _) = signal_exec(script, "INT");
    assert_eq!((code, rest.as_str()), (Some(4), "interrupted"));
}

#[cfg(unix)]
#[test]
fn exec_kills_a_command_that_ignores_the_signal() {
    let begun = std::time::Instant::now();
    let script = r#"trap '' TERM; echo "[$$]"; while :; do sleep 0.1; done"#;
    let (code, _, pids) = signal_exec(script, "TERM");
    assert_eq!(code, Some(128 + 9));
    assert!(ends(&pids[0]));
    let took = begun.elapsed().as_secs();
    assert!((4..20).contains(&took), "after a grace period: {took} s");
}

#[tokio::test]
async fn the_options_of_the_server() {
    let mut command = program();
    command.args(["--host", "0.0.0.0", "--public-url", "http://mock:8080"]);
    command.args(["--cors", "https://app.example", "--allow-host", "mock.example"]);
    let (_running, hello) = start(&mut command);
    let url = hello["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let get = |host: &str| {
        let request = http().get(format!("{url}/_mock/v1/worlds"));
        request.header("Host", host.to_owned()).send()
    };
    let worlds: Value = get("mock.example").await.unwrap().json().await.unwrap();
    assert_eq!(worlds[0]["base_url"], "http://mock:8080");
    assert_eq!(get("other.example").await.unwrap().status(), 403);
    let request = http().get(format!("{url}/api/v3/balance")).bearer_auth("mock-key");
    let response = request.header("Origin", "https://app.example").send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example");

    for (option, value) in [
        ("--public-url", "mock:8080"),
        ("--public-url", "http://mock/path"),
        ("--cors", "app.example"),
    ] {
        let output = program().args([option, value]).output().unwrap();
        assert!(!output.status.success(), "{option} {value}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(value), "{option} {value}");
    }
}
