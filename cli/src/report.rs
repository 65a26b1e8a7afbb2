//! What is printed of results.

use serde_json::{Value, json};
use viseme::media::MediaInfo;
use viseme::{DownloadedFile, Job, Output, Prediction, Report};

use crate::failure::Result;
use crate::options::Options;
use crate::size;
use crate::terminal::print;

/// The lines of a check: a line for each medium, then a line for each violation.
pub(crate) fn lines(report: &Report) -> impl Iterator<Item = String> + '_ {
    let media = report.media.iter().map(|(field, info)| format!("{field}: {}", facts(info)));
    let violations = report.violations.iter().map(|violation| {
        let level = if violation.is_error() { "error" } else { "warning" };
        format!("{level}: {}", violation.message)
    });
    media.chain(violations)
}

/// What a medium is, in one line.
fn facts(info: &MediaInfo) -> String {
    let mut facts = vec![info.container.label().to_owned()];
    let codecs = [&info.video_codec, &info.audio_codec].into_iter().flatten();
    // "MP3, mp3" says nothing.
    facts.extend(codecs.filter(|it| !it.eq_ignore_ascii_case(info.container.label())).cloned());
    facts.extend(info.duration.map(|duration| format!("{:.2} s", duration.as_secs_f64())));
    if let (Some(width), Some(height)) = (info.width, info.height) {
        facts.push(format!("{width} × {height} px"));
    }
    facts.extend(info.bytes.map(size::bytes));
    facts.join(", ")
}

/// What a medium is, for programs.
pub(crate) fn media_json(info: &MediaInfo) -> Value {
    json!({
        "container": info.container,
        "bytes": info.bytes,
        "duration_seconds": info.duration.map(|duration| duration.as_secs_f64()),
        "width": info.width,
        "height": info.height,
        "video_codec": info.video_codec,
        "audio_codec": info.audio_codec,
        "corruption": info.corruption,
        "anomaly": info.anomaly,
    })
}

/// The end of a run or a wait: where the output is.
pub(crate) fn result(
    prediction: &Prediction,
    saved: Option<&DownloadedFile>,
    options: &Options,
) -> Result<()> {
    if options.json {
        let mut state = state_json(prediction);
        if let Some(fields) = state.as_object_mut() {
            fields.insert("saved".to_owned(), json!(saved.map(saved_json)));
        }
        return print(state);
    }
    match saved {
        Some(saved) => print(saved.path.display()),
        None => prediction.outputs.iter().filter_map(Output::url).try_for_each(print),
    }
}

/// A job that was just submitted or found again.
pub(crate) fn job(job: &Job, options: &Options) -> Result<()> {
    match job.prediction() {
        Some(prediction) if options.json => print(state_json(prediction)),
        _ => print(job.id()),
    }
}

/// A job's state.
pub(crate) fn state_json(prediction: &Prediction) -> Value {
    json!({
        "job_id": prediction.id,
        "status": prediction.status,
        "output_url": prediction.output_url(),
        "recovered": prediction.recovered.is_some(),
        "prediction": prediction,
    })
}

pub(crate) fn saved_json(saved: &DownloadedFile) -> Value {
    json!({"path": saved.path, "bytes": saved.bytes})
}
