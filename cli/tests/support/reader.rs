//! A reader of a document: runs its commands in their order, in a clean folder and a clean environment.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::process::Command;

use super::{Finished, Harness, Running, finish};

/// Programs that a reader has, and that are not part of this project.
const OWN_PROGRAMS: [(&str, &str); 4] = [
    // The mock server's own program has the same arguments.
    ("viseme-mock", "exec viseme mock \"$@\""),
    // It stands for the reader's own program, which uses the service.
    ("python", "exec viseme balance"),
    // No test may open a browser.
    ("xdg-open", "echo \"$1\" >> opened.txt"),
    ("open", "echo \"$1\" >> opened.txt"),
];

/// A command of a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The text for the shell, without its comment.
    pub(crate) text: String,
    /// The exit code, which is 0 unless the comment says `exit code N`.
    pub(crate) code: i32,
    pub(crate) kind: Kind,
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It prepares what follows: `export`, `cd` or `mkdir`.
    Shell,
    /// It is a program of this project that ends by itself.
    Own,
    /// It is a program of this project that runs until Ctrl-C.
    Server,
    /// It is another program.
    Other,
}

/// The commands of a block.
pub(crate) fn lines(code: &str) -> Vec<Line> {
    let joined = code.replace("\\\n", " ");
    joined.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let words = shlex::split(text).expect("quotes are closed");
    if words.is_empty() {
        return None;
    }
    // A `#` that starts a word outside of quotes starts a comment. No document quotes ` #`.
    let (text, comment) = text.split_once(" #").unwrap_or((text, ""));
    let code = comment.split_once("exit code ").map_or(0, |(_, code)| {
        let digits = code.split(|it: char| !it.is_ascii_digit()).next().unwrap_or_default();
        digits.parse().expect("a number after `exit code`")
    });
    let text = text.trim().replace("cargo run -p viseme-cli --", "viseme");
    let words = shlex::split(&text).unwrap_or_default();
    let kind = kind(&words);
    // `exec` takes no variables.
    let text = if words.first().is_some_and(|word| word.contains('=')) {
        format!("env {text}")
    } else {
        text
    };
    Some(Line { text, code, kind })
}

fn kind(words: &[String]) -> Kind {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let start = words.iter().position(|word| !word.contains('=')).unwrap_or_default();
    let words = words.get(start..).unwrap_or_default();
    let has = |word: &str| words.contains(&word);
    match *words {
        ["export" | "cd" | "mkdir", ..] => Kind::Shell,
        ["viseme-mock", ..] | ["viseme", "mock", ..] if !has("exec") => Kind::Server,
        ["viseme", "record", ..] if !has("--") => Kind::Server,
        ["viseme", "playground", ..] => Kind::Server,
        ["viseme" | "viseme-mock", ..] => Kind::Own,
        _ => Kind::Other,
    }
}

/// A server that runs until the end of the document.
struct Server {
    command: String,
    group: Pid,
    running: Running,
}

/// A reader, with a mock server in place of the service.
pub(crate) struct Reader {
    pub(crate) harness: Harness,
    /// The folder of the reader's programs, and of the reader's home.
    outside: TempDir,
    /// What the document's commands changed in the shell.
    shell: Vec<String>,
    replacements: Vec<(String, String)>,
    servers: Vec<Server>,
    /// The commands that ended, and their results.
    results: Vec<(String, Finished)>,
    pub(crate) commands: usize,
}

impl Reader {
    pub(crate) fn new(harness: Harness) -> Self {
        let outside = tempfile::tempdir().expect("a temporary folder");
        let programs = outside.path().join("bin");
        for folder in [&programs, &outside.path().join("home"), &outside.path().join("tmp")] {
            std::fs::create_dir(folder).expect("a folder");
        }
        symlink(env!("CARGO_BIN_EXE_viseme"), programs.join("viseme")).expect("a link");
        for (name, script) in OWN_PROGRAMS {
            let path = programs.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
            let executable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&path, executable).expect("permissions");
        }
        let key = harness.world.key().to_owned();
        Self {
            harness,
            outside,
            shell: Vec::new(),
            replacements: vec![("your-key".to_owned(), key)],
            servers: Vec::new(),
            results: Vec::new(),
            commands: 0,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.harness.path(name)
    }

    /// Lets later commands have this text in place of another.
    pub(crate) fn replace(&mut self, text: &str, by: &str) {
        self.replacements.retain(|(old, _)| old != text);
        self.replacements.push((text.to_owned(), by.to_owned()));
    }

    /// Runs a command that the document does not have, with more variables.
    pub(crate) async fn run_before(&self, text: &str, variables: &[(&str, &str)], code: i32) {
        let mut command = self.command(&[text.to_owned()]);
        command.envs(variables.iter().copied());
        let finished = finish(command).await;
        assert_eq!(finished.code, Some(code), "{text}: {finished:?}");
    }

    /// Runs a line of the document. Returns what is wrong with it.
    pub(crate) async fn run(&mut self, line: &Line) -> Result<(), String> {
        let text = self.replaced(&line.text);
        match line.kind {
            Kind::Other => return Ok(()),
            Kind::Shell => {
                self.shell.push(text);
                return Ok(());
            }
            Kind::Server => self.start(text).await?,
            Kind::Own => {
                let finished = finish(self.command(&[&self.shell[..], &[text]].concat())).await;
                if finished.code != Some(line.code) {
                    return Err(format!(
                        "`{}` ended with {:?} instead of {}:\n{}{}",
                        line.text, finished.code, line.code, finished.out, finished.err
                    ));
                }
                self.results.push((line.text.clone(), finished));
            }
        }
        self.commands += 1;
        Ok(())
    }

    /// Compares documented output with that of the last such command.
    pub(crate) fn compare(
        &self,
        command: &str,
        difference: impl FnOnce(&str) -> Option<String>,
    ) -> Result<(), String> {
        let last = self.results.iter().rev().find(|(text, _)| text == command);
        let (_, finished) = last.ok_or_else(|| format!("no `{command}` above its output"))?;
        difference(&finished.out).map_or(Ok(()), |difference| {
            Err(format!("the output of `{command}`: {difference}, in:\n{}", finished.out))
        })
    }

    /// Stops the servers, as Ctrl-C does, the last one first.
    pub(crate) async fn stop(&mut self) -> Result<(), String> {
        while let Some(server) = self.servers.pop() {
            kill_process_group(server.group, Signal::INT).map_err(|error| error.to_string())?;
            let finished = server.running.finish().await;
            if finished.code != Some(0) {
                return Err(format!("`{}`, after Ctrl-C: {finished:?}", server.command));
            }
        }
        Ok(())
    }

    /// Starts a server on a free port, and waits until it responds.
    async fn start(&mut self, text: String) -> Result<(), String> {
        let port = text
            .split_once("--port ")
            .map(|(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned());
        let free = match &port {
            Some(port) => text.replace(&format!("--port {port}"), "--port 0"),
            None => text.clone(),
        };
        let mut command = self.command(&[&self.shell[..], &[format!("exec {free}")]].concat());
        command.process_group(0);
        let child = command.spawn().map_err(|error| error.to_string())?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let mut running = Running::of(child);
        let first = running.next_line().await;
        let (_, rest) = first
            .split_once("http://127.0.0.1:")
            .ok_or_else(|| format!("`{text}` printed no URL in its first line: {first}"))?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if let Some(port) = port {
            self.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{digits}"));
        }
        tokio::net::TcpStream::connect(format!("127.0.0.1:{digits}"))
            .await
            .map_err(|error| format!("`{text}`: {error}"))?;
        let group = group.ok_or("it runs")?;
        self.servers.push(Server { command: text, group, running });
        Ok(())
    }

    /// A shell that runs these lines.
    fn command(&self, lines: &[String]) -> Command {
        let programs = self.outside.path().join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(programs).chain(std::env::split_paths(&path));
        let world = &self.harness.world;
        let mut command = Command::new("sh");
        command
            .args(["-e", "-c", &lines.join("\n")])
            .env_clear()
            .env("PATH", std::env::join_paths(path).expect("a search path"))
            .env("HOME", self.outside.path().join("home"))
            .env("TMPDIR", self.outside.path().join("tmp"))
            .env("WAVESPEED_BASE_URL", world.base_url())
            .env("WAVESPEED_API_KEY", world.key())
            .current_dir(self.harness.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn replaced(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (old, new) in &self.replacements {
            text = text.replace(old, new);
        }
        // The job that was submitted last.
        match self.harness.world.jobs().last() {
            Some(job) => text.replace("JOB", &job.id),
            None => text,
        }
    }
}
