//! The account and the catalogue: models, past jobs, prices, billing records and usage.

mod billing;
mod history;
mod model;

pub use billing::{Billing, BillingFilter, DailyUsage, ModelUsage, Price, Usage};
pub use history::HistoryFilter;
pub use model::Model;
