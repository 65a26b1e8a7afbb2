//! Compares output that a document shows with real output: what differs from run to run may differ.

/// The first difference between the shapes of two texts.
///
/// Numbers may differ, and `…` stands for any words in a line, or, in a line of its own, for any lines.
pub(crate) fn difference(documented: &str, real: &str) -> Option<String> {
    let mut real = real.lines().map(str::trim_end).peekable();
    let mut documented = documented.lines().map(str::trim_end).peekable();
    while let Some(line) = documented.next() {
        if line.trim() == "…" {
            let next = documented.peek().copied();
            while real.peek().is_some_and(|it| next.is_none_or(|next| !is_like(next, it))) {
                real.next();
            }
            continue;
        }
        match real.next() {
            Some(it) if is_like(line, it) => {}
            Some(it) => return Some(format!("`{line}` is documented, and `{it}` printed")),
            None => return Some(format!("`{line}` is documented, and nothing printed")),
        }
    }
    real.next().map(|line| format!("`{line}` is not documented"))
}

/// The first difference between the rows of two tables: their second words, such as the names of checks. Lines that
/// start with a space belong to the row before.
pub(crate) fn rows(documented: &str, real: &str) -> Option<String> {
    let names = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with(' '));
        lines.map(|line| line.split_whitespace().nth(1).map(str::to_owned)).collect::<Vec<_>>()
    };
    let (documented, real) = (names(documented), names(real));
    (documented != real).then(|| format!("{documented:?} is documented, and {real:?} printed"))
}

/// Whether a line is like a documented one.
fn is_like(documented: &str, real: &str) -> bool {
    let (documented, real) = (words(documented), words(real));
    match documented.split_once('…') {
        None => documented == real,
        Some((start, end)) => {
            real.len() >= start.len() + end.len() && real.starts_with(start) && real.ends_with(end)
        }
    }
}

/// A line with `#` for each number, such as a size, a time or an id, and one space between words.
fn words(line: &str) -> String {
    let word = |word: &str| {
        let is_id = word.len() == 32 && word.chars().all(|it| it.is_ascii_hexdigit());
        if is_id { "#".to_owned() } else { without_numbers(word) }
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

fn without_numbers(word: &str) -> String {
    let mut result = String::new();
    let mut rest = word;
    while let Some(start) = rest.find(|it: char| it.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        result.push_str(before);
        result.push('#');
        // `0:09.2`, `2026-11-29T19:55:00Z` and `5.1` are one number each; a full stop after one is not.
        let inside = |it: char| it.is_ascii_digit() || ":.-TZ".contains(it);
        let end = number.find(|it| !inside(it)).unwrap_or(number.len());
        let digits = number.get(..end).unwrap_or_default().trim_end_matches([':', '.', '-']);
        rest = number.get(digits.len()..).unwrap_or_default();
    }
    result + rest
}
