//! Finds the name that was probably meant.

/// Returns the closest of the names if it differs in at most `max` edits. An edit inserts, removes or
/// replaces one character, or swaps two neighbors.
pub(crate) fn closest<'n>(
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
    max: usize,
) -> Option<&'n str> {
    let distance = |other: &'n str| (edit_distance(name, other), other);
    let best = names.into_iter().map(distance).min_by_key(|(distance, _)| *distance)?;
    (best.0 <= max).then_some(best.1)
}

fn edit_distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, character) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, candidate) in other.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX);
            let replaced = get(&last, column) + usize::from(character != candidate);
            let removed = get(&last, column + 1) + 1;
            let inserted = get(&current, column) + 1;
            let is_swap = row > 0
                && column > 0
                && one.get(row - 1) == Some(candidate)
                && other.get(column - 1) == Some(character);
            let swapped =
                if is_swap { get(&before_last, column - 1).saturating_add(1) } else { usize::MAX };
            current.push(replaced.min(removed).min(inserted).min(swapped));
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (one, other, distance) in [
            ("", "", 0),
            ("", "abc", 3),
            ("timeline", "timelime", 1),
            ("vdieo", "video", 1),
            ("audio-to-video", "text-to-video", 5),
        ] {
            assert_eq!(edit_distance(one, other), distance, "{one} {other}");
            assert_eq!(edit_distance(other, one), distance, "{other} {one}");
        }
    }

    #[test]
    fn the_closest_name_within_the_maximum() {
        let names = ["submit", "poll", "put"];
        assert_eq!(closest("pol", names, 2), Some("poll"));
        assert_eq!(closest("moon", names, 2), None);
        assert_eq!(closest("x", [], 9), None);
    }
}
