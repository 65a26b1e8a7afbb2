//! The tools that ask the service: `price`, `history`, `models`, `schema` and `balance`.

use std::time::{Duration, SystemTime};

use viseme::{HistoryFilter, Status};

use crate::arguments::{HistoryArguments, ModelsArguments, PriceArguments, SchemaArguments};
use crate::call::Call;
use crate::output::{
    BalanceResult, HistoryResult, ListedModel, ModelsResult, PastJob, PriceResult, SchemaResult,
};
use crate::state::State;
use crate::tool_error::ToolError;

const DEFAULT_JOBS: u32 = 20;
const DEFAULT_MODELS: u32 = 50;

pub(crate) async fn price(
    state: &State,
    arguments: PriceArguments,
    call: &Call,
) -> Result<PriceResult, ToolError> {
    let mut input = arguments.input.read(&call.folders(state).await?)?;
    if arguments.upload.unwrap_or(true) {
        call.reporter.report("uploading the media, so that the service can measure them");
        input = state.uploads.replace(&state.client, &input).await?;
    }
    let price = state.client.price(input).await?;
    Ok(PriceResult {
        price_usd: price.due(),
        undiscounted_usd: price.amount,
        is_exact: price.left_out.is_empty(),
        model: price.model,
    })
}

pub(crate) async fn history(
    state: &State,
    arguments: HistoryArguments,
) -> Result<HistoryResult, ToolError> {
    let limit = arguments.limit.unwrap_or(DEFAULT_JOBS);
    let mut filter = HistoryFilter::new().page_size(limit.min(HistoryFilter::MAX_PAGE_SIZE));
    if let Some(model) = arguments.model {
        filter = filter.model(model);
    }
    if let Some(word) = arguments.status {
        filter = filter.status(Status::from_word(&word));
    }
    if let Some(hours) = arguments.since_hours {
        let since = Duration::try_from_secs_f64(hours * 60.0 * 60.0).unwrap_or(Duration::MAX);
        let since = SystemTime::now().checked_sub(since).unwrap_or(SystemTime::UNIX_EPOCH);
        filter = filter.created_after(since);
    }
    let mut found = state.client.history(filter);
    let mut jobs = Vec::new();
    while jobs.len() < limit as usize {
        let Some(job) = found.next().await else { break };
        jobs.push(PastJob::from(&job?));
    }
    Ok(HistoryResult { jobs })
}

pub(crate) async fn models(
    state: &State,
    arguments: ModelsArguments,
) -> Result<ModelsResult, ToolError> {
    let words = arguments.search.unwrap_or_default();
    let all = state.client.models().await?;
    let mut found: Vec<_> = all.iter().filter(|model| model.matches(&words)).collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    let limit = arguments.limit.unwrap_or(DEFAULT_MODELS) as usize;
    let left_out = found.len().saturating_sub(limit);
    let models = found.into_iter().take(limit).map(|model| ListedModel {
        id: model.id.clone(),
        name: model.name.clone(),
        category: model.category.clone(),
        description: model.description.clone(),
        price_from_usd: model.base_price,
    });
    Ok(ModelsResult { models: models.collect(), left_out })
}

pub(crate) async fn schema(
    state: &State,
    arguments: SchemaArguments,
) -> Result<SchemaResult, ToolError> {
    let model = state.client.model(&arguments.model).await?;
    let schema = model.schema.and_then(|schema| match schema {
        serde_json::Value::Object(fields) => Some(fields),
        _ => None,
    });
    Ok(SchemaResult { model: model.id, description: model.description, schema })
}

pub(crate) async fn balance(state: &State) -> Result<BalanceResult, ToolError> {
    Ok(BalanceResult { balance_usd: state.client.balance().await? })
}
