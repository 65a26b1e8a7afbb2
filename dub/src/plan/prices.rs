//! What a job costs, by its length.

use std::time::Duration;

use super::formula::{Formula, FormulaError};
use super::timeline::{Timeline, samples_within};

/// The distance between two lengths at which a formula is evaluated.
const STEP: Duration = Duration::from_millis(100);

/// The longest length at which a formula is evaluated.
const LONGEST: Duration = Duration::from_secs(60);

/// What a job costs, by its length. Prices are millionths of a US dollar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Ascending.
    steps: Vec<Step>,
    /// What every longer job costs.
    beyond: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    up_to: Duration,
    price: u64,
}

/// A range of lengths with one price: everything that is longer than the range before, and no longer
/// than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PriceRange {
    pub(super) max_ticks: i64,
    pub(super) max_samples: u64,
    pub(super) price: u64,
}

impl Prices {
    /// Returns the prices of a model whose jobs all cost the same.
    #[must_use]
    pub const fn per_job(micros: u64) -> Self {
        Self { steps: Vec::new(), beyond: micros }
    }

    /// Returns the prices of a model that bills every second begun, and at least `minimum` seconds.
    #[must_use]
    pub fn per_second(micros: u64, minimum: u64) -> Self {
        Self::evaluated(Duration::from_secs(1), |seconds| {
            // At most 60.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let seconds = seconds.ceil() as u64;
            micros.saturating_mul(seconds.max(minimum))
        })
    }

    /// Returns the prices of a model of the catalogue, or `None` if it states no price.
    ///
    /// The formula is evaluated for every tenth of a second; a length in between costs what the next
    /// tenth costs.
    ///
    /// # Errors
    /// The formula uses something else than arithmetic, the base price and the duration.
    pub fn of_model(
        formula: Option<&str>,
        base_price: Option<f64>,
    ) -> Result<Option<Self>, FormulaError> {
        let Some(formula) = formula else {
            return Ok(base_price.map(|price| Self::per_job(micros(price))));
        };
        let formula = Formula::parse(formula, base_price)?;
        Ok(Some(Self::evaluated(STEP, |seconds| micros(formula.price(seconds)))))
    }

    fn evaluated(step: Duration, price: impl Fn(f64) -> u64) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let mut up_to = step;
        while up_to <= LONGEST {
            let price = price(up_to.as_secs_f64());
            match steps.last_mut().filter(|last| last.price == price) {
                Some(last) => last.up_to = up_to,
                None => steps.push(Step { up_to, price }),
            }
            up_to += step;
        }
        let beyond = steps.pop().map_or(0, |last| last.price);
        Self { steps, beyond }
    }

    /// Returns the price of a job.
    #[must_use]
    pub fn of_length(&self, length: Duration) -> u64 {
        let step = self.steps.iter().find(|step| length <= step.up_to);
        step.map_or(self.beyond, |step| step.price)
    }

    /// Returns the price of a segment, by the longer of its picture and its voice.
    pub(crate) fn of(&self, timeline: &Timeline, ticks: i64, samples: u64) -> u64 {
        let ranges = self.ranges(timeline);
        let mut found = ranges.iter();
        let found = found.find(|range| ticks <= range.max_ticks && samples <= range.max_samples);
        found.map_or(self.beyond, |range| range.price)
    }

    /// Returns the ranges of lengths with one price each, in the units of the timeline.
    pub(super) fn ranges(&self, timeline: &Timeline) -> Vec<PriceRange> {
        let steps = self.steps.iter().map(|step| PriceRange {
            max_ticks: timeline.time_base().ticks_within(step.up_to),
            max_samples: samples_within(step.up_to, timeline.rate()),
            price: step.price,
        });
        let last = PriceRange { max_ticks: i64::MAX, max_samples: u64::MAX, price: self.beyond };
        steps.chain([last]).collect()
    }
}

/// Returns dollars in millionths, rounded to the nearest.
fn micros(dollars: f64) -> u64 {
    // `as` saturates.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let micros = (dollars * 1_000_000.0).round().max(0.0) as u64;
    micros
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(prices: &Prices, millis: u64) -> u64 {
        prices.of_length(Duration::from_millis(millis))
    }

    #[test]
    fn every_second_begun_is_billed_and_at_least_the_minimum() {
        let prices = Prices::per_second(14_000, 5);
        let found =
            [0, 2_000, 5_000, 5_001, 6_000, 9_999, 10_000].map(|length| at(&prices, length));
        assert_eq!(found, [70_000, 70_000, 70_000, 84_000, 84_000, 140_000, 140_000]);
    }

    #[test]
    fn a_model_without_a_formula_costs_its_base_price() {
        let prices = Prices::of_model(None, Some(0.07)).unwrap().unwrap();
        assert_eq!(prices, Prices::per_job(70_000));
        assert_eq!((at(&prices, 1), at(&prices, 99_000)), (70_000, 70_000));
        assert_eq!(Prices::of_model(None, None), Ok(None));
    }

    #[test]
    fn a_formula_becomes_steps() {
        let formula =
            r#"{"total_price": $max([5,$min([$ceil(get_duration_v3(audio)),600])])/5*base_price}"#;
        let prices = Prices::of_model(Some(formula), Some(0.07)).unwrap().unwrap();
        assert_eq!(prices, Prices::per_second(14_000, 5));
        let exact = Prices::of_model(Some("get_duration(audio) * 0.01"), None).unwrap().unwrap();
        assert_eq!(
            (at(&exact, 2_000), at(&exact, 2_001), at(&exact, 2_100)),
            (20_000, 21_000, 21_000)
        );
    }
}
