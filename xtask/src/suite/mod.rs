//! `cargo xtask test`: the steps that CI runs, those of different languages side by side.

mod count;
mod places;
mod run;
mod step;
mod steps;
mod summary;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::setup::Language;
use run::{AfterFailure, Job, Work};
use step::{Scope, Step};
use steps::STEPS;
use summary::Verdict;

/// Which steps to run.
#[derive(Args)]
pub(crate) struct Selection {
    /// Only these steps, in the usual order
    #[arg(conflicts_with_all = ["all", "quick"])]
    steps: Vec<String>,
    /// Run the steps of Kotlin and Swift too; installs a JDK, Maven and Swift (3.3 GB)
    #[arg(long, conflicts_with = "quick")]
    all: bool,
    /// Run only what takes less than two minutes after a build
    #[arg(long)]
    quick: bool,
    /// Continue after a step that failed
    #[arg(long)]
    keep_going: bool,
    /// How often to run a step again that failed; the summary tells if that helped
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    retries: u32,
}

/// Installs what is missing and runs the steps. Stops after the first that fails, unless told to
/// keep going.
pub(crate) fn run_steps(selection: &Selection) -> Result<()> {
    let steps = choose(selection)?;
    let jobs = jobs(&steps);
    let Selection { keep_going, retries, .. } = *selection;
    let after_failure = AfterFailure { keep_going, retries };
    let reports = run::run_all(jobs, after_failure)?;
    summary::print(&reports);
    if let Some(line) = left_out(selection) {
        println!("{line}");
    }
    let failed = reports.iter().filter(|report| matches!(report.verdict, Verdict::Failed(_)));
    match failed.count() {
        0 => Ok(()),
        1 => bail!("one step failed"),
        more => bail!("{more} steps failed"),
    }
}

fn choose(selection: &Selection) -> Result<Vec<&'static Step>> {
    for name in &selection.steps {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        let is_known = known.contains(&name.as_str());
        ensure!(is_known, "there is no step `{name}`; there are {}", known.join(", "));
    }
    let wanted = |step: &&Step| match selection {
        Selection { quick: true, .. } => step.scope == Scope::Quick || step.name == "unit",
        Selection { steps, .. } if !steps.is_empty() => steps.iter().any(|name| name == step.name),
        Selection { all, .. } => match step.scope {
            Scope::Quick | Scope::Usual => true,
            Scope::OnlyQuick => false,
            Scope::All => *all,
        },
    };
    Ok(STEPS.iter().filter(wanted).collect())
}

/// The steps of each language in their order, after the step that sets the language up.
fn jobs(steps: &[&'static Step]) -> BTreeMap<Language, Vec<Job>> {
    let mut jobs: BTreeMap<Language, Vec<Job>> = BTreeMap::new();
    for step in steps {
        let of_language =
            jobs.entry(step.language).or_insert_with(|| vec![Job::set_up(step.language)]);
        of_language.push(Job { name: step.name.to_owned(), work: Work::Step(step) });
    }
    jobs
}

/// What a run without all steps did not do, and how to have it done.
fn left_out(selection: &Selection) -> Option<String> {
    if selection.all || !selection.steps.is_empty() {
        return None;
    }
    let names = |scope: Scope| {
        let steps = STEPS.iter().filter(|step| step.scope == scope);
        steps.map(|step| step.name).collect::<Vec<_>>().join(", ")
    };
    let mut line = String::new();
    if selection.quick {
        let usual = names(Scope::Usual);
        let _ = writeln!(line, "not run with --quick: {usual} (`cargo xtask test` runs them)");
    }
    let more = names(Scope::All);
    let _ = write!(
        line,
        "not run: {more} (`cargo xtask test --all` runs them; it installs a JDK, Maven and Swift, \
         3.3 GB)"
    );
    Some(line)
}
