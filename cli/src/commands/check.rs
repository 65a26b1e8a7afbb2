//! `viseme check`.

use serde_json::json;
use viseme::Report;

use crate::client;
use crate::failure::{Failure, Outcome, Result};
use crate::input::InputArgs;
use crate::options::Options;
use crate::output::{media_json, print_line, report_lines, violations_json};

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

pub(crate) async fn check(options: &Options, check: &Check) -> Result<Outcome> {
    let args = &check.input;
    let missing = args.missing_media();
    // One of the two may be checked alone; without both there is nothing to check.
    if missing.len() == 2 {
        let message = "--video and --audio are missing. Pass one or both of them, or a model with its \
                       parameters (-i).";
        return Err(Failure::Usage(message.to_owned()));
    }
    let input = args.read_incomplete()?;
    // A client, and not `viseme::check`, since media behind a URL are probed too.
    let mut report = if args.validate {
        client::online(options)?.validate(input).await.map_err(Failure::query)?
    } else {
        client::anonymous(options)?.check(input).await?
    };
    report.violations.retain(|violation| !missing.contains(&violation.field.as_str()));
    let report = if args.strict { report.strict() } else { report };
    print_report(options, &report)?;
    Ok(if report.is_ok() { Outcome::Done } else { Outcome::Invalid })
}

fn print_report(options: &Options, report: &Report) -> Result<()> {
    if options.json {
        let media: serde_json::Map<_, _> =
            report.media.iter().map(|(field, info)| (field.clone(), media_json(info))).collect();
        return print_line(
            json!({"ok": report.is_ok(), "violations": violations_json(&report.violations, options), "media": media}),
        );
    }
    report_lines(report, options).try_for_each(print_line)?;
    print_line(conclusion(report))
}

/// The last line of a check: `no problems found`, or the number of errors and warnings.
fn conclusion(report: &Report) -> String {
    let errors = report.violations.iter().filter(|violation| violation.is_error()).count();
    let count = |count: usize, name: &str| match count {
        1 => format!("1 {name}"),
        more => format!("{more} {name}s"),
    };
    match (errors, report.violations.len() - errors) {
        (0, 0) => "no problems found".to_owned(),
        (0, warnings) => format!("valid ({})", count(warnings, "warning")),
        (errors, 0) => format!("invalid ({})", count(errors, "error")),
        (errors, warnings) => {
            format!("invalid ({}, {})", count(errors, "error"), count(warnings, "warning"))
        }
    }
}
