//! `viseme check`.

use serde_json::json;

use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::input::InputArgs;
use crate::options::Options;
use crate::terminal::print;
use crate::{connect, report};

pub(crate) async fn check(options: &Options, args: &InputArgs) -> Result<Ending> {
    // A client, and not the bare check, since media behind a URL are read too.
    let input = args.read()?;
    let checked = if args.validate {
        connect::online(options)?.validate(input).await.map_err(Failure::question)?
    } else {
        connect::anonymous(options)?.check(input).await?
    };
    let checked = if args.strict { checked.strict() } else { checked };
    let ending = if checked.is_ok() { Ending::Done } else { Ending::Invalid };
    if options.json {
        let media: serde_json::Map<_, _> = checked
            .media
            .iter()
            .map(|(field, info)| (field.clone(), report::media_json(info)))
            .collect();
        print(json!({"ok": checked.is_ok(), "violations": checked.violations, "media": media}))?;
        return Ok(ending);
    }
    for line in report::lines(&checked) {
        print(line)?;
    }
    print(if checked.is_ok() { "ok" } else { "refused" })?;
    Ok(ending)
}
