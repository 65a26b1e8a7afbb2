//! Which columns a row may have and must have.

use viseme::media::{Rule, Violation};
use viseme::model::{Level, ModelDescription, did_you_mean};

/// The columns that are not parameters of the model.
pub(super) const COLUMNS: [&str; 3] = ["id", "model", "out"];

/// What is wrong with columns.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Each broken rule.
    pub(super) violations: Vec<Violation>,
    /// A sentence or two for each kind of fault.
    pub(super) sentences: Vec<String>,
    /// The columns that were meant by those that do not exist.
    meant: Vec<&'static str>,
}

impl Findings {
    /// Adds a column with a value that is not valid.
    pub(super) fn add(&mut self, violation: Violation) {
        self.sentences.push(violation.message.clone());
        self.violations.push(violation);
    }

    /// Adds columns that the model does not have, in one sentence.
    pub(super) fn add_unknown<'n>(
        &mut self,
        model: &ModelDescription,
        names: impl IntoIterator<Item = &'n str>,
    ) {
        const CHARGES: &str = "The service ignores unknown parameters but still charges.";
        let known: Vec<&str> = model.fields.iter().map(|field| field.name).chain(COLUMNS).collect();
        let mut unknown: Vec<(&str, Option<&'static str>)> = Vec::new();
        for name in names {
            let parameter = model.fields.iter().map(|field| field.name);
            let meant = did_you_mean(name, parameter.chain(COLUMNS));
            let advice = meant.map(|meant| format!(" Did you mean `{meant}`?")).unwrap_or_default();
            let message = format!("`{name}` is not a parameter of {}. {CHARGES}{advice}", model.id);
            let allowed = known.join(", ");
            self.violations.push(Violation::new(
                name,
                Rule::UnknownField,
                Level::Error,
                "unknown",
                allowed,
                message,
            ));
            unknown.push((name, meant));
        }
        self.meant.extend(unknown.iter().filter_map(|(_, meant)| *meant));
        if unknown.len() < 2 {
            self.sentences.extend(self.violations.last().map(|it| it.message.clone()));
            return;
        }
        let names = listed(unknown.iter().map(|(name, _)| *name));
        let mut sentence = format!("{names} are not parameters of {}. {CHARGES}", model.id);
        for (name, meant) in unknown {
            if let Some(meant) = meant {
                sentence += &format!(" Did you mean `{meant}` instead of `{name}`?");
            }
        }
        self.sentences.push(sentence);
    }

    /// Adds the columns that the model requires and that are not among these names.
    pub(super) fn add_missing(&mut self, model: &ModelDescription, names: &[&str]) {
        let missing: Vec<&str> = model
            .fields
            .iter()
            .filter(|field| field.required && !field.default_is_sent)
            .map(|field| field.name)
            .filter(|name| !names.contains(name) && !self.meant.contains(name))
            .collect();
        for name in &missing {
            let message = format!("The column `{name}` is missing. {} requires it.", model.id);
            self.violations.push(Violation::new(
                *name,
                Rule::Required,
                Level::Error,
                "nothing",
                "a column",
                message,
            ));
        }
        match missing.as_slice() {
            [] => {}
            [_] => self.sentences.extend(self.violations.last().map(|it| it.message.clone())),
            several => self.sentences.push(format!(
                "The columns {} are missing. {} requires them.",
                listed(several.iter().copied()),
                model.id
            )),
        }
    }
}

/// Lists names: `a`, `b` and `c`.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}
