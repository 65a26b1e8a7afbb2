//! When the file is written, and which failures are told.

use std::time::Duration;

use super::warning::PacingWarning;

/// How often the file is written at most while jobs run.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// How long the file is left alone after a save took too long.
const REST: Duration = Duration::from_secs(60);

/// Why a file was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveError {
    /// It took longer than this, and may take as long the next time.
    TooSlow(Duration),
    /// It failed at once. The text says why.
    Failed(String),
}

/// Decides when a client writes its pacing file. Times are by the client's clock.
#[derive(Clone, Debug, Default)]
pub struct SaveSchedule {
    /// Jobs that are waited for.
    waits: usize,
    /// When the file was last written.
    saved: Option<Duration>,
    /// Until when the file is left alone.
    rests_until: Duration,
    /// Whether the last save failed.
    failing: bool,
}

impl SaveSchedule {
    /// A job is waited for from now on.
    pub fn begin_wait(&mut self) {
        self.waits += 1;
    }

    /// A job is not waited for any more.
    pub fn end_wait(&mut self) {
        self.waits = self.waits.saturating_sub(1);
    }

    /// Returns whether to write the file now that a job has ended: yes, unless it was written a moment ago and
    /// another job that is waited for will lead to the next save. The caller then writes it.
    pub fn begin_save(&mut self, now: Duration) -> bool {
        let soon = self.saved.is_some_and(|saved| now < saved.saturating_add(SAVE_EVERY));
        if now < self.rests_until || (soon && self.waits > 0) {
            return false;
        }
        self.saved = Some(now);
        true
    }

    /// A save that began at this time has ended. Returns the warning about the first of several failures in a row.
    pub fn end_save(
        &mut self,
        begun: Duration,
        saved: Result<(), SaveError>,
    ) -> Option<PacingWarning> {
        let was_failing = std::mem::replace(&mut self.failing, saved.is_err());
        let why = match saved {
            Ok(()) => return None,
            Err(SaveError::TooSlow(limit)) => {
                self.rests_until = begun.saturating_add(REST);
                format!("it took longer than {} s", limit.as_secs())
            }
            Err(SaveError::Failed(why)) => why,
        };
        (!was_failing).then_some(PacingWarning::NotWritten(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn jobs_that_end_in_quick_succession_save_once_and_the_last_one_saves() {
        let mut schedule = SaveSchedule::default();
        for _ in 0..3 {
            schedule.begin_wait();
        }
        // When a job ends, how many are still waited for, and whether it saves.
        for (at, left, saves) in [(10, 2, true), (11, 1, false), (11, 0, true)] {
            schedule.end_wait();
            assert_eq!(schedule.waits, left);
            assert_eq!(schedule.begin_save(secs(at)), saves, "at {at} s, {left} left");
        }
    }

    #[test]
    fn while_jobs_run_a_save_is_due_every_five_seconds() {
        let mut schedule = SaveSchedule::default();
        schedule.begin_wait();
        let saves: Vec<u64> = (0..12).filter(|at| schedule.begin_save(secs(*at))).collect();
        assert_eq!(saves, [0, 5, 10]);
        // Another end of the wait than the first is not counted.
        schedule.end_wait();
        schedule.end_wait();
        schedule.begin_wait();
        assert!(!schedule.begin_save(secs(12)));
    }

    #[test]
    fn a_slow_drive_is_left_alone_for_a_minute() {
        let mut schedule = SaveSchedule::default();
        assert!(schedule.begin_save(secs(100)));
        let warning = schedule.end_save(secs(100), Err(SaveError::TooSlow(secs(2))));
        let expected = PacingWarning::NotWritten("it took longer than 2 s".to_owned());
        assert_eq!(warning, Some(expected));
        assert!(!schedule.begin_save(secs(159)), "although no job is waited for");
        assert!(schedule.begin_save(secs(160)));
    }

    #[test]
    fn the_first_of_several_failures_in_a_row_is_told() {
        let mut schedule = SaveSchedule::default();
        let full = || Err(SaveError::Failed("no space".to_owned()));
        let slow = || Err(SaveError::TooSlow(secs(2)));
        for (number, (saved, told)) in [
            (full(), true),
            (full(), false),
            (slow(), false),
            (Ok(()), false),
            (Ok(()), false),
            (slow(), true),
            (full(), false),
        ]
        .into_iter()
        .enumerate()
        {
            let warning = schedule.end_save(Duration::ZERO, saved);
            assert_eq!(warning.is_some(), told, "save {number}: {warning:?}");
        }
    }
}
