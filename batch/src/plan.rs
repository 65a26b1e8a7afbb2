//! Decides what a run does with each item, and in which order.

use crate::item::{Item, ItemState};
use crate::options::{BatchOptions, OnUnknown};

/// What a run does with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Search for the job of a submit with an unknown outcome.
    Recover,
    /// Save the outputs of a job that completed.
    Save,
    /// Wait for a job.
    Wait,
    /// Check, upload and submit.
    Submit,
    /// Submit again after a failed job.
    Retry,
    /// Copy the result of an equal row.
    Copy,
}

impl Step {
    /// Returns whether the step submits a job.
    pub(crate) fn is_new(self) -> bool {
        matches!(self, Self::Submit | Self::Retry)
    }
}

/// Returns what to do with the items, by their position: what was paid for comes first, oldest first,
/// because the service deletes outputs after seven days.
pub(crate) fn plan(items: &[Item], options: &BatchOptions) -> Vec<(usize, Step)> {
    let mut steps: Vec<_> = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| Some((index, step(index, item, options)?)))
        .collect();
    steps.sort_by_key(|(index, step)| {
        let sent_at = items.get(*index).and_then(|item| item.sent_at);
        let age = if matches!(step, Step::Submit | Step::Copy) { None } else { sent_at };
        (*step, age, *index)
    });
    steps
}

/// Returns what to do with the item at a position, if there is anything.
pub(crate) fn step(index: usize, item: &Item, options: &BatchOptions) -> Option<Step> {
    let is_in_pilot = options.pilot.is_none_or(|pilot| index < pilot);
    match item.state {
        ItemState::Submitting => Some(Step::Recover),
        ItemState::Unknown if options.on_unknown == OnUnknown::Stop => None,
        ItemState::Unknown => Some(Step::Recover),
        ItemState::Completed | ItemState::Downloading => Some(Step::Save),
        ItemState::Submitted => Some(Step::Wait),
        ItemState::Planned
        | ItemState::Checked
        | ItemState::Uploading
        | ItemState::Ready
        | ItemState::Refused => is_in_pilot.then_some(Step::Submit),
        ItemState::Failed => (is_in_pilot && allows_retry(item, options)).then_some(Step::Retry),
        ItemState::Duplicate => is_in_pilot.then_some(Step::Copy),
        ItemState::Done | ItemState::Expired => None,
    }
}

/// Returns whether the item is submitted again because its job failed.
pub(crate) fn allows_retry(item: &Item, options: &BatchOptions) -> bool {
    item.state == ItemState::Failed
        && item.failures <= options.retry_failed.max(item.allowed_failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(state: ItemState, sent_at: Option<i64>) -> Item {
        Item {
            id: "a".to_owned(),
            row: "1".to_owned(),
            state,
            same_as: None,
            job_id: None,
            error_code: None,
            error: None,
            outputs: Vec::new(),
            price_micros: None,
            failures: 1,
            sent_at,
            digest: String::new(),
            allowed_failures: 0,
            machine: None,
            claims: 0,
        }
    }

    #[test]
    fn what_was_paid_for_comes_first_and_the_oldest_before_the_others() {
        let items = [
            item(ItemState::Planned, None),
            item(ItemState::Done, Some(1)),
            item(ItemState::Submitted, Some(9)),
            item(ItemState::Completed, Some(8)),
            item(ItemState::Completed, Some(7)),
            item(ItemState::Submitting, Some(6)),
            item(ItemState::Duplicate, None),
            item(ItemState::Failed, Some(5)),
        ];
        let steps = plan(&items, &BatchOptions::default());
        let expected = [
            (5, Step::Recover),
            (4, Step::Save),
            (3, Step::Save),
            (2, Step::Wait),
            (0, Step::Submit),
            (6, Step::Copy),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn failed_items_are_submitted_again_as_often_as_allowed() {
        let options = |retry_failed| BatchOptions { retry_failed, ..Default::default() };
        let mut items = [item(ItemState::Failed, Some(1))];
        assert_eq!(plan(&items, &options(0)), []);
        assert_eq!(plan(&items, &options(1)), [(0, Step::Retry)]);
        items[0].failures = 2;
        assert_eq!(plan(&items, &options(1)), []);
        items[0].allowed_failures = 2;
        assert_eq!(plan(&items, &options(0)), [(0, Step::Retry)]);
    }

    #[test]
    fn a_pilot_submits_only_the_first_rows_and_finishes_what_was_paid_for() {
        let items = [
            item(ItemState::Planned, None),
            item(ItemState::Planned, None),
            item(ItemState::Submitted, Some(1)),
        ];
        let options = BatchOptions { pilot: Some(1), ..Default::default() };
        assert_eq!(plan(&items, &options), [(2, Step::Wait), (0, Step::Submit)]);
    }
}
