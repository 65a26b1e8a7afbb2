//! The usage and the cost of a period.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::account::{DailyUsage, ModelUsage, Usage};
use crate::http::json_response::{count, date, number, take, text};

pub(crate) const PATH: &str = "api/v3/user/usage_stats";

pub(crate) fn request(from: SystemTime, to: SystemTime, model: Option<&str>) -> Value {
    match model {
        Some(model) => {
            json!({"start_time": date(from), "end_time": date(to), "model_uuid": model})
        }
        None => json!({"start_time": date(from), "end_time": date(to)}),
    }
}

pub(crate) fn parse(data: Value) -> Option<Usage> {
    let Value::Object(mut fields) = data else { return None };
    let mut summary = match fields.remove("summary") {
        Some(Value::Object(summary)) => summary,
        _ => Map::new(),
    };
    let usage = Usage {
        cost: take(&mut summary, "total_cost", number),
        requests: take(&mut summary, "total_requests", count),
        succeeded: take(&mut summary, "success_requests", count),
        models: list(&mut fields, "per_model_usage", model),
        days: list(&mut fields, "daily_usage", day),
        extra: Map::new(),
    };
    fields.extend(summary);
    Some(Usage { extra: fields, ..usage })
}

fn list<T>(
    fields: &mut Map<String, Value>,
    name: &str,
    read: impl Fn(Map<String, Value>) -> T,
) -> Vec<T> {
    match fields.remove(name) {
        Some(Value::Array(items)) => items
            .into_iter()
            .filter_map(|item| match item {
                Value::Object(item) => Some(read(item)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Totals and days use different names for the same numbers.
fn model(mut fields: Map<String, Value>) -> ModelUsage {
    ModelUsage {
        model: take(&mut fields, "model_uuid", text).unwrap_or_default(),
        cost: take(&mut fields, "total_cost", number)
            .or_else(|| take(&mut fields, "amount", number)),
        requests: take(&mut fields, "total_count", count)
            .or_else(|| take(&mut fields, "count", count)),
        extra: fields,
    }
}

fn day(mut fields: Map<String, Value>) -> DailyUsage {
    DailyUsage {
        day: take(&mut fields, "date", text).unwrap_or_default(),
        cost: take(&mut fields, "amount", number),
        requests: take(&mut fields, "count", count),
        models: list(&mut fields, "models", model),
        extra: fields,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_response() {
        let usage = parse(json!({
            "per_model_usage": [{"model_uuid": "a/b", "model_type": "text-to-video",
                "unit_price": 0.488, "total_cost": 13.5, "total_count": 26}],
            "daily_usage": [{"date": "2025-10-01", "amount": 24.3, "count": 80,
                "models": [{"model_uuid": "a/b", "amount": 13.5, "count": 26}]}],
            "summary": {"total_cost": 24.3, "total_requests": 98, "success_requests": "95", "x": 1},
        }))
        .unwrap();
        assert_eq!((usage.cost, usage.requests, usage.succeeded), (Some(24.3), Some(98), Some(95)));
        let model = &usage.models[0];
        assert_eq!(
            (model.model.as_str(), model.cost, model.requests),
            ("a/b", Some(13.5), Some(26))
        );
        assert_eq!(model.extra["unit_price"], 0.488);
        let day = &usage.days[0];
        assert_eq!(
            (day.day.as_str(), day.cost, day.requests),
            ("2025-10-01", Some(24.3), Some(80))
        );
        assert_eq!(day.models[0].cost, Some(13.5));
        assert_eq!(usage.extra["x"], 1);
        assert_eq!(parse(json!({})), Some(Usage::default()));
        assert_eq!(parse(json!([])), None);
    }

    #[test]
    fn moments() {
        let from = SystemTime::UNIX_EPOCH;
        assert_eq!(
            request(from, from, Some("a/b")),
            json!({"start_time": "1970-01-01T00:00:00Z", "end_time": "1970-01-01T00:00:00Z",
                "model_uuid": "a/b"})
        );
    }
}
