//! The reference of the Python package: mkdocstrings reads the code when MkDocs builds the pages.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::process::root;
use crate::site::nav::REFERENCE;
use crate::site::pages::{Entry, Pages, write};

/// What belongs together, by title. Names that no group has make the last page.
const GROUPS: &[(&str, &[&str])] = &[
    ("Clients", &["run", "check", "mock", "Client", "AsyncClient", "Paginator", "AsyncPaginator"]),
    (
        "Settings and options",
        &[
            "ClientSettings",
            "RunOptions",
            "RunManyOptions",
            "SubmitOptions",
            "SubmitLimits",
            "Pacing",
            "Backoff",
        ],
    ),
    (
        "Inputs and checks",
        &[
            "AudioToVideo",
            "TextToVideo",
            "KlingEffects",
            "Input",
            "Media",
            "MediaInfo",
            "Report",
            "Violation",
            "Fix",
        ],
    ),
    (
        "Jobs and results",
        &[
            "Job",
            "AsyncJob",
            "BasePrediction",
            "Prediction",
            "AsyncPrediction",
            "BaseOutput",
            "Output",
            "AsyncOutput",
            "RunResult",
            "AsyncRunResult",
            "DownloadedFile",
            "SubmitRecord",
        ],
    ),
    (
        "Progress",
        &[
            "Checked",
            "Uploading",
            "Uploaded",
            "Submitting",
            "Submitted",
            "Recovering",
            "Retrying",
            "Update",
            "VisemeWarning",
        ],
    ),
    (
        "Batches",
        &["Batch", "AsyncBatch", "BatchOptions", "BatchItem", "BatchSummary", "BatchStopReason"],
    ),
    (
        "Fits and dubs",
        &[
            "FitOptions",
            "FitResult",
            "FitStep",
            "FittedFile",
            "DubOptions",
            "Dub",
            "AsyncDub",
            "DubPlan",
            "DubSegment",
            "DubUpdate",
            "DubResult",
        ],
    ),
    ("Ledger", &["Ledger", "AsyncLedger", "LedgerSubmit"]),
    ("Webhooks", &["WebhookVerifier", "Delivery", "AsyncDelivery"]),
    ("Account", &["Model", "Price", "Billing", "Usage", "DailyUsage", "ModelUsage"]),
];

pub(super) fn stage(pages: &mut Pages, folder: &Path) -> Result<()> {
    let path = root().join("bindings-python/python/viseme/__init__.py");
    let code = fs::read_to_string(&path).context("cannot read the Python package")?;
    let names = exported(&code).context("the Python package has no __all__")?;
    let mut entries = Vec::new();
    for (title, members) in groups(&names)? {
        let text: Vec<String> = members.iter().map(|name| format!("::: viseme.{name}\n")).collect();
        let slug = title.to_lowercase().replace(' ', "-");
        let path = format!("reference/python/{slug}.md");
        write(&folder.join(&path), &format!("# Python: {title}\n\n{}", text.join("\n")))?;
        entries.push(Entry::page(title, path));
    }
    pages.add(REFERENCE, Entry::group("Python API", entries))
}

/// The names in `__all__`.
fn exported(code: &str) -> Option<Vec<&str>> {
    let (_, rest) = code.split_once("__all__ = [")?;
    let (list, _) = rest.split_once(']')?;
    Some(
        list.split(',')
            .map(|name| name.trim().trim_matches('"'))
            .filter(|it| !it.is_empty())
            .collect(),
    )
}

/// All names in groups; an error if a group has a name that is not exported.
fn groups<'a>(names: &[&'a str]) -> Result<Vec<(&'static str, Vec<&'a str>)>> {
    let mut left = names.to_vec();
    let mut groups = Vec::new();
    for (title, members) in GROUPS {
        let mut found = Vec::new();
        for member in *members {
            let at = left.iter().position(|name| name == member);
            found
                .push(left.remove(at.with_context(|| format!("viseme does not export {member}"))?));
        }
        groups.push((*title, found));
    }
    let (errors, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|it| it.ends_with("Error"));
    ensure!(!errors.is_empty(), "viseme exports no errors");
    groups.push(("Errors", errors));
    if !others.is_empty() {
        groups.push(("More", others));
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exported_name_is_in_one_group() {
        let path = root().join("bindings-python/python/viseme/__init__.py");
        let code = fs::read_to_string(path).expect("readable");
        let names = exported(&code).expect("a list");
        let mut grouped: Vec<_> =
            groups(&names).expect("known").into_iter().flat_map(|(_, members)| members).collect();
        grouped.sort_unstable();
        let mut names = names;
        names.sort_unstable();
        assert_eq!(grouped, names);
    }

    #[test]
    fn a_group_with_an_unknown_name_is_an_error() {
        groups(&["run"]).expect_err("lacks check");
    }
}
