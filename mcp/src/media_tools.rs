//! The tools `check` and `fit`: media before a run. They need no API key.

use viseme::media::Framing;
use viseme_dub::{FitSettings, fit as fit_input};

use crate::arguments::{CheckArguments, FitArguments, seconds};
use crate::call::Call;
use crate::output::{CheckResult, FitResult, FitStep, FittedMedia, MediaFacts};
use crate::state::State;
use crate::tool_error::ToolError;

pub(crate) async fn check(
    state: &State,
    arguments: CheckArguments,
    call: &Call,
) -> Result<CheckResult, ToolError> {
    let input = arguments.input.read(&call.folders(state).await?)?;
    let strict = arguments.strict.unwrap_or_default();
    let report = arguments.input.check_part(&state.client, input, strict).await?;
    Ok(CheckResult::from(&report))
}

pub(crate) async fn fit(
    state: &State,
    arguments: FitArguments,
    call: &Call,
) -> Result<FitResult, ToolError> {
    let folders = call.folders(state).await?;
    let input = arguments.input.read(&folders)?;
    // Names that contain a digest: a file of that name has that content, and nothing is replaced.
    let mut settings = FitSettings {
        folder: Some(folders.folder(arguments.folder.as_deref())?),
        cache: true,
        ..FitSettings::default()
    };
    let options = &mut settings.options;
    options.framing = match arguments.crop {
        Some(true) => Framing::Crop,
        _ => Framing::Borders,
    };
    options.extend = arguments.extend.unwrap_or_default();
    options.strict = arguments.strict.unwrap_or_default();
    (options.from, options.to) = (seconds(arguments.from_seconds), seconds(arguments.to_seconds));
    call.reporter.report("making the media acceptable with ffmpeg");
    let fitted = fit_input(input, settings).await?;
    let file = |file: &viseme_dub::FittedFile| FittedMedia {
        field: file.plan.field.clone(),
        path: match &file.path {
            Some(path) => path.to_string_lossy().into_owned(),
            None => file.plan.source.display_name(),
        },
        is_new: file.path.is_some(),
        steps: file.plan.steps.iter().map(FitStep::from).collect(),
        media: MediaFacts::new(&file.plan.field, &file.after),
    };
    Ok(FitResult { files: fitted.files.iter().map(file).collect() })
}
