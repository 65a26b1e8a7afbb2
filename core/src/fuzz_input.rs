//! Splits the input of a fuzz target into headers and a body.

/// Splits an input into the text of its first lines, up to an empty one, and what follows.
pub(crate) fn head_and_body(data: &[u8]) -> (String, &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(end) => (data.get(..end), data.get(end + 2..)),
        None => (Some(data), None),
    };
    (String::from_utf8_lossy(head.unwrap_or_default()).into_owned(), body.unwrap_or_default())
}

/// The lines that are `name: value`.
pub(crate) fn pairs(head: &str) -> impl Iterator<Item = (&str, &str)> {
    head.lines().filter_map(|line| line.split_once(": "))
}
