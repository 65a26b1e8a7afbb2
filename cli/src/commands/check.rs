//! `viseme check`.

use serde_json::json;
use viseme::{AudioToVideo, Media};

use crate::args::InputArgs;
use crate::exit::Ending;
use crate::failure::Result;
use crate::options::Options;
use crate::report;
use crate::terminal::print;

pub(crate) async fn check(options: &Options, input: InputArgs) -> Result<Ending> {
    let sources = [("audio", input.audio.clone()), ("video", input.video.clone())];
    let unchecked: Vec<_> = sources
        .into_iter()
        .filter(|(_, source)| matches!(Media::from(source.as_str()), Media::Url(_)))
        .map(|(field, _)| field)
        .collect();
    let checked = viseme::check(AudioToVideo::from(input)).await?;
    let ending = if checked.is_ok() { Ending::Done } else { Ending::Invalid };
    if options.json {
        let media: serde_json::Map<_, _> = checked
            .media
            .iter()
            .map(|(field, info)| (field.clone(), report::media_json(info)))
            .collect();
        print(json!({
            "ok": checked.is_ok(),
            "violations": checked.violations,
            "media": media,
            "unchecked": unchecked,
        }))?;
        return Ok(ending);
    }
    for line in report::lines(&checked) {
        print(line)?;
    }
    for field in unchecked {
        print(format_args!("{field}: a URL, which is not looked at"))?;
    }
    print(if checked.is_ok() { "ok" } else { "refused" })?;
    Ok(ending)
}
