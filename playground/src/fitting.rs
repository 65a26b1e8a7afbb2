//! Makes the files of an input acceptable, with the user's ffmpeg, in the folder of the playground.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use viseme::media::{FitOptions, Framing, Rule, Violation};
use viseme_dub::{FilePlan, FitError, FitJob, FitSettings, plan_input};

use crate::api_error::ApiError;
use crate::app::App;
use crate::checks::{PageInput, check_file};
use crate::files::StoredFile;

/// What the page asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FitRequest {
    input: PageInput,
    #[serde(default)]
    choices: Choices,
}

/// What is kept, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Choices {
    /// Cut off what does not fit the size, instead of adding borders.
    crop: bool,
    /// Where the part to keep starts and ends, in seconds.
    from: Option<f64>,
    to: Option<f64>,
    /// Hold the last frame of a video that is too short, and add silence to short audio.
    extend: bool,
}

impl Choices {
    /// # Errors
    /// 422 if a time is no time.
    fn to_options(&self) -> Result<FitOptions, ApiError> {
        let time = |name: &str, seconds: Option<f64>| {
            let time = seconds.map(Duration::try_from_secs_f64).transpose();
            time.map_err(|_| ApiError::invalid(format!("{name}: enter a number of seconds.")))
        };
        let mut options = FitOptions::default();
        options.framing = if self.crop { Framing::Crop } else { Framing::Borders };
        options.from = time("From", self.from)?;
        options.to = time("To", self.to)?;
        options.extend = self.extend;
        Ok(options)
    }
}

/// Returns the steps for each file that needs some, and the errors that no step mends.
///
/// # Errors
/// 422 if a file cannot be read, or ffmpeg cannot be used.
pub(crate) async fn plan(app: &App, request: &FitRequest) -> Result<Value, ApiError> {
    let options = request.choices.to_options()?;
    let (job, files) = open(app, request, &options, FitSettings::default()).await?;
    let mut can_extend = false;
    if is_short(job.files(), &options) {
        let mut longer = options.clone();
        longer.extend = true;
        let (job, _) = open(app, request, &longer, FitSettings::default()).await?;
        can_extend = job.files().iter().all(|plan| plan.remaining.is_empty());
    }
    Ok(plan_view(job.files(), &files, can_extend || options.extend))
}

/// Makes the files. Returns each new one with the steps that made it. If this is dropped, ffmpeg is
/// stopped, and nothing is left.
///
/// # Errors
/// Those of [`plan`], and 422 if ffmpeg cannot make an acceptable file.
pub(crate) async fn run(app: &App, request: &FitRequest) -> Result<Value, ApiError> {
    let options = request.choices.to_options()?;
    let folder = app.files.new_folder().map_err(|error| ApiError::local("make files", &error))?;
    let settings = FitSettings { folder: Some(folder.path().to_owned()), ..Default::default() };
    // ffmpeg uses all cores.
    let _turn = app.ffmpeg_turn.lock().await;
    let (job, files) = open(app, request, &options, settings).await?;
    let fitted = job.run().await.map_err(|error| api_error(&error, &files))?;
    let mut made = Map::new();
    for file in fitted.files {
        let Some(path) = &file.path else { continue };
        let stored = app.files.adopt(path).await?;
        let field = file.plan.field.as_str();
        let checked = check_file(&request.input.model, field, &stored).await?;
        made.insert(field.to_owned(), json!({ "file": checked, "steps": file.plan.steps }));
    }
    Ok(json!({ "files": made }))
}

type Files = Vec<(String, StoredFile)>;

async fn open(
    app: &App,
    request: &FitRequest,
    options: &FitOptions,
    mut settings: FitSettings,
) -> Result<(FitJob, Files), ApiError> {
    let resolved = request.input.resolve(&app.files)?;
    settings.options = options.clone();
    let job = plan_input(resolved.input, settings).await;
    let job = job.map_err(|error| api_error(&error, &resolved.files))?;
    Ok((job, resolved.files))
}

/// Whether all that is wrong is that files are too short, which only an option mends.
fn is_short(plans: &[FilePlan], options: &FitOptions) -> bool {
    let mut remaining = plans.iter().flat_map(|plan| &plan.remaining).peekable();
    !options.extend
        && remaining.peek().is_some()
        && remaining.all(|violation| violation.rule == Rule::Duration)
}

fn plan_view(plans: &[FilePlan], files: &Files, can_extend: bool) -> Value {
    let plans: Map<String, Value> = plans
        .iter()
        .filter(|plan| !plan.steps.is_empty() || !plan.remaining.is_empty())
        .map(|plan| {
            let remaining: Vec<Violation> =
                plan.remaining.iter().map(|it| named(it, files)).collect();
            (plan.field.clone(), json!({ "steps": plan.steps, "remaining": remaining }))
        })
        .collect();
    json!({ "files": plans, "can_extend": can_extend })
}

/// Returns a violation in which the files have the names that the page knows.
fn named(violation: &Violation, files: &Files) -> Violation {
    let mut violation = violation.clone();
    violation.message = with_names(&violation.message, files);
    violation
}

/// Paths mean nothing on the page.
fn with_names(message: &str, files: &Files) -> String {
    let mut message = message.to_owned();
    for (_, file) in files {
        message = message.replace(&file.path.display().to_string(), &file.name);
    }
    message
}

fn api_error(error: &FitError, files: &Files) -> ApiError {
    let code = match error {
        FitError::Ffmpeg { field: None, .. } => "ffmpeg",
        FitError::Ffmpeg { .. } => "ffmpeg_failed",
        _ => "not_fitted",
    };
    let message = with_names(&error.to_string(), files);
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_times_and_a_shape() {
        let of = |choices: Value| serde_json::from_value::<Choices>(choices).unwrap().to_options();
        let options = of(json!({"crop": true, "from": 8.5, "to": 12})).unwrap();
        assert_eq!(options.framing, Framing::Crop);
        assert_eq!(options.from, Some(Duration::from_millis(8500)));
        assert_eq!(options.to, Some(Duration::from_secs(12)));
        assert_eq!(of(json!({})).unwrap(), FitOptions::default());
        for wrong in [json!({"from": -1}), json!({"to": 1e300})] {
            let error = of(wrong.clone()).unwrap_err();
            assert_eq!(error.code, "invalid_input", "{wrong}");
            assert!(error.message.contains("number of seconds"), "{}", error.message);
        }
    }
}
