//! `viseme batch check`.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use viseme_batch::{Estimate, Manifest, dollars};

use super::ManifestArgs;
use crate::client;
use crate::failure::{Failure, Outcome, Result};
use crate::options::Options;
use crate::output::{fix_line, in_cli_words, print_line, violations_json};

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) manifest: ManifestArgs,

    /// Add what the batch costs; needs the API key.
    #[arg(long)]
    price: bool,
}

pub(crate) async fn check(options: &Options, args: &Check) -> Result<Outcome> {
    let manifest = args.manifest.read()?;
    let client = client::anonymous(options)?;
    // Before the rows are checked: a missing key is no reason to end without a conclusion.
    let pricing = if args.price { Some(client::online(options)?) } else { None };
    let mut invalid = HashSet::new();
    let (mut errors, mut warnings) = (0, 0);
    let wants_fit = args.manifest.fit.is_wanted()?;
    let mut checks = std::pin::pin!(manifest.check(&client));
    while let Some(checked) = checks.next().await {
        let checked = checked?;
        let report = if args.manifest.strict { checked.report.strict() } else { checked.report };
        let row = manifest.rows().iter().find(|row| row.id == checked.id);
        let (report, steps) = match row {
            Some(row) if wants_fit && !report.is_ok() => {
                args.manifest.fit.check(row.input(), report, args.manifest.strict).await
            }
            _ => (report, Vec::new()),
        };
        if !report.is_ok() {
            errors += 1;
            invalid.insert(checked.id.clone());
        }
        warnings += usize::from(report.is_ok() && report.warnings().next().is_some());
        if report.violations.is_empty() && steps.is_empty() {
            continue;
        }
        if options.json {
            let mut event = json!({
                "event": "row", "id": checked.id, "row": checked.row, "ok": report.is_ok(),
                "violations": violations_json(&report.violations, options),
            });
            if let Some(fields) = event.as_object_mut().filter(|_| wants_fit) {
                fields.insert("steps".to_owned(), json!(steps));
            }
            print_line(event)?;
            continue;
        }
        for steps in &steps {
            print_line(format_args!("{} ({}): fit: {steps}", checked.row, checked.id))?;
        }
        for violation in &report.violations {
            let level = if violation.is_error() { "error" } else { "warning" };
            let message = in_cli_words(&violation.message, options);
            let (row, id, fix) = (&checked.row, &checked.id, fix_line(violation, options, "  "));
            print_line(format_args!("{row} ({id}): {level}: {message}{fix}"))?;
        }
    }
    // A row with errors is refused before it is submitted.
    let valid = manifest.filter(|row| !invalid.contains(&row.id));
    let estimate = match pricing {
        Some(client) => {
            let estimate = valid.estimate(&client, args.manifest.repeat).await;
            Some(estimate.map_err(Failure::query)?)
        }
        None => None,
    };
    print_conclusion(options, args, (&manifest, &valid), (errors, warnings), estimate)?;
    Ok(if errors == 0 { Outcome::Done } else { Outcome::Invalid })
}

fn print_conclusion(
    options: &Options,
    args: &Check,
    (manifest, valid): (&Manifest, &Manifest),
    (errors, warnings): (usize, usize),
    estimate: Option<Estimate>,
) -> Result<()> {
    let rows = manifest.rows().len();
    let jobs = valid.jobs(args.manifest.repeat);
    let time =
        args.manifest.limits().map(|limits| valid.shortest_time(limits, args.manifest.repeat));
    if options.json {
        return print_line(json!({
            "event": "summary", "rows": rows, "errors": errors, "warnings": warnings, "jobs": jobs,
            "price_micros": estimate.map(|estimate| estimate.price_micros),
            "price_is_minimum": estimate.map(|estimate| estimate.is_minimum),
            "shortest_time_seconds": time.map(|time| time.as_secs_f64()),
        }));
    }
    print_line(format_args!(
        "{}: {} with errors, {} with warnings. {}.",
        count(rows, "row"),
        errors,
        warnings,
        count(jobs, "job")
    ))?;
    if let Some(estimate) = estimate {
        let price = format!("${}", dollars(estimate.price_micros));
        print_line(if estimate.is_minimum {
            format!(
                "Price: at least {price}. The service measures media when they are uploaded; set \
                 --max-cost when you run the batch."
            )
        } else {
            format!("Price: {price}.")
        })?;
    }
    if let Some(time) = time {
        let time = humantime::format_duration(Duration::from_secs(time.as_secs()));
        print_line(format_args!("Time at this tier: at least {time}."))?;
    }
    Ok(())
}

fn count(number: usize, name: &str) -> String {
    if number == 1 { format!("1 {name}") } else { format!("{number} {name}s") }
}
