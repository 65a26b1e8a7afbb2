//! The dubs of clips that are longer than a model takes: what each is doing, and what a further run costs.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;
use viseme_batch::{Item, ItemState};
use viseme_dub::{DubStage, DubUpdate};

use crate::api_error::ApiError;
use crate::dub_files::{Consent, DubFolder, SavedDub};
use crate::jobs::SavedOutput;

/// The page gets the count of frames this often while the length of a clip is not known.
const ANALYSED_FRAMES: usize = 100;

/// What a dub is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DubPhase {
    /// The files are read, and the segments planned.
    Planning,
    /// The price waits to be confirmed.
    Planned,
    Running,
    /// A submit in flight is awaited.
    Stopping,
    /// The user or the end of the process stopped it.
    Stopped,
    Failed,
    Done,
}

/// What a run may cost that was not confirmed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Offer {
    /// In millionths of a US dollar; `None` if it is not known.
    price_micros: Option<u64>,
    /// What all runs together may cost then.
    #[serde(skip)]
    limit_micros: Option<u64>,
}

/// Which offer the user accepts, with the price that the page showed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunRequest {
    /// Submit failed segments again.
    #[serde(default)]
    retry: bool,
    price_micros: Option<u64>,
}

/// A segment that has no result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct OpenSegment {
    pub(crate) id: String,
    pub(crate) state: ItemState,
    pub(crate) job_id: Option<String>,
    pub(crate) error: Option<String>,
    #[serde(skip)]
    pub(crate) failures: u32,
    #[serde(skip)]
    pub(crate) price_micros: Option<u64>,
}

impl From<Item> for OpenSegment {
    fn from(item: Item) -> Self {
        let Item { id, state, job_id, error, failures, price_micros, .. } = item;
        Self { id, state, job_id, error, failures, price_micros }
    }
}

/// How a run ended without a result.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: ApiError,
    pub(crate) open: Vec<OpenSegment>,
    pub(crate) spent_micros: Option<u64>,
    /// What all runs together must be allowed to cost; `Some(None)` if that is not known.
    pub(crate) needed_micros: Option<Option<u64>>,
}

/// A dub.
pub(crate) struct DubEntry {
    pub(crate) id: String,
    pub(crate) folder: Arc<DubFolder>,
    pub(crate) saved: SavedDub,
    pub(crate) phase: DubPhase,
    /// Stops the run.
    pub(crate) stop: Arc<Notify>,
    update: Option<DubUpdate>,
    /// The state of each segment that is dubbed, by its id.
    states: BTreeMap<String, ItemState>,
    spent_micros: u64,
    error: Option<ApiError>,
    open: Vec<OpenSegment>,
    needed_micros: Option<Option<u64>>,
    output: Option<SavedOutput>,
}

impl DubEntry {
    pub(crate) fn new(folder: Arc<DubFolder>, saved: SavedDub) -> Self {
        Self {
            id: folder.id(),
            folder,
            saved,
            phase: DubPhase::Planning,
            stop: Arc::default(),
            update: None,
            states: BTreeMap::new(),
            spent_micros: 0,
            error: None,
            open: Vec::new(),
            needed_micros: None,
            output: None,
        }
    }

    /// Whether a task works on it.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, DubPhase::Planning | DubPhase::Running | DubPhase::Stopping)
    }

    /// Whether it was paid for, in part at least, and has no result.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.saved.consent.is_some() && self.phase != DubPhase::Done
    }

    /// Notes the plan.
    pub(crate) fn set_plan(&mut self, plan: Value) {
        self.saved.plan = Some(plan);
        self.phase = DubPhase::Planned;
        self.update = None;
    }

    /// Notes what an earlier process left.
    pub(crate) fn set_left(&mut self, items: Vec<Item>, spent_micros: u64) {
        self.phase = DubPhase::Stopped;
        self.spent_micros = spent_micros;
        self.states = items.iter().map(|item| (item.id.clone(), item.state)).collect();
        let open = items.into_iter().filter(|item| item.state != ItemState::Done);
        self.open = open.map(OpenSegment::from).collect();
    }

    /// Notes a step of a run. Returns whether the page should know.
    pub(crate) fn set_update(&mut self, update: &DubUpdate) -> bool {
        if let Some((id, state)) = &update.segment {
            self.states.insert(id.clone(), *state);
        }
        // Fractions are from 0 to 1.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let percent = |update: &DubUpdate| (update.fraction() * 100.0) as u32;
        let is_shown = update.segment.is_some()
            || update.stage == DubStage::Analysing && update.done.is_multiple_of(ANALYSED_FRAMES)
            || self.update.as_ref().is_none_or(|old| {
                old.stage != update.stage
                    || old.done != update.done && percent(old) != percent(update)
            });
        if is_shown {
            self.update = Some(update.clone());
        }
        is_shown
    }

    /// Ends a run that has its result.
    pub(crate) fn finish(&mut self, output: SavedOutput, spent_micros: Option<u64>) {
        self.phase = DubPhase::Done;
        self.spent_micros = spent_micros.unwrap_or(self.spent_micros);
        for state in self.states.values_mut() {
            *state = ItemState::Done;
        }
        self.update = None;
        self.output = Some(output);
    }

    /// Ends a run that was stopped.
    pub(crate) fn finish_stopped(&mut self, spent_micros: Option<u64>) {
        self.phase = DubPhase::Stopped;
        self.spent_micros = spent_micros.unwrap_or(self.spent_micros);
        self.update = None;
    }

    /// Ends a run that failed.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.phase = DubPhase::Failed;
        self.update = None;
        self.states.extend(failure.open.iter().map(|it| (it.id.clone(), it.state)));
        self.error = Some(failure.error);
        self.open = failure.open;
        self.spent_micros = failure.spent_micros.unwrap_or(self.spent_micros);
        self.needed_micros = failure.needed_micros;
    }

    /// Returns what a run costs, and what a run costs that submits failed segments again.
    fn offers(&self) -> [Option<Offer>; 2] {
        match (self.phase, self.saved.consent) {
            (DubPhase::Planned, _) => {
                let plan = self.saved.plan.as_ref();
                let price = plan.and_then(|plan| plan.pointer("/cost/price_micros")?.as_u64());
                [Some(Offer { price_micros: price, limit_micros: price }), None]
            }
            (DubPhase::Stopped | DubPhase::Failed, Some(Consent { limit_micros })) => {
                let has_ended =
                    |it: &&OpenSegment| matches!(it.state, ItemState::Failed | ItemState::Expired);
                let is_useful = self.open.is_empty() || self.open.iter().any(|it| !has_ended(&it));
                let run = match self.needed_micros {
                    Some(needed) => Offer {
                        price_micros: needed
                            .map(|needed| needed.saturating_sub(limit_micros.unwrap_or(needed))),
                        limit_micros: needed,
                    },
                    None => Offer { price_micros: Some(0), limit_micros },
                };
                [is_useful.then_some(run), self.retry(limit_micros)]
            }
            _ => [None, None],
        }
    }

    fn retry(&self, limit_micros: Option<u64>) -> Option<Offer> {
        let mut failed = self.failed().peekable();
        failed.peek()?;
        let price = failed.try_fold(0_u64, |sum, it| Some(sum.saturating_add(it.price_micros?)));
        let limit = limit_micros.zip(price).map(|(limit, price)| limit.saturating_add(price));
        Some(Offer { price_micros: price, limit_micros: limit })
    }

    fn failed(&self) -> impl Iterator<Item = &OpenSegment> {
        self.open.iter().filter(|it| it.state == ItemState::Failed)
    }

    /// Begins a run whose price the user confirmed. Returns how often a segment may have failed before.
    ///
    /// # Errors
    /// 409 if there is nothing to run, or its price is not the one that the user saw.
    pub(crate) fn begin(&mut self, request: &RunRequest) -> Result<u32, ApiError> {
        let conflict = |code, message| Err(ApiError::new(StatusCode::CONFLICT, code, message));
        let [run, retry] = self.offers();
        let Some(offer) = (if request.retry { retry } else { run }) else {
            let message = "There is nothing to run: the dub runs already, or it is complete.";
            return conflict("not_runnable", message);
        };
        if offer.price_micros != request.price_micros {
            let message = "The price has changed. Confirm the new one. Nothing was submitted.";
            return conflict("price_changed", message);
        }
        let failures = self.failed().map(|it| it.failures.max(1)).max();
        self.saved.consent = Some(Consent { limit_micros: offer.limit_micros });
        self.phase = DubPhase::Running;
        self.stop = Arc::default();
        self.error = None;
        self.needed_micros = None;
        self.open.clear();
        Ok(failures.filter(|_| request.retry).unwrap_or(0))
    }

    /// Returns the dub as the page shows it.
    pub(crate) fn view(&self) -> Value {
        let [run, retry] = self.offers();
        json!({
            "id": self.id,
            "model": self.saved.model,
            "video": self.saved.video,
            "audio": self.saved.audio,
            "started_at": self.saved.started_at,
            "skip_silence": self.saved.skip_silence,
            "phase": self.phase,
            "progress": self.update.as_ref().map(|update| json!({
                "stage": update.stage,
                "done": update.done,
                "total": update.total,
                "fraction": update.fraction(),
            })),
            "plan": self.saved.plan,
            "states": self.states,
            "spent_micros": self.spent_micros,
            "open": self.open,
            "error": self.error.as_ref().map(ApiError::to_json),
            "run": run,
            "retry": retry,
            "source_url": format!("/api/dubs/{}/source", self.id),
            "output": self.output.as_ref().map(|output| json!({
                "url": format!("/api/dubs/{}/output", self.id),
                "bytes": output.bytes,
                "name": output.path.file_name().unwrap_or_default().to_string_lossy(),
            })),
        })
    }

    pub(crate) fn output(&self) -> Option<&SavedOutput> {
        self.output.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> (tempfile::TempDir, DubEntry) {
        let root = tempfile::tempdir().unwrap();
        let folder = Arc::new(DubFolder::create(root.path()).unwrap());
        let saved = SavedDub {
            base_url: "http://a".to_owned(),
            model: "a/b".to_owned(),
            video: "talk.mp4".to_owned(),
            audio: "voice.mp3".to_owned(),
            skip_silence: true,
            crop: false,
            started_at: 1,
            plan: None,
            consent: None,
            spent_micros: 0,
        };
        let mut entry = DubEntry::new(folder, saved);
        entry.set_plan(json!({"cost": {"price_micros": 210_000}}));
        (root, entry)
    }

    fn request(retry: bool, price_micros: Option<u64>) -> RunRequest {
        RunRequest { retry, price_micros }
    }

    fn open(id: &str, state: ItemState) -> OpenSegment {
        OpenSegment {
            id: id.to_owned(),
            state,
            job_id: None,
            error: None,
            failures: 1,
            price_micros: Some(70_000),
        }
    }

    fn failure(open: Vec<OpenSegment>, needed_micros: Option<Option<u64>>) -> Failure {
        let error = ApiError::new(StatusCode::BAD_GATEWAY, "dub_unfinished", "");
        Failure { error, open, spent_micros: Some(140_000), needed_micros }
    }

    fn limit(entry: &DubEntry) -> Option<u64> {
        entry.saved.consent.unwrap().limit_micros
    }

    #[test]
    fn a_run_begins_once_and_only_with_the_price_that_was_shown() {
        let (_root, mut entry) = entry();
        for price in [None, Some(0), Some(200_000)] {
            assert_eq!(entry.begin(&request(false, price)).unwrap_err().code, "price_changed");
        }
        assert_eq!(entry.begin(&request(true, Some(210_000))).unwrap_err().code, "not_runnable");
        assert!(entry.saved.consent.is_none());
        assert_eq!(entry.begin(&request(false, Some(210_000))), Ok(0));
        assert_eq!((entry.phase, limit(&entry)), (DubPhase::Running, Some(210_000)));
        let again = entry.begin(&request(false, Some(210_000))).unwrap_err();
        assert_eq!((again.status.as_u16(), again.code), (409, "not_runnable"));
    }

    #[test]
    fn a_resume_costs_nothing_more_and_a_retry_costs_the_failed_segments() {
        let (_root, mut entry) = entry();
        entry.begin(&request(false, Some(210_000))).unwrap();
        entry.finish_stopped(Some(70_000));
        assert_eq!(entry.begin(&request(false, Some(0))), Ok(0));
        assert_eq!(limit(&entry), Some(210_000));

        entry.fail(failure(vec![open("0002", ItemState::Failed)], None));
        assert_eq!(entry.begin(&request(false, Some(0))).unwrap_err().code, "not_runnable");
        assert_eq!(entry.view()["states"]["0002"], "failed");
        assert_eq!(entry.view()["retry"], json!({"price_micros": 70_000}));
        assert_eq!(entry.begin(&request(true, Some(0))).unwrap_err().code, "price_changed");
        assert_eq!(entry.begin(&request(true, Some(70_000))), Ok(1));
        assert_eq!(limit(&entry), Some(280_000));

        // Others are not done either: those can be resumed without a retry.
        let mut twice = open("0002", ItemState::Failed);
        twice.failures = 2;
        entry.fail(failure(vec![twice, open("0003", ItemState::Submitted)], None));
        assert_eq!(entry.view()["run"], json!({"price_micros": 0}));
        assert_eq!(entry.begin(&request(true, Some(70_000))), Ok(2));
    }

    #[test]
    fn a_higher_price_is_confirmed_before_it_is_paid() {
        let (_root, mut entry) = entry();
        entry.begin(&request(false, Some(210_000))).unwrap();
        entry.fail(failure(Vec::new(), Some(Some(300_000))));
        assert_eq!(entry.begin(&request(false, Some(0))).unwrap_err().code, "price_changed");
        entry.begin(&request(false, Some(90_000))).unwrap();
        assert_eq!(limit(&entry), Some(300_000));
        entry.fail(failure(Vec::new(), Some(None)));
        assert_eq!(entry.view()["run"], json!({"price_micros": null}));
        entry.begin(&request(false, None)).unwrap();
        assert_eq!(limit(&entry), None);
    }
}
