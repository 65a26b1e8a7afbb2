//! The ledger: every accepted submit is a charge.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::job::Job;

/// The charges of a world.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ledger {
    /// One charge per job.
    pub charges: Vec<Charge>,
    /// How many completed results reached the client.
    pub delivered: usize,
    /// How many jobs have an id that never reached the client.
    pub orphaned: usize,
    /// How many charges repeat an earlier one: the same model and input.
    pub duplicates: usize,
    /// The sum of all charges, in USD.
    pub total_usd: f64,
    /// The charges of jobs that did not fail, in USD: failed jobs are refunded.
    pub kept_usd: f64,
    /// The charges whose results reached the client, in USD.
    pub delivered_usd: f64,
    /// The charges whose job ids never reached the client, in USD.
    pub orphaned_usd: f64,
    /// The charges that repeat an earlier one, in USD.
    pub duplicate_usd: f64,
}

/// One charge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Charge {
    /// The job.
    pub job_id: String,
    /// Its model.
    pub model: String,
    /// Its price in USD.
    pub price_usd: f64,
    /// Whether its completed result reached the client.
    pub delivered: bool,
    /// Whether its job id never reached the client.
    pub orphaned: bool,
    /// Whether it repeats an earlier charge.
    pub duplicate: bool,
}

impl Ledger {
    pub(crate) fn of(jobs: &[Job], now: Duration) -> Self {
        let mut ledger = Self::default();
        for job in jobs {
            let charge = Charge {
                job_id: job.id.to_string(),
                model: job.model.clone(),
                price_usd: job.price_usd,
                delivered: job.delivered,
                orphaned: !job.id_delivered,
                duplicate: job.duplicate,
            };
            ledger.add(charge, job.status(now) != "failed");
        }
        ledger
    }

    /// Returns the sums alone, with the number of charges.
    pub(crate) fn totals(&self) -> Value {
        let mut totals = json!(Self { charges: Vec::new(), ..self.clone() });
        if let Some(fields) = totals.as_object_mut() {
            fields.insert("charges".to_owned(), json!(self.charges.len()));
        }
        totals
    }

    fn add(&mut self, charge: Charge, kept: bool) {
        let price = charge.price_usd;
        let price_if = |condition: bool| if condition { price } else { 0.0 };
        self.delivered += usize::from(charge.delivered);
        self.orphaned += usize::from(charge.orphaned);
        self.duplicates += usize::from(charge.duplicate);
        self.total_usd += price;
        self.kept_usd += price_if(kept);
        self.delivered_usd += price_if(charge.delivered);
        self.orphaned_usd += price_if(charge.orphaned);
        self.duplicate_usd += price_if(charge.duplicate);
        self.charges.push(charge);
    }
}
