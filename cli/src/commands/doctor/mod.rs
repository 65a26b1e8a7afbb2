//! `viseme doctor`: finds out why this machine cannot use the service.

mod finding;
mod machine;
mod network;
mod settings;

use serde_json::json;

use self::finding::{Finding, State};
use crate::failure::{Outcome, Result};
use crate::options::Options;
use crate::output::print_line;

#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// Check only this machine, and send nothing.
    #[arg(long)]
    pub(crate) offline: bool,

    /// Check this ledger too: a file, or the URL of a PostgreSQL database.
    #[arg(long, value_name = "FILE|URL")]
    ledger: Option<String>,
}

/// The exit code if a check failed.
const FAILED: u8 = 1;

pub(crate) async fn doctor(options: &Options, args: &Doctor) -> Result<Outcome> {
    let mut printer = Printer { options, findings: Vec::new() };
    printer.add(settings::version())?;
    printer.add(settings::key(options))?;
    printer.add(settings::base_url(options))?;
    printer.add(settings::proxies())?;
    printer.add(settings::certificates(options))?;
    for finding in network::check(options, args.offline).await {
        printer.add(finding)?;
    }
    printer.add(machine::ffmpeg().await)?;
    if let Some(ledger) = &args.ledger {
        printer.add(machine::ledger(ledger).await)?;
    }
    printer.finish()
}

/// Prints each finding as soon as it is there, or all of them as JSON.
struct Printer<'a> {
    options: &'a Options,
    findings: Vec<Finding>,
}

impl Printer<'_> {
    fn add(&mut self, finding: Finding) -> Result<()> {
        if !self.options.json {
            finding.lines().try_for_each(print_line)?;
        }
        self.findings.push(finding);
        Ok(())
    }

    fn finish(self) -> Result<Outcome> {
        let has_failed = self.findings.iter().any(|finding| finding.state == State::Failed);
        if self.options.json {
            let checks: Vec<_> = self.findings.iter().map(Finding::json).collect();
            print_line(json!({"ok": !has_failed, "checks": checks}))?;
        }
        Ok(if has_failed { Outcome::Exit(FAILED) } else { Outcome::Done })
    }
}
