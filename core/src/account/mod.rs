//! What the service says of an account and of its models: prices, past jobs, what was spent.

mod billing;
mod history;
mod model;
mod price;
mod usage;

pub use billing::{Billing, BillingFilter};
pub use history::HistoryFilter;
pub use model::Model;
pub use price::Price;
pub use usage::{DailyUsage, ModelUsage, Usage};
