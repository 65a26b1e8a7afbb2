//! Wrong on purpose, in one way at a time, so that the suite can show that it notices.
//!
//! A mutant spoils what the driver is asked, what it answers, or the traffic in between.

mod ask;
mod proxy;
mod tell;

use clap::ValueEnum;
use viseme_conformance::protocol::{Outcome, Run};

pub(crate) use proxy::Proxy;

/// What a mutant does wrong; mutants.yaml says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mutant {
    SubmitTwice,
    SubmitAgainAfterTrouble,
    SubmitAgainAfterReset,
    RunFailedJobsAgain,
    NeverSearch,
    AdoptAnyJob,
    IgnoreRetryAfter,
    Hasty,
    GiveUpEarly,
    RetryForEver,
    StopOnUnknownStatus,
    FailedIsFine,
    LoseTheId,
    WrongCode,
    PollAfterCancel,
    IgnoreTheDeadline,
    KeyInError,
    KeyInLog,
    KeyInOutput,
    KeyInUrl,
    KeyToUploadHost,
    SameTicketAgain,
    SkipChecks,
    DecodeUrls,
    RepeatUpdates,
    MixUpResults,
    CutDownloads,
    BelieveAnyWebhook,
    ForgetTheWebhook,
}

impl Mutant {
    /// Whether it needs a place between the client and the service.
    pub(crate) fn spoils_traffic(self) -> bool {
        matches!(
            self,
            Self::SubmitTwice
                | Self::SubmitAgainAfterTrouble
                | Self::SubmitAgainAfterReset
                | Self::AdoptAnyJob
                | Self::IgnoreRetryAfter
                | Self::StopOnUnknownStatus
                | Self::KeyInUrl
                | Self::KeyToUploadHost
                | Self::SameTicketAgain
                | Self::DecodeUrls
                | Self::ForgetTheWebhook
        )
    }

    /// Changes what is asked for.
    pub(crate) fn spoil_run(self, run: &mut Run) {
        ask::spoil(self, run);
    }

    /// Changes what is answered.
    pub(crate) fn spoil_outcome(self, run: &Run, outcome: &mut Outcome) {
        tell::spoil(self, run, outcome);
    }
}
