//! The bank: every accepted submit is a charge.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use crate::job::Job;

/// What a world's client spent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ledger {
    /// A charge for each job that was made.
    pub charges: Vec<Charge>,
    /// How many completed results reached the client.
    pub delivered: usize,
    /// How many jobs were made whose id never reached the client.
    pub orphaned: usize,
    /// How many charges repeat an earlier one: the same model with the same input.
    pub duplicates: usize,
    /// All charges together, in dollars.
    pub total_usd: f64,
    /// The charges of jobs that did not fail: failed ones are refunded.
    pub kept_usd: f64,
}

/// One charge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Charge {
    /// The job.
    pub job_id: String,
    /// Its model.
    pub model: String,
    /// Its price in dollars.
    pub price_usd: f64,
    /// Whether its completed result reached the client.
    pub delivered: bool,
    /// Whether its id never reached the client.
    pub orphaned: bool,
}

impl Ledger {
    pub(crate) fn of(jobs: &[Job], now: Duration) -> Self {
        let mut ledger = Self::default();
        let mut seen: HashMap<(String, String), usize> = HashMap::new();
        for job in jobs {
            let times = seen.entry((job.model.clone(), job.input.to_string())).or_default();
            if *times > 0 {
                ledger.duplicates += 1;
            }
            *times += 1;
            ledger.delivered += usize::from(job.delivered);
            ledger.orphaned += usize::from(!job.id_told);
            ledger.total_usd += job.price_usd;
            if job.status(now) != "failed" {
                ledger.kept_usd += job.price_usd;
            }
            ledger.charges.push(Charge {
                job_id: job.id.clone(),
                model: job.model.clone(),
                price_usd: job.price_usd,
                delivered: job.delivered,
                orphaned: !job.id_told,
            });
        }
        ledger
    }
}
