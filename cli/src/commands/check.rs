//! `viseme check`.

use serde_json::json;
use viseme::AudioToVideo;

use crate::args::{InputArgs, Options};
use crate::exit::Ending;
use crate::failure::Result;
use crate::report;

pub(crate) async fn check(options: &Options, input: InputArgs) -> Result<Ending> {
    let checked = viseme::check(AudioToVideo::from(input)).await?;
    if options.json {
        let media: serde_json::Map<_, _> =
            checked.media.iter().map(|(field, info)| (field.clone(), json!(info))).collect();
        println!(
            "{}",
            json!({"ok": checked.is_ok(), "violations": checked.violations, "media": media})
        );
    } else {
        for line in report::lines(&checked) {
            println!("{line}");
        }
        println!("{}", if checked.is_ok() { "ok" } else { "refused" });
    }
    Ok(if checked.is_ok() { Ending::Done } else { Ending::Invalid })
}
