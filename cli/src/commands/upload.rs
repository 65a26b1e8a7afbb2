//! `viseme upload`.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::json;
use viseme::Progress;

use super::interruptible;
use crate::args::{Options, Upload};
use crate::connect;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::show::Show;

pub(crate) async fn upload(options: &Options, upload: Upload) -> Result<Ending> {
    let client = connect::online(options)?;
    let show = Arc::new(Show::new(options));
    let stages = Stages::new(Stage::Before);
    let listener = {
        let show = Arc::clone(&show);
        move |sent, total| {
            show.tell(&Progress::Uploading { field: "file".to_owned(), sent, total });
        }
    };
    let work = client.upload(upload.file).on_progress(listener);
    match interruptible(work, &stages, &show, options.json).await? {
        ControlFlow::Continue(url) => {
            if options.json {
                println!("{}", json!({"url": url.as_str()}));
            } else {
                println!("{url}");
            }
            Ok(Ending::Done)
        }
        ControlFlow::Break(ending) => Ok(ending),
    }
}
