//! `viseme fit`, and `--fit` of other commands.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use viseme::media::{Framing, Violation};
use viseme::{Input, Media, Report};
use viseme_batch::{FITTED_FOLDER, PrepareInput};
use viseme_dub::ffmpeg::Ffmpeg;
use viseme_dub::{FilePlan, FitError, FitJob, FitSettings, Fitted, Step, plan_input};

use crate::failure::{Failure, Outcome, Phase, Result, reason};
use crate::input::InputArgs;
use crate::interrupt::interrupt;
use crate::options::{Options, parse_duration};
use crate::output::{eprint_line, fix_line, in_cli_words, media_json, print_line, violations_json};

/// The folder inside that of a batch for the new files of its rows.

#[derive(Debug, clap::Args)]
pub(crate) struct Fit {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// The folder for the new files. It is created if it does not exist. A file that is acceptable stays
    /// where it is.
    #[arg(long, short, value_name = "DIR", required_unless_present = "dry_run")]
    out: Option<PathBuf>,

    /// Print what would be done, and which steps are lossy; make nothing.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    choices: FitChoices,
}

/// What is kept of the media, and how.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FitChoices {
    /// Crop a picture of another shape, instead of adding black borders.
    #[arg(long)]
    crop: bool,

    /// Hold the last frame of a video that is too short, and add silence to audio that is too short.
    #[arg(long)]
    extend: bool,

    /// Where the part starts that is kept, such as `8.3` or `1:02.5`. [default: the start]
    #[arg(long, value_name = "TIME", value_parser = parse_position, allow_hyphen_values = true)]
    from: Option<Duration>,

    /// Where the part ends that is kept. [default: what the model takes]
    #[arg(long, value_name = "TIME", value_parser = parse_position, allow_hyphen_values = true)]
    to: Option<Duration>,
}

/// Options of `run`, `submit` and `batch`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FitArgs {
    /// Make media acceptable that are not, as `viseme fit` does. The sources are not changed.
    #[arg(long)]
    fit: bool,

    #[command(flatten)]
    choices: FitChoices,
}

impl FitChoices {
    fn settings(&self, folder: Option<&Path>, strict: bool) -> FitSettings {
        let mut settings = FitSettings { folder: folder.map(Path::to_owned), ..Default::default() };
        let options = &mut settings.options;
        options.framing = if self.crop { Framing::Crop } else { Framing::Borders };
        options.extend = self.extend;
        (options.from, options.to) = (self.from, self.to);
        options.strict = strict;
        settings
    }

    fn is_given(&self) -> Option<&'static str> {
        [
            (self.crop, "--crop"),
            (self.extend, "--extend"),
            (self.from.is_some(), "--from"),
            (self.to.is_some(), "--to"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }
}

impl FitArgs {
    /// Returns whether `--fit` is given.
    pub(crate) fn is_given(&self) -> bool {
        self.fit
    }

    /// Returns whether the user wants it.
    ///
    /// # Errors
    /// [`Failure::Usage`] if there are choices without it.
    pub(crate) fn is_wanted(&self) -> Result<bool> {
        match self.choices.is_given() {
            Some(name) if !self.fit => {
                Err(Failure::Usage(format!("{name} has an effect only with --fit. Add --fit.")))
            }
            _ => Ok(self.fit),
        }
    }

    /// Returns the hook of a batch that makes the media of its rows acceptable, in a folder of the batch.
    ///
    /// # Errors
    /// [`Failure::Local`] if there is no ffmpeg: every row would fail.
    pub(crate) async fn prepare(&self, folder: &Path, strict: bool) -> Result<PrepareInput> {
        Ffmpeg::find().await.map_err(|error| Failure::Local(error.to_string()))?;
        let mut settings = self.choices.settings(Some(&folder.join(FITTED_FOLDER)), strict);
        settings.cache = true;
        Ok(Arc::new(move |input| {
            let settings = settings.clone();
            Box::pin(async move {
                match viseme_dub::fit(input.clone(), settings).await {
                    Ok(fitted) => Ok(fitted.input),
                    Err(error) => report(error.violations()).into_result().map(|_| input),
                }
            })
        }))
    }

    /// Returns what a check of an input finds after its media are made acceptable, and the steps.
    pub(crate) async fn check(
        &self,
        input: Input,
        found: Report,
        strict: bool,
    ) -> (Report, Vec<String>) {
        let job = match plan_input(input, self.choices.settings(None, strict)).await {
            Ok(job) => job,
            Err(error) => return (report(error.violations()), Vec::new()),
        };
        let is_planned = |field: &str| job.files().iter().any(|file| file.field == field);
        let mut after = report(
            found
                .violations
                .into_iter()
                .filter(|it| !it.is_error() || !is_planned(&it.field))
                .collect(),
        );
        after.violations.extend(job.files().iter().flat_map(|file| file.remaining.iter().cloned()));
        let is_changed = |file: &&FilePlan| !file.steps.is_empty();
        let lines = job.files().iter().filter(is_changed).map(|file| {
            let steps: Vec<_> = file.steps.iter().map(step_words).collect();
            format!("{}: {}", file.field, steps.join(", "))
        });
        let lines = lines.collect();
        (after, lines)
    }

    /// Makes the media of an input acceptable, if the user wants it. The files last as long as the result.
    pub(crate) async fn apply_once(
        &self,
        options: &Options,
        input: Input,
        strict: bool,
    ) -> Result<(Input, Option<Fitted>)> {
        if !self.is_wanted()? {
            return Ok((input, None));
        }
        let job = plan(options, input, self.choices.settings(None, strict)).await?;
        print_steps(options, &job);
        let fitted = run(options, job).await?;
        Ok((fitted.input.clone(), Some(fitted)))
    }
}

pub(crate) async fn fit(options: &Options, args: &Fit) -> Result<Outcome> {
    let missing = args.input.missing_media();
    if missing.len() == 2 {
        let message = "--video and --audio are missing. Pass one or both of them, or a model with its \
                       parameters (-i).";
        return Err(Failure::Usage(message.to_owned()));
    }
    let input = args.input.read_incomplete()?;
    let settings = args.choices.settings(args.out.as_deref(), args.input.strict);
    let job = plan(options, input, settings).await?;
    if args.dry_run {
        let is_possible = job.files().iter().all(|file| file.remaining.is_empty());
        if options.json {
            let files: Vec<Value> = job.files().iter().map(|it| plan_json(it, options)).collect();
            print_line(json!({"ok": is_possible, "files": files}))?;
        } else {
            job.files().iter().flat_map(|it| plan_lines(it, options)).try_for_each(print_line)?;
        }
        return Ok(if is_possible { Outcome::Done } else { Outcome::Invalid });
    }
    print_steps(options, &job);
    let fitted = run(options, job).await?;
    if options.json {
        let files = fitted.files.iter().map(|file| {
            let mut json = plan_json(&file.plan, options);
            if let Some(fields) = json.as_object_mut() {
                let path = file.path.as_ref().map(|path| path.to_string_lossy().into_owned());
                fields.insert("path".to_owned(), json!(path));
                fields.insert("after".to_owned(), media_json(&file.after));
            }
            json
        });
        print_line(json!({"ok": true, "files": files.collect::<Vec<_>>()}))?;
    } else {
        for file in &fitted.files {
            let path = file.path.as_ref().map(|path| path.display().to_string());
            let path = path.unwrap_or_else(|| file.plan.source.display_name());
            print_line(format_args!("{}: {path}", file.plan.field))?;
        }
    }
    Ok(Outcome::Done)
}

async fn plan(options: &Options, input: Input, settings: FitSettings) -> Result<FitJob> {
    tokio::select! {
        job = plan_input(input, settings) => job.map_err(|error| failure(error, options)),
        () = interrupt() => Err(Failure::Interrupted(Phase::NoJob)),
    }
}

async fn run(options: &Options, job: FitJob) -> Result<Fitted> {
    tokio::select! {
        fitted = job.run() => fitted.map_err(|error| failure(error, options)),
        // Drops the run, which stops ffmpeg and removes unfinished files.
        () = interrupt() => Err(Failure::Interrupted(Phase::NoJob)),
    }
}

/// Prints what is done before it is done, as some of it is lossy.
fn print_steps(options: &Options, job: &FitJob) {
    let is_possible = job.files().iter().all(|file| file.remaining.is_empty());
    if !options.is_silent() && is_possible {
        for line in job.files().iter().flat_map(|file| plan_lines(file, options)) {
            eprint_line(line);
        }
    }
}

/// Returns the lines of a plan: the file, and each of its steps.
fn plan_lines(file: &FilePlan, options: &Options) -> Vec<String> {
    let name = name(&file.source);
    let what =
        if file.steps.is_empty() && file.remaining.is_empty() { ": no step needed" } else { "" };
    let mut lines = vec![format!("{}: {name}{what}", file.field)];
    lines.extend(file.steps.iter().map(|step| format!("  {}", step_words(step))));
    lines.extend(file.remaining.iter().map(|it| {
        let message = in_cli_words(&it.message, options);
        format!("  error: {message}{}", fix_line(it, options, "    "))
    }));
    lines
}

fn step_words(step: &Step) -> String {
    format!("{}{}", step.fix, if step.lossy { " (lossy)" } else { "" })
}

fn report(violations: Vec<Violation>) -> Report {
    let mut report = Report::default();
    report.violations = violations;
    report
}

fn plan_json(file: &FilePlan, options: &Options) -> Value {
    json!({
        "field": file.field,
        "source": file.source.display_name(),
        "steps": file.steps,
        "before": media_json(&file.before),
        "violations": violations_json(&file.remaining, options),
    })
}

fn name(media: &Media) -> String {
    media.display_name()
}

fn failure(error: FitError, options: &Options) -> Failure {
    match error {
        FitError::Unmendable(violations) | FitError::StillInvalid { violations, .. } => {
            match report(violations).into_result() {
                Err(error) => error.into(),
                Ok(_) => Failure::Local("ffmpeg made no acceptable file.".to_owned()),
            }
        }
        FitError::Read { field, name, error } => {
            let message = match error.kind() {
                ErrorKind::NotFound => {
                    format!("`{field}`: file not found: {name}. Check the path.")
                }
                _ => format!("`{field}`: cannot read {name}: {}.", reason(&error)),
            };
            Failure::Usage(in_cli_words(&message, options))
        }
        FitError::Write { path, error } if error.kind() == ErrorKind::AlreadyExists => {
            let path = path.display();
            Failure::Usage(format!("{path} is a file. Give a folder for the new files (--out)."))
        }
        FitError::Write { path, error } => {
            Failure::Local(format!("Cannot write {}: {}.", path.display(), reason(&error)))
        }
        other => Failure::Local(in_cli_words(&other.to_string(), options)),
    }
}

/// Parses a position, such as `8.3`, `0:08.3`, `1:02:03` or `8s`.
fn parse_position(text: &str) -> std::result::Result<Duration, String> {
    let expected = || "must be a time such as `8.3`, `0:08.3` or `1:02:03`".to_owned();
    if !text.contains(':') {
        return parse_duration(text).map_err(|_| expected());
    }
    let parts: Vec<&str> = text.split(':').collect();
    let [whole @ .., seconds] = parts.as_slice() else { return Err(expected()) };
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if whole.len() > 2 || !parts.iter().all(|part| is_number(part)) {
        return Err(expected());
    }
    let seconds: f64 = seconds.parse().map_err(|_| expected())?;
    let mut minutes = 0_u64;
    for part in whole {
        let value: u64 = part.parse().map_err(|_| expected())?;
        minutes =
            minutes.checked_mul(60).and_then(|it| it.checked_add(value)).ok_or_else(expected)?;
    }
    let seconds = Duration::try_from_secs_f64(seconds).map_err(|_| expected())?;
    let minutes = Duration::from_secs(minutes.checked_mul(60).ok_or_else(expected)?);
    minutes.checked_add(seconds).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        for (text, millis) in [
            ("8.3", 8_300),
            ("0:08.3", 8_300),
            ("1:02:03", 3_723_000),
            ("90s", 90_000),
            ("0", 0),
            ("75", 75_000),
        ] {
            assert_eq!(parse_position(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "-1", "a", "1:", ":5", "1:-2", "1:2:3:4", "1:inf", "1:nan"] {
            assert!(parse_position(text).is_err(), "{text}");
        }
    }
}
