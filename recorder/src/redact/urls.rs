//! Removes the queries and credentials of URLs in texts.

/// Returns the text with `[query]` in place of the query and the fragment of each URL, and without the user
/// and password of its host.
pub(crate) fn without_queries(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        result.push_str(before);
        let end = after.find(is_end).unwrap_or(after.len());
        let (url, after) = after.split_at(end);
        rest = after;
        let end = url.find(['/', '?', '#']).unwrap_or(url.len());
        let (authority, path) = url.split_at(end);
        result.push_str(authority.rsplit('@').next().unwrap_or_default());
        match path.find(['?', '#']) {
            Some(at) => {
                result.push_str(path.get(..at).unwrap_or_default());
                result.push_str("?[query]");
            }
            None => result.push_str(path),
        }
    }
    result.push_str(rest);
    result
}

/// Returns whether a character cannot be a part of a URL in a text.
fn is_end(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_credentials_are_removed() {
        for (text, expected) in [
            ("https://a.example/b.mp4", "https://a.example/b.mp4"),
            ("https://a.example/b?X-Sig=1&c", "https://a.example/b?[query]"),
            ("https://a.example?X", "https://a.example?[query]"),
            ("https://u:p@w@a.example/b#c", "https://a.example/b?[query]"),
            (
                "GET https://a.example/?b=c: <https://d/?e> ok?",
                "GET https://a.example/?[query] <https://d/?[query]> ok?",
            ),
            ("s3://bucket/k?token=1", "s3://bucket/k?[query]"),
            ("what? a://", "what? a://"),
            ("", ""),
        ] {
            assert_eq!(without_queries(text), expected);
        }
    }
}
