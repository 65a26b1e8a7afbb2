//! `viseme models`.

use serde_json::{Value, json};
use viseme::Model;

use crate::connect;
use crate::exit::Ending;
use crate::failure::{Failure, Result};
use crate::options::Options;
use crate::terminal::print;

#[derive(Debug, clap::Args)]
pub(crate) struct Models {
    /// Only models in whose id, name, category or description all these words stand.
    #[arg(long, short, value_name = "WORDS")]
    search: Option<String>,
}

pub(crate) async fn models(options: &Options, models: Models) -> Result<Ending> {
    let all = connect::online(options)?.models().await.map_err(Failure::question)?;
    let words = models.search.unwrap_or_default();
    let mut found: Vec<&Model> = all.iter().filter(|model| model.matches(&words)).collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    if options.json {
        let records: Vec<_> = found.iter().map(|model| record(model)).collect();
        print(json!({"models": records}))?;
        return Ok(Ending::Done);
    }
    let width = found.iter().map(|model| model.id.chars().count()).max().unwrap_or_default();
    for model in found {
        let price = model.base_price.map(|price| format!("from ${price}")).unwrap_or_default();
        print(format_args!("{:width$}  {price:12}  {}", model.id, model.category))?;
    }
    Ok(Ending::Done)
}

/// Without the schema: `viseme schema` prints that.
fn record(model: &Model) -> Value {
    json!({
        "id": model.id,
        "name": model.name,
        "category": model.category,
        "description": model.description,
        "base_price": model.base_price,
        "formula": model.formula,
    })
}
