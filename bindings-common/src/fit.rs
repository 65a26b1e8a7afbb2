//! Fits: media that a model accepts, made from media that it does not.

use std::path::PathBuf;

use viseme::Input;
use viseme::media::Framing;
use viseme_dub::{FilePlan, FitError, FitSettings, plan_input};

use crate::dto::{ErrorData, FitOptions, FitResult, FitStep, FittedFile, duration};
use crate::message;
use crate::task::Task;

/// Starts a fit, or the dry run of one.
pub(crate) fn start(
    input: Input,
    out: Option<String>,
    options: FitOptions,
    fallback_ffmpeg: Option<String>,
) -> Result<Task, Box<ErrorData>> {
    let is_dry_run = options.dry_run.unwrap_or(false);
    if out.is_none() && !is_dry_run {
        let message = "`out` is missing. Name the folder for the new files.";
        return Err(ErrorData::new("invalid_input", message));
    }
    let settings = options.build(out, fallback_ffmpeg)?;
    Ok(Task::from_future(async move {
        match fit(input, settings, is_dry_run).await {
            Ok(files) => message::value(FitResult { files }),
            Err(error) => message::error(error.into()),
        }
    }))
}

async fn fit(
    input: Input,
    settings: FitSettings,
    is_dry_run: bool,
) -> Result<Vec<FittedFile>, FitError> {
    let job = plan_input(input, settings).await?;
    if is_dry_run {
        return Ok(job.files().iter().map(FittedFile::from).collect());
    }
    let fitted = job.run().await?;
    let files = fitted.files.iter().map(|file| {
        let path = file.path.as_ref().map(|path| path.to_string_lossy().into_owned());
        let after = path.is_some().then(|| (&file.after).into());
        FittedFile { path, after, ..FittedFile::from(&file.plan) }
    });
    Ok(files.collect())
}

impl From<&FilePlan> for FittedFile {
    fn from(plan: &FilePlan) -> Self {
        let step = |step: &viseme_dub::Step| FitStep { fix: (&step.fix).into(), lossy: step.lossy };
        Self {
            field: plan.field.clone(),
            steps: plan.steps.iter().map(step).collect(),
            path: None,
            before: (&plan.before).into(),
            after: None,
            violations: plan.remaining.iter().map(Into::into).collect(),
        }
    }
}

impl FitOptions {
    fn build(
        self,
        out: Option<String>,
        fallback_ffmpeg: Option<String>,
    ) -> Result<FitSettings, Box<ErrorData>> {
        let moment = |name, millis: Option<f64>| millis.map(|it| duration(name, it)).transpose();
        let mut settings = FitSettings {
            folder: out.map(PathBuf::from),
            fallback_ffmpeg: fallback_ffmpeg.map(PathBuf::from),
            ..FitSettings::default()
        };
        let options = &mut settings.options;
        options.framing = if self.crop == Some(true) { Framing::Crop } else { Framing::Borders };
        options.extend = self.extend.unwrap_or(false);
        options.from = moment("startMs", self.start_ms)?;
        options.to = moment("endMs", self.end_ms)?;
        options.strict = self.strict.unwrap_or(false);
        Ok(settings)
    }
}

impl From<FitError> for Box<ErrorData> {
    fn from(error: FitError) -> Self {
        let (code, text) = (error.code(), error.to_string());
        match error {
            FitError::Unmendable(violations) | FitError::StillInvalid { violations, .. } => {
                let mut data = ErrorData::new(code, text);
                data.violations = violations.iter().map(Into::into).collect();
                data
            }
            _ => ErrorData::new(code, text),
        }
    }
}
