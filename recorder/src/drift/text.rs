//! The report of a comparison, as text to read.

use std::fmt;

use super::report::{Certainty, Difference, DifferenceKind, DriftReport, Gravity};

impl fmt::Display for DriftReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compared: u64 = self.compared.iter().map(|it| it.count).sum();
        writeln!(
            f,
            "{} compared with the API contract of viseme {}: {}.",
            counted(compared, "response"),
            self.contract,
            match self.differences.len() {
                0 => "no differences".to_owned(),
                count => counted(count as u64, "difference"),
            }
        )?;
        for gravity in [Gravity::Breaking, Gravity::New, Gravity::Notice] {
            let of_gravity = self.differences.iter().filter(|it| it.gravity == gravity);
            let groups = grouped(of_gravity);
            if !groups.is_empty() {
                writeln!(f, "\n{}", heading(gravity))?;
                groups.iter().try_for_each(|group| write_group(f, group))?;
            }
        }
        self.write_advice(f)?;
        self.write_confirmed(f)?;
        self.write_not_compared(f)
    }
}

impl DriftReport {
    fn write_advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.differences.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nWhat to do")?;
        for certainty in [Certainty::Documented, Certainty::Observed, Certainty::Assumed] {
            if self.differences.iter().any(|it| it.certainty == certainty) {
                writeln!(f, "  {}: {}", certainty.word(), advice(certainty))?;
            }
        }
        Ok(())
    }

    /// Writes which guesses of the contract these responses confirm.
    fn write_confirmed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let confirmed = self
            .compared
            .iter()
            .filter(|it| it.certainty == Certainty::Assumed && it.differing == 0)
            .map(|it| format!("{} {} with status {}", it.method, it.path, it.status));
        write_list(f, "Guesses of the contract that these responses confirm", confirmed)
    }

    fn write_not_compared(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = &self.not_compared;
        let reasons = [
            (not.files, "transfer of a file", "transfers of files"),
            (not.without_response, "request without a response", "requests without a response"),
            (not.without_body, "body that was not recorded", "bodies that were not recorded"),
        ];
        let reasons = reasons
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }));
        write_list(f, "Not compared", reasons)?;
        write_list(
            f,
            "Operations of the contract that were not seen",
            self.not_seen.iter().cloned(),
        )
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    items: impl Iterator<Item = String>,
) -> fmt::Result {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    items.iter().try_for_each(|item| writeln!(f, "  {item}"))
}

fn heading(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Breaking => "BREAKING: a client that relies on the contract can fail",
        Gravity::New => "NEW: the service has something that the contract does not",
        Gravity::Notice => "NOTICE: headers and content types",
    }
}

fn advice(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Documented => {
            "the service differs from its own documentation. Record a second time; if it is the same, report \
             it to this project, and to the service."
        }
        Certainty::Observed => {
            "the official clients rely on something else. Record a second time, and report it to this project."
        }
        Certainty::Assumed => {
            "the contract has a guess here. Send this report to the project: the service's response replaces \
             the guess."
        }
    }
}

/// Returns the differences by what differs, whatever the operation is.
fn grouped<'d>(differences: impl Iterator<Item = &'d Difference>) -> Vec<Vec<&'d Difference>> {
    let mut groups: Vec<Vec<&Difference>> = Vec::new();
    for difference in differences {
        let key = |it: &Difference| {
            (it.certainty, it.kind, it.at.clone(), it.expected.clone(), it.found.clone())
        };
        let same = |group: &&mut Vec<&Difference>| {
            group.first().is_some_and(|it| key(it) == key(difference))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(difference),
            None => groups.push(vec![difference]),
        }
    }
    groups
}

fn write_group(f: &mut fmt::Formatter<'_>, group: &[&Difference]) -> fmt::Result {
    let Some(first) = group.first() else { return Ok(()) };
    writeln!(f, "  {}  [{}]", sentence(first), first.certainty.word())?;
    for it in group {
        writeln!(
            f,
            "    {} {} with status {}: {} of {}",
            it.method,
            it.path,
            it.status,
            it.count,
            counted(it.of, "response")
        )?;
    }
    match &first.example {
        Some(example) => writeln!(f, "    for example {example}"),
        None => Ok(()),
    }
}

fn sentence(it: &Difference) -> String {
    let at = if it.at.is_empty() { "the body" } else { &it.at };
    let (expected, found) = (&it.expected, &it.found);
    match it.kind {
        DifferenceKind::MissingKey => format!("{at} is missing; the contract has: {expected}"),
        DifferenceKind::OtherType => format!("{at} is {found}; the contract has: {expected}"),
        DifferenceKind::NotJson => format!("the body is {found}, not JSON"),
        DifferenceKind::ErrorShape => format!("the error is {found}; the contract has: {expected}"),
        DifferenceKind::UndocumentedStatus => format!("{found} is not in the contract"),
        DifferenceKind::UnknownPath => format!("the path is not in the contract; {found}"),
        DifferenceKind::UnknownWord => format!("{at} is {found}; known are: {expected}"),
        DifferenceKind::UnknownKey => format!("{at} is not in the contract: {found}"),
        DifferenceKind::OtherFormat => format!("{at} ({found}) breaks a rule: {expected}"),
        DifferenceKind::ContentType => {
            format!("the content type is {found}; the contract has: {expected}")
        }
        DifferenceKind::UndocumentedHeader => format!("the header {at} is not in the contract"),
        DifferenceKind::MissingHeader => format!("the header {at} is missing"),
    }
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
