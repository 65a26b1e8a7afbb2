//! Runs the steps: those of one language one after the other, different languages side by side.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use super::count::{self, Counts, FailedTests};
use super::places::{Places, Running};
use super::step::{Action, Step};
use super::summary::{Report, Verdict};
use crate::output;
use crate::process::{own_program, program, run};
use crate::setup::Language;

/// The steps that run at the same time. Installations mostly wait for the network and do not count.
const AT_ONCE: usize = 2;

/// Steps that wait for servers most of the time. They run beside the others, too.
const WAITING: &[&str] = &["integrations-python"];

/// Caches that tools keep among the temporary files.
const TOOL_CACHES: &[&str] = &["node-compile-cache"];

/// One line of the summary.
pub(super) struct Job {
    pub(super) name: String,
    pub(super) work: Work,
}

/// What happens when a step fails.
#[derive(Clone, Copy, Default)]
pub(super) struct AfterFailure {
    /// Run the other steps.
    pub(super) keep_going: bool,
    /// How often to run the step again.
    pub(super) retries: u32,
}

pub(super) enum Work {
    SetUp(Language),
    Step(&'static Step),
}

impl Job {
    /// Installs what the steps of a language need.
    pub(super) fn set_up(language: Language) -> Self {
        Self { name: format!("{}-setup", language.name()), work: Work::SetUp(language) }
    }
}

/// Runs all jobs and returns what became of each, in the order of the languages. Those that use what others
/// install and build come after these.
pub(super) fn run_all(
    jobs: BTreeMap<Language, Vec<Job>>,
    after_failure: AfterFailure,
) -> Result<Vec<Report>> {
    let runner = Runner {
        own_program: own_program()?,
        // A single language prints its output as it comes.
        buffered: jobs.len() > 1,
        after_failure,
        failed: AtomicBool::new(false),
        places: Places::new(AT_ONCE),
        running: Running::new(jobs.keys().copied()),
    };
    let runner = &runner;
    std::thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .into_iter()
            .map(|(language, jobs)| scope.spawn(move || runner.run_in_order(language, jobs)))
            .collect();
        let mut reports = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(of_language) => reports.extend(of_language),
                Err(_) => bail!("a step panicked"),
            }
        }
        Ok(reports)
    })
}

struct Runner {
    own_program: PathBuf,
    buffered: bool,
    after_failure: AfterFailure,
    failed: AtomicBool,
    places: Places,
    running: Running,
}

impl Runner {
    fn run_in_order(&self, language: Language, jobs: Vec<Job>) -> Vec<Report> {
        let _turn = self.running.turn_of(language);
        // Without its tools no step of the language can pass.
        let mut is_set_up = true;
        let mut reports = Vec::new();
        for job in jobs {
            let stopped = self.failed.load(Ordering::SeqCst) && !self.after_failure.keep_going;
            if stopped || !is_set_up {
                reports.push(Report::not_run(job.name));
                continue;
            }
            let report = self.run_until_passed(language, &job);
            let has_failed = matches!(report.verdict, Verdict::Failed(_));
            is_set_up &= !(has_failed && matches!(job.work, Work::SetUp(_)));
            self.failed.fetch_or(has_failed, Ordering::SeqCst);
            reports.push(report);
        }
        reports
    }

    /// A step that passed only when it ran again passed, and its line says why it failed before.
    fn run_until_passed(&self, language: Language, job: &Job) -> Report {
        let mut report = self.run_job(language, job, None);
        for again in 1..=self.after_failure.retries {
            let Verdict::Failed(error) = &report.verdict else { break };
            let failure = format!("passed in run {}; before: {error:#}", again + 1);
            report = self.run_job(language, job, error.downcast_ref());
            if let Verdict::Passed { note, .. } = &mut report.verdict {
                *note = failure;
            }
        }
        report
    }

    fn run_job(&self, language: Language, job: &Job, before: Option<&FailedTests>) -> Report {
        let Job { name, work } = job;
        let computes = match work {
            Work::SetUp(_) => false,
            Work::Step(step) => !WAITING.contains(&step.name),
        };
        let _place = computes.then(|| self.places.take(language));
        let purpose = match work {
            Work::SetUp(_) => "install what is missing",
            Work::Step(step) => step.purpose,
        };
        print(format!("\n==> {name}: {purpose}\n").as_bytes());
        let start = Instant::now();
        let (result, printed) = if self.buffered {
            output::capture(|| self.run_in_own_folder(work, before))
        } else {
            (self.run_in_own_folder(work, before), Vec::new())
        };
        let duration = start.elapsed();
        let verdict = result.unwrap_or_else(Verdict::Failed);
        if self.buffered {
            let end = match &verdict {
                Verdict::Failed(error) => format!("{name} FAILED: {error:#}\n"),
                _ => format!("{name} passed after {:.0} s\n", duration.as_secs_f64()),
            };
            let header = format!("\n==> output of {name}\n");
            print(&[header.as_bytes(), &printed, end.as_bytes()].concat());
        } else if let Verdict::Failed(error) = &verdict {
            print(format!("{name}: {error:#}\n").as_bytes());
        }
        Report { name: name.clone(), duration, verdict }
    }

    /// Temporary files of a step go to a folder that is removed after it.
    fn run_in_own_folder(&self, work: &Work, before: Option<&FailedTests>) -> Result<Verdict> {
        let folder = tempfile::Builder::new().prefix("viseme-test-").tempdir()?;
        let result = output::with_temporary(folder.path().to_path_buf(), || self.act(work, before));
        let left = entries(folder.path());
        folder.close().context("cannot remove the step's temporary folder")?;
        let (mut note, tests) = result?;
        if let Some(first) = left.first() {
            let separator = if note.is_empty() { "" } else { "; " };
            note += &format!("{separator}left {} temporary files, such as {first}", left.len());
        }
        Ok(Verdict::Passed { note, tests })
    }

    fn act(&self, work: &Work, before: Option<&FailedTests>) -> Result<(String, Option<Counts>)> {
        let step = match work {
            Work::SetUp(language) => return Ok((language.set_up()?, None)),
            Work::Step(step) => step,
        };
        match &step.action {
            Action::Check(check) => Ok((check()?, None)),
            Action::Run { program: words, env } => {
                run(self.command(words, env)?)?;
                Ok((String::new(), None))
            }
            Action::Tests { program: words, count } => {
                let mut command = self.command(words, &[])?;
                // All tests of the workspace take a quarter of an hour; those that failed, a minute.
                let before = before.filter(|it| !it.names.is_empty() && !words.contains(&"--"));
                if let Some(FailedTests { names, .. }) = before {
                    command.args(["--", "--exact"]).args(names);
                }
                let mut tests = count::run_and_count(command, *count)?;
                if let Some(FailedTests { counts, names, .. }) = before {
                    let again = usize::try_from(tests.passed)?;
                    ensure!(again >= names.len(), "only {again} of {} ran again", names.len());
                    tests += Counts { failed: 0, ..*counts };
                }
                Ok((String::new(), Some(tests)))
            }
        }
    }

    fn command(&self, words: &[&str], env: &[(&str, &str)]) -> Result<Command> {
        let mut command = match words {
            // Cargo would wait until no other step builds.
            ["cargo", "xtask", arguments @ ..] => {
                program(&self.own_program.to_string_lossy(), arguments)
            }
            [name, arguments @ ..] => program(name, arguments),
            [] => bail!("a step without a program"),
        };
        command.envs(env.iter().copied());
        Ok(command)
    }
}

/// The names of the files in a folder, without the caches of tools.
fn entries(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !TOOL_CACHES.contains(&name.as_str()));
    names.sort();
    names
}

/// As a whole, so that steps that run side by side do not mix their output.
fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    // The terminal is closed; there is nowhere else to report that.
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;
    use crate::suite::step::Scope;

    const fn step(name: &'static str, language: Language, action: Action) -> Step {
        Step { name, purpose: "a test", language, scope: Scope::Usual, action }
    }

    static PASSES: Step = step("passes", Language::Rust, Action::Check(|| Ok("seen".to_owned())));
    static FAILS: Step = step("fails", Language::Node, Action::Check(|| bail!("no luck")));
    static LITTERS: Step = step(
        "litters",
        Language::Node,
        Action::Run { program: &["sh", "-c", "touch \"$TMPDIR/left\""], env: &[] },
    );

    fn job(step: &'static Step) -> Job {
        Job { name: step.name.to_owned(), work: Work::Step(step) }
    }

    fn run_these(
        jobs: Vec<(Language, Vec<Job>)>,
        after_failure: AfterFailure,
    ) -> Vec<(String, String)> {
        let reports = run_all(jobs.into_iter().collect(), after_failure).expect("no panic");
        let word = |report: Report| match report.verdict {
            Verdict::Passed { note, .. } => (report.name, format!("passed {note}")),
            Verdict::Failed(error) => (report.name, format!("failed {error:#}")),
            Verdict::NotRun => (report.name, "not run".to_owned()),
        };
        reports.into_iter().map(word).collect()
    }

    #[test]
    fn steps_after_a_failed_one_are_not_run_unless_told_to_keep_going() {
        let jobs = || vec![(Language::Node, vec![job(&FAILS), job(&PASSES)])];
        let named = |name: &str, end: &str| (name.to_owned(), end.to_owned());
        let expected = [named("fails", "failed no luck"), named("passes", "not run")];
        assert_eq!(run_these(jobs(), AfterFailure::default()), expected);
        let expected = [named("fails", "failed no luck"), named("passes", "passed seen")];
        assert_eq!(run_these(jobs(), AfterFailure { keep_going: true, retries: 0 }), expected);
    }

    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static FAILS_ONCE: Step = step(
        "fails once",
        Language::Node,
        Action::Check(|| match RUNS.fetch_add(1, Ordering::SeqCst) {
            0 => bail!("no luck"),
            _ => Ok(String::new()),
        }),
    );

    #[test]
    fn a_failed_step_runs_again_as_often_as_told_and_its_line_says_so() {
        let once_more = AfterFailure { keep_going: false, retries: 1 };
        let jobs = vec![(Language::Node, vec![job(&FAILS_ONCE), job(&FAILS), job(&PASSES)])];
        let ends: Vec<String> =
            run_these(jobs, once_more).into_iter().map(|(_, end)| end).collect();
        let expected = ["passed passed in run 2; before: no luck", "failed no luck", "not run"];
        assert_eq!(ends, expected);
    }

    static ONE_FAILS: Step = step(
        "one fails",
        Language::Rust,
        Action::tests(
            &[
                "sh",
                "-c",
                "if [ \"$*\" = '--exact a::b' ]; then echo 'test result: ok. 1 passed'; exit; fi
                echo 'test a::b ... FAILED'
                echo 'test result: FAILED. 2 passed; 1 failed'
                echo '    `-p viseme --lib`'
                exit 101",
            ],
            count::cargo_test,
        ),
    );

    #[cfg(unix)]
    #[test]
    fn of_the_tests_of_cargo_those_that_failed_run_again() {
        let runner = Runner {
            own_program: PathBuf::new(),
            buffered: true,
            after_failure: AfterFailure::default(),
            failed: AtomicBool::new(false),
            places: Places::new(1),
            running: Running::new(std::iter::once(Language::Rust)),
        };
        // Whoever counts the tests of this program must not read these lines.
        let act = |before| output::capture(|| runner.act(&Work::Step(&ONE_FAILS), before)).0;
        let error = act(None).expect_err("a test fails");
        assert!(error.to_string().ends_with(" failed (exit status: 101): a::b"), "{error}");
        let (_, tests) = act(error.downcast_ref()).expect("passes");
        assert_eq!(tests, Some(Counts { passed: 3, failed: 0, skipped: 0 }));
    }

    #[cfg(unix)]
    #[test]
    fn temporary_files_that_a_step_leaves_are_reported_and_removed() {
        let found = run_these(vec![(Language::Node, vec![job(&LITTERS)])], AfterFailure::default());
        assert_eq!(found[0].1, "passed left 1 temporary files, such as left");
    }

    #[test]
    fn languages_run_side_by_side_and_are_reported_in_order() {
        let jobs = vec![
            (Language::Swift, vec![job(&PASSES)]),
            (Language::Rust, vec![job(&PASSES), job(&PASSES)]),
            (Language::Node, vec![job(&LITTERS)]),
        ];
        let names: Vec<String> =
            run_these(jobs, AfterFailure::default()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["passes", "passes", "litters", "passes"]);
    }

    static BUILT: AtomicBool = AtomicBool::new(false);
    static BUILDS: Step = step(
        "builds",
        Language::Kotlin,
        Action::Check(|| {
            std::thread::sleep(Duration::from_millis(100));
            BUILT.store(true, Ordering::SeqCst);
            Ok(String::new())
        }),
    );
    static USES: Step = step(
        "uses",
        Language::KotlinApp,
        Action::Check(|| match BUILT.load(Ordering::SeqCst) {
            true => Ok(String::new()),
            false => bail!("too early"),
        }),
    );

    #[test]
    fn what_combines_languages_runs_after_them() {
        let jobs =
            vec![(Language::KotlinApp, vec![job(&USES)]), (Language::Kotlin, vec![job(&BUILDS)])];
        let ends = run_these(jobs, AfterFailure::default());
        assert!(ends.iter().all(|(_, end)| end == "passed "), "{ends:?}");
    }
}
