//! `viseme upload`.

use std::sync::Arc;

use serde_json::json;
use viseme::Progress;

use super::shown;
use crate::args::Upload;
use crate::connect;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::options::Options;
use crate::show::Show;
use crate::terminal::print;

pub(crate) async fn upload(options: &Options, upload: Upload) -> Result<Ending> {
    let client = connect::online(options)?;
    let show = Arc::new(Show::new(options));
    let listener = {
        let show = Arc::clone(&show);
        move |sent, total| {
            show.tell(&Progress::Uploading { field: "file".to_owned(), sent, total });
        }
    };
    let work = client.upload(upload.file).on_progress(listener);
    let url = shown(work, &Stages::new(Stage::Nothing), &show).await?;
    if options.json {
        print(json!({"url": url.as_str()}))?;
    } else {
        print(url)?;
    }
    Ok(Ending::Done)
}
