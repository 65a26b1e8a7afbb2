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

/// A process that is killed with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
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
    let output = program().args(["exec", "--", "/no/such/program"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("/no/such/program"));
    let output = program().args(["exec", "--", "sh", "-c", "kill -9 $$"]).output().unwrap();
    assert_eq!(output.status.code(), Some(128 + 9));
    let output = program().arg("exec").output().unwrap();
    assert!(!output.status.success(), "a command is required");
}

#[cfg(unix)]
#[test]
fn sigint_and_sigterm_stop_the_server() {
    for signal in ["INT", "TERM"] {
        let (mut running, _) = start(&mut program());
        let pid = running.0.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        assert!(running.0.wait().unwrap().success(), "after {signal}");
    }
}

#[cfg(unix)]
#[test]
fn exec_stops_its_command() {
    let mut command = program();
    command.args(["exec", "--", "sh", "-c", r#"echo "[$$]"; exec sleep 60"#]);
    let (mut running, shell) = start(&mut command);
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
    assert!(!running.0.wait().unwrap().success());
    let mut look = Command::new("kill");
    look.args(["-0", &shell[0].to_string()]).stderr(Stdio::null());
    assert!(!look.status().unwrap().success(), "the command is gone too");
}
