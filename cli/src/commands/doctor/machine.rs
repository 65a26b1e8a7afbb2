//! What this machine has: ffmpeg, and a ledger.

use std::path::Path;

use viseme::ledger::LedgerError;
use viseme_dub::ffmpeg::Ffmpeg;
use viseme_ledger::{AnyLedger, SqliteLedger, SubmitState};

use super::finding::Finding;

/// What `viseme fit` and `viseme dub` encode with.
const ENCODERS: [&str; 2] = ["libx264", "aac"];

/// Looks for ffmpeg. Only some commands need it.
pub(super) async fn ffmpeg() -> Finding {
    let found = match Ffmpeg::find().await {
        Ok(found) => found,
        Err(error) => {
            let advice = "Only `viseme fit`, `viseme dub` and --fit need it.";
            return Finding::warning("ffmpeg", error.to_string(), advice);
        }
    };
    let name = format!("{} {}", place_of(found.program()), found.version());
    let encoders = match found.encoders().await {
        Ok(encoders) => encoders,
        Err(error) => return Finding::warning("ffmpeg", error.to_string(), "Run it yourself."),
    };
    let has = |encoder: &str| encoders.iter().any(|other| other == encoder);
    let missing: Vec<_> = ENCODERS.into_iter().filter(|encoder| !has(encoder)).collect();
    if missing.is_empty() {
        return Finding::ok("ffmpeg", name);
    }
    let message = format!("{name} has no encoder {}.", missing.join(" and "));
    Finding::warning("ffmpeg", message, "Install a complete build, such as that of your system.")
}

/// Returns where on the PATH a program is, if it is a name.
fn place_of(program: &Path) -> String {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&folders)
        .map(|folder| folder.join(program).with_extension(std::env::consts::EXE_EXTENSION));
    places.find(|place| place.is_file()).unwrap_or_else(|| program.to_owned()).display().to_string()
}

/// Opens a ledger that exists, and looks for submits with an unknown outcome.
pub(super) async fn ledger(place: &str) -> Finding {
    let is_url = AnyLedger::is_url(place);
    // It may contain a password.
    let shown = if is_url { "the database" } else { place };
    if !is_url && !Path::new(place).exists() {
        return Finding::ok(
            "ledger",
            format!("{shown} does not exist yet; the first run creates it"),
        );
    }
    match submits_with_unknown_outcome(place).await {
        Ok((all, 0)) => Finding::ok("ledger", format!("{shown}: {all} submits, all are known")),
        Ok((all, open)) => Finding::warning(
            "ledger",
            format!("{shown}: {open} of {all} submits have an unknown outcome."),
            "List them with `viseme ledger list LEDGER --open`; docs/ledger.md says what to do.",
        ),
        Err(error) => Finding::failed("ledger", error),
    }
}

/// Returns how many submits there are, and how many of them have an unknown outcome.
async fn submits_with_unknown_outcome(place: &str) -> Result<(usize, usize), LedgerError> {
    let ledger = match AnyLedger::is_url(place) {
        true => AnyLedger::open(place).await?,
        false => {
            let ledger = SqliteLedger::open_existing(place)?;
            require_intact(&ledger).await?;
            AnyLedger::Sqlite(ledger)
        }
    };
    let submits = ledger.submits().await?;
    let open = submits.iter().filter(|submit| submit.state == SubmitState::Sent).count();
    Ok((submits.len(), open))
}

/// Reads the whole file: opening it reads only a part.
async fn require_intact(ledger: &SqliteLedger) -> Result<(), LedgerError> {
    ledger
        .transaction(|db| {
            let check =
                db.query_row("PRAGMA integrity_check(1)", (), |row| row.get::<_, String>(0));
            match check {
                Ok(result) if result == "ok" => Ok(()),
                Ok(result) => Err(LedgerError::new(format!(
                    "The ledger is damaged: {result}. Restore no old copy; keep the file and see \
                     docs/ledger.md."
                ))),
                Err(error) => Err(viseme_ledger::ledger_error(error)),
            }
        })
        .await
}
