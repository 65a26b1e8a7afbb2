//! `viseme playground`.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;
use tokio::sync::mpsc;
use viseme_mock::Scenario;
use viseme_playground::Playground;

use crate::client;
use crate::failure::{Failure, Outcome, Phase, Result, reason};
use crate::input_file;
use crate::interrupt::{interrupt, second_interrupt};
use crate::options::{Options, parse_port};
use crate::output::{eprint_line, print_line};
use crate::state_folder::state_folder;

#[derive(Debug, clap::Args)]
pub(crate) struct PlaygroundArgs {
    /// Run jobs on the real service with the key in WAVESPEED_API_KEY. Each costs money. Without it,
    /// jobs run on a local mock server and cost nothing.
    #[arg(long)]
    pub(crate) live: bool,

    /// The port to listen on; 0 for a free one.
    #[arg(long, default_value_t = 0, value_name = "PORT", value_parser = parse_port, allow_hyphen_values = true)]
    port: u16,

    /// Do not open a browser; only print the link.
    #[arg(long)]
    no_open: bool,

    /// The folder for the records of paid jobs, which are removed when their jobs have ended, and for
    /// dubs, until you delete them. A later `viseme playground --live` continues the others. [default: a
    /// folder of your user]
    #[arg(long, value_name = "FOLDER", requires = "live")]
    records: Option<PathBuf>,

    /// A scenario for the mock server, in YAML or JSON.
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    scenario: Option<PathBuf>,
}

pub(crate) async fn playground(options: &Options, args: PlaygroundArgs) -> Result<Outcome> {
    // Listens before the link invites to use the playground.
    let stop = interrupt();
    let port = args.port;
    let playground =
        builder(options, &args)?.port(port).start().await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Failure::Usage(format!(
                "Cannot listen on port {port}: {}. Choose another --port.",
                reason(&error)
            )),
            _ => Failure::local("start the playground", &error),
        })?;
    show_link(options, &playground, !args.no_open)?;
    if !options.is_silent() {
        let jobs = if args.live { "cost money" } else { "run on a mock server and cost nothing" };
        eprint_line(format_args!("Jobs {jobs}. Press Ctrl-C to stop."));
    }
    let mut enter = lines_of_stdin();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(()) = enter.recv() => show_link(options, &playground, !args.no_open)?,
        }
    }
    let was_dubbing = playground.is_dubbing();
    wait_for_submits(&playground).await;
    let (open, dubs) = (playground.open_jobs(), playground.open_dubs());
    drop(playground);
    for video in &dubs {
        eprint_line(format_args!(
            "The dub of {video} is not complete. The next `viseme playground --live` can resume it; what \
             is paid for is not paid again."
        ));
    }
    for job in &open {
        match &job.job_id {
            Some(id) => {
                eprint_line(format_args!("Job {id} is still running, and it is charged:"));
                let resume = options.resume("wait", id).unwrap_or_default();
                eprint_line(format_args!("  {resume}"));
            }
            None => eprint_line(
                "A submit was not answered: a job may exist. The next `viseme playground --live` \
                 searches for it.",
            ),
        }
    }
    match open.into_iter().next() {
        None if was_dubbing && !dubs.is_empty() => Err(Failure::Interrupted(Phase::NoJob)),
        None => Ok(Outcome::Done),
        Some(job) => Err(Failure::Interrupted(job.job_id.map_or(Phase::Submitting, Phase::Job))),
    }
}

fn builder(options: &Options, args: &PlaygroundArgs) -> Result<viseme_playground::Builder> {
    if args.live {
        let client = client::online(options)?;
        let base_url = client::base_url(options)?;
        let folder =
            args.records.clone().or_else(|| state_folder("playground")).ok_or_else(|| {
                Failure::Usage(
                "Cannot find a folder of your user for the records of paid jobs. Pass --records \
                 FOLDER."
                    .to_owned(),
            )
            })?;
        return Ok(Playground::live(client, base_url).records(folder));
    }
    if options.base_url.is_some() {
        let message = "--base-url needs --live: without it, jobs run on a local mock server.";
        return Err(Failure::Usage(message.to_owned()));
    }
    let Some(path) = &args.scenario else { return Ok(Playground::offline()) };
    let text = String::from_utf8_lossy(&input_file::read(path)?).into_owned();
    let scenario = Scenario::parse(&text)
        .map_err(|message| Failure::Usage(format!("{}: {message}", path.display())))?;
    Ok(Playground::offline().scenario(scenario))
}

/// Prints a new link, and opens it in the browser.
fn show_link(options: &Options, playground: &Playground, open: bool) -> Result<()> {
    let link = playground.new_link().map_err(|error| Failure::local("make a link", &error))?;
    if options.json {
        print_line(json!({ "url": link, "port": playground.port() }))?;
    } else {
        print_line(&link)?;
    }
    if open && !open_browser(&link) && !options.is_silent() {
        eprint_line("Cannot open a browser: open this link in one. It works once.");
    }
    Ok(())
}

/// Opens a link in the user's browser; returns `false` if there is no program for it.
fn open_browser(link: &str) -> bool {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(link);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(mut child) => {
            // Only so that it does not stay a zombie.
            std::thread::spawn(move || child.wait());
            true
        }
        Err(_) => false,
    }
}

/// Sends something for every line of standard input, if that is a terminal.
fn lines_of_stdin() -> mpsc::Receiver<()> {
    let (sender, lines) = mpsc::channel(1);
    if io::stdin().is_terminal() {
        // Not a task of the runtime: that would wait for the thread when it ends.
        std::thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                if line.is_err() || sender.blocking_send(()).is_err() {
                    return;
                }
            }
        });
    }
    lines
}

/// Stops dubs and waits for the responses to submits, so that no job is lost, until a second interrupt.
async fn wait_for_submits(playground: &Playground) {
    let jobs_are_known = playground.open_jobs().iter().all(|job| job.job_id.is_some());
    if jobs_are_known && !playground.is_dubbing() {
        return;
    }
    // Listens before the message invites to interrupt again.
    let again = second_interrupt();
    if !jobs_are_known {
        eprint_line(
            "A submit is in flight: waiting for its response, so that the job is not lost. Press Ctrl-C \
             again to stop now.",
        );
    }
    tokio::select! {
        () = async { tokio::join!(playground.stop_dubs(), playground.submits_answered()); } => {}
        () = again => {}
    }
}
