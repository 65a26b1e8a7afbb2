//! `viseme balance`.

use serde_json::json;

use crate::connect;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::terminal::print;

pub(crate) async fn balance(options: &Options) -> Result<Ending> {
    let balance = connect::online(options)?.balance().await.map_err(Failure::question)?;
    if options.json {
        print(json!({"balance": balance, "currency": "USD"}))?;
    } else {
        print(format_args!("{balance} USD"))?;
    }
    Ok(Ending::Done)
}
