//! `viseme drift --live`: a walk over the API of the service, recorded and compared.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use viseme::{BillingFilter, Client, HistoryFilter, Input};
use viseme_recorder::Recorder;

use super::{DriftArgs, outcome, print_report, report};
use crate::client;
use crate::commands::run::samples;
use crate::commands::{listener, run_displayed};
use crate::failure::{Failure, Outcome, Phase, Result};
use crate::interrupt::{PhaseTracker, interrupt, unless_interrupted};
use crate::options::Options;
use crate::output::{eprint_line, money};
use crate::progress::ProgressDisplay;

/// The period whose usage is read.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The id of a job that does not exist.
const UNKNOWN_JOB: &str = "00000000000000000000000000000000";
/// The id of a model that does not exist, so that its submit can be neither accepted nor charged.
const UNKNOWN_MODEL: &str = "viseme-drift/no-such-model";
/// An API key that no account has.
const UNKNOWN_KEY: &str = "wsk_viseme_drift_unknown_key";

pub(super) async fn live(options: &Options, args: &DriftArgs) -> Result<Outcome> {
    if !args.yes && !io::stdin().is_terminal() {
        let message =
            "A live walk pays for one job, and there is no terminal to confirm it: pass --yes.";
        return Err(Failure::Usage(message.to_owned()));
    }
    // Says if there is no API key, before anything starts.
    client::online(options)?;
    let config = client::recorder_config(options)?;
    let recorder = Recorder::builder(config, &args.folder)
        .name(concat!("viseme ", env!("CARGO_PKG_VERSION")))
        .start()
        .await
        .map_err(|error| Failure::Local(error.to_string()))?;
    let through = Options {
        base_url: Some(recorder.url()),
        // The recorder polls each second as well.
        poll_every: Some(Duration::from_secs(2)),
        ..options.clone()
    };
    let paid = walk(&through, args).await;
    if let Err(Failure::Interrupted(Phase::NoJob)) = &paid {
        return paid.map(|()| Outcome::Done);
    }
    recorder.submits_answered().await;
    let (folder, recording) =
        recorder.finish().map_err(|error| Failure::Local(error.to_string()))?;
    let report = report(&recording)?;
    save(&folder, "drift.txt", &report.to_string())?;
    save(&folder, "drift.json", &serde_json::json!(report).to_string())?;
    if !options.is_silent() {
        let folder = folder.display();
        eprint_line(format_args!("The recording and the report are in {folder}"));
        eprint_line(
            "They have no API key and no media. Read them, then send the folder to the project: it \
             replaces the guesses of the contract.",
        );
    }
    // With --json there is one object: the report, or the error.
    if paid.is_ok() || !options.json {
        print_report(options, &report)?;
    }
    paid.map(|()| outcome(&report, args.fail))
}

fn save(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    let doing = format!("write {}", path.display());
    std::fs::write(&path, text).map_err(|error| Failure::local(doing, &error))
}

/// Sends the requests of the walk. The first ones cost nothing; the last ones pay for one job, if the user
/// confirms its price.
async fn walk(options: &Options, args: &DriftArgs) -> Result<()> {
    let client = client::online(options)?;
    let stranger = client::with_key(options, UNKNOWN_KEY)?;
    let free = async { Ok(free_requests(options, &client, &stranger).await) };
    let price = unless_interrupted(free, &PhaseTracker::new(Phase::NoJob), |_| {}).await?;
    let Some(price) = price else {
        eprint_line("The price of the paid job is unknown, so it is left out.");
        return Ok(());
    };
    if args.yes {
        if !options.is_silent() {
            eprint_line(format_args!("The paid job costs {price}."));
        }
    } else if !confirmed(&price).await? {
        eprint_line("Nothing was paid. The report is about the requests that cost nothing.");
        return Ok(());
    }
    paid_job(options, &client).await
}

/// Sends the requests that cost nothing. Returns the price of the paid job, if the service names it.
async fn free_requests(options: &Options, client: &Client, stranger: &Client) -> Option<String> {
    let note = |what: &str, result: std::result::Result<String, viseme::Error>| {
        if !options.is_silent() {
            let text = result.unwrap_or_else(|error| error.to_string());
            eprint_line(format_args!("{what}: {text}"));
        }
    };
    let models = client.models().await;
    note("models", models.map(|models| format!("{} found", models.len())));
    note("balance", client.balance().await.map(|_| "read".to_owned()));
    let history = client.history(HistoryFilter::new().page_size(5)).next().await.transpose();
    note("history", history.map(|_| "read".to_owned()));
    let billings = client.billings(BillingFilter::new()).next().await.transpose();
    note("billing records", billings.map(|_| "read".to_owned()));
    let now = SystemTime::now();
    let yesterday = now.checked_sub(DAY).unwrap_or(SystemTime::UNIX_EPOCH);
    note("usage", client.usage(yesterday, now, None).await.map(|_| "read".to_owned()));
    let job = client.job(UNKNOWN_JOB).refresh().await;
    note("an unknown job", job.map(|_| "found".to_owned()));
    note("an unknown key", stranger.balance().await.map(|_| "accepted".to_owned()));
    let submitted = client.submit(Input::new(UNKNOWN_MODEL)).await;
    note(
        "a submit to an unknown model",
        submitted
            .map(|job| format!("accepted as job {}. Look for a charge in your history.", job.id())),
    );
    let price = client.price(samples()).upload(true).await;
    let price = price.map(|price| format!("{} {}", money(price.due()), price.currency));
    let known = price.as_ref().ok().cloned();
    note("the price of the paid job", price);
    known
}

/// Asks the user whether to pay.
async fn confirmed(price: &str) -> Result<bool> {
    eprint_line(format_args!("Pay {price} for one job of two bundled samples? Type `yes`:"));
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    tokio::select! {
        answer = answer => {
            let answer = answer.map_err(io::Error::other).flatten();
            let answer = answer.map_err(|error| Failure::local("read the confirmation", &error))?;
            Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
        }
        () = interrupt() => Err(Failure::Interrupted(Phase::NoJob)),
    }
}

/// Runs the paid job and reads its output, which is not kept.
async fn paid_job(options: &Options, client: &Client) -> Result<()> {
    let display = Arc::new(ProgressDisplay::new(options));
    let tracker = PhaseTracker::new(Phase::BeforeSubmit);
    let operation = client.run(samples()).on_progress(listener(&display, &tracker));
    let prediction = run_displayed(operation, &tracker, &display).await?;
    let folder =
        tempfile::tempdir().map_err(|error| Failure::local("create a temporary folder", &error))?;
    client.download_output(&prediction, folder.path().join("output")).await?;
    Ok(())
}
