//! The form of the changelog: [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).

/// The kinds of changes that the format has.
const KINDS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/// The faults of a changelog, for a project of this version.
pub(super) fn faults(text: &str, version: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut releases = Vec::new();
    let mut has_kind = true;
    for (number, line) in (1..).zip(text.lines()) {
        let mut fault = |what: String| faults.push(format!("CHANGELOG.md:{number}: {what}"));
        if let Some(heading) = line.strip_prefix("## ") {
            if releases.is_empty() && heading != "[Unreleased]" {
                fault("the first section must be `## [Unreleased]`".to_owned());
            } else if !releases.is_empty() && !is_release(heading) {
                fault(format!("`{heading}` must have the form `[1.2.3] - 2026-12-31`"));
            }
            releases.push(heading.to_owned());
            has_kind = false;
        } else if let Some(kind) = line.strip_prefix("### ") {
            if !KINDS.contains(&kind) {
                fault(format!("`{kind}` must be one of {}", KINDS.join(", ")));
            }
            has_kind = true;
        } else if line.starts_with("- ") && !has_kind {
            fault("an entry must be under a heading such as `### Added`".to_owned());
        }
    }
    let release = format!("[{version}]");
    let is_stated = releases.iter().any(|heading| heading.starts_with(&release))
        || text.contains(&format!("This will become {version}"));
    if !is_stated {
        faults.push(format!("CHANGELOG.md: neither a release nor `This will become {version}`"));
    }
    faults
}

/// `[1.2.3] - 2026-12-31`
fn is_release(heading: &str) -> bool {
    heading.strip_prefix('[').and_then(|rest| rest.split_once("] - ")).is_some_and(
        |(version, date)| {
            let numbers = version.split('.').filter(|part| part.parse::<u32>().is_ok()).count();
            numbers == 3 && date.parse::<jiff::civil::Date>().is_ok()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_keep_a_changelog() {
        let right =
            "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-12-31\n\n### Added\n\n- All.\n";
        assert_eq!(faults(right, "0.1.0"), [""; 0]);
        let first = "## [Unreleased]\n\nThis will become 0.1.0.\n\n### Added\n";
        assert_eq!(faults(first, "0.1.0"), [""; 0]);
        for wrong in [
            right.replace("Added", "New"),
            right.replace("2026-12-31", "31 December"),
            right.replace("## [Unreleased]\n\n", ""),
            right.replace("### Added\n\n", ""),
            right.replace("0.1.0", "0.0.9"),
        ] {
            assert_eq!(faults(&wrong, "0.1.0").len(), 1, "{wrong}");
        }
    }
}
