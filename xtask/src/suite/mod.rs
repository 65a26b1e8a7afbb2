//! `cargo xtask test`: the steps CI runs, one after the other, and what became of each.

mod count;
mod steps;
mod summary;

use std::time::Instant;

use anyhow::{Result, bail, ensure};

use crate::process::{program, run};
use count::Counts;
use steps::{Action, STEPS, Step};
use summary::{Report, Verdict};

/// What a step that passed has to say.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Something a reader of the summary should know.
    pub(crate) note: Option<String>,
    /// How many tests ran, where the step runs tests.
    pub(crate) tests: Option<Counts>,
}

impl Outcome {
    pub(crate) fn note(note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), tests: None }
    }
}

/// Runs the named steps, or all; stops at the first that fails, whose output is then the last
/// above the summary, unless told to keep going.
pub(crate) fn run_steps(names: &[String], keep_going: bool) -> Result<()> {
    let steps = choose(names)?;
    let mut reports: Vec<Report> = Vec::new();
    for step in steps {
        let failed = reports.iter().any(|report| matches!(report.verdict, Verdict::Failed(_)));
        let report =
            if failed && !keep_going { Report::not_run(step.name) } else { carry_out(step) };
        reports.push(report);
    }
    summary::print(&reports);
    let failed = reports.iter().filter(|report| matches!(report.verdict, Verdict::Failed(_)));
    match failed.count() {
        0 => Ok(()),
        1 => bail!("one step failed"),
        more => bail!("{more} steps failed"),
    }
}

fn choose(names: &[String]) -> Result<Vec<&'static Step>> {
    for name in names {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        ensure!(
            known.contains(&name.as_str()),
            "there is no step `{name}`; there are: {}",
            known.join(", ")
        );
    }
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(wanted).collect())
}

fn carry_out(step: &'static Step) -> Report {
    println!("\n==> {}: {}", step.name, step.purpose);
    let start = Instant::now();
    let result = act(&step.action);
    let verdict = match result {
        Ok(outcome) => Verdict::Passed(outcome),
        Err(error) => {
            let sentence = format!("{error:#}");
            println!("{}: {sentence}", step.name);
            Verdict::Failed(sentence)
        }
    };
    Report { name: step.name, duration: start.elapsed(), verdict }
}

fn act(action: &Action) -> Result<Outcome> {
    match action {
        Action::Check(check) => check(),
        Action::Run { program: words, env } => {
            run(command(words, env)?)?;
            Ok(Outcome::default())
        }
        Action::Tests { program: words, env, count } => {
            let tests = count::run_and_count(command(words, env)?, *count, &mut std::io::stdout())?;
            Ok(Outcome { note: None, tests: Some(tests) })
        }
    }
}

fn command(words: &[&str], env: &[(&str, &str)]) -> Result<std::process::Command> {
    let Some((name, arguments)) = words.split_first() else { bail!("a step without a program") };
    let mut command = program(name, arguments);
    command.envs(env.iter().copied());
    Ok(command)
}
