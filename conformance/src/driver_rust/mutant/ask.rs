//! Mutants that do something else than they are asked.

use serde_json::{Map, Value, json};
use viseme_conformance::protocol::Run;

use super::Mutant;

pub(super) fn spoil(mutant: Mutant, run: &mut Run) {
    let mut no_settings = Map::new();
    let settings = match run.client.as_mut() {
        Some(client) => &mut client.settings,
        None => &mut no_settings,
    };
    let mut set = |name: &str, value: Value| drop(settings.insert(name.to_owned(), value));
    match mutant {
        Mutant::Hasty => {
            let pace = json!({"first": 0.2, "interval": 0.2, "growth": 1, "max": 0.2, "jitter": 0});
            set("pacing", pace);
        }
        Mutant::NeverSearch => set("recovery_window", json!(0)),
        Mutant::GiveUpEarly => set("max_poll_failures", json!(1)),
        Mutant::RetryForEver => set("max_submit_attempts", json!(50)),
        Mutant::SkipChecks => {
            run.options.insert("check_media".to_owned(), json!(false));
        }
        Mutant::IgnoreTheDeadline => {
            run.options.remove("deadline");
        }
        _ => {}
    }
}
