//! `viseme price`.

use serde_json::json;

use crate::connect;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::input::InputArgs;
use crate::options::Options;
use crate::terminal::{print, say};

#[derive(Debug, clap::Args)]
pub(crate) struct Price {
    #[command(flatten)]
    input: InputArgs,

    /// Upload files first, so that the service can measure them: the price is then exact. Without
    /// it they are left out, and the price is the model's base price.
    #[arg(long)]
    upload: bool,
}

pub(crate) async fn price(options: &Options, price: Price) -> Result<Ending> {
    let input = price.input.read()?;
    let client = connect::online(options)?;
    let asked = client.price(input).upload(price.upload).await;
    let price = asked.map_err(Failure::question)?;
    if options.json {
        print(json!({
            "model": price.model,
            "due": price.due(),
            "amount": price.amount,
            "discounted": price.discounted,
            "currency": price.currency,
            "left_out": price.left_out,
        }))?;
        return Ok(Ending::Done);
    }
    if !price.left_out.is_empty() && !options.is_silent() {
        let names = price.left_out.join(" and ");
        say(format_args!(
            "This is the base price: {names} would have to be uploaded to be measured (--upload)."
        ));
    }
    print(format_args!("{} {}", price.due(), price.currency))?;
    Ok(Ending::Done)
}
