//! Suggestions for misspelled words.

/// Returns the known word that is most similar to this one, if any is similar. Case and separators do
/// not count, and a third of the letters may differ.
///
/// ```
/// use viseme::model::did_you_mean;
///
/// assert_eq!(did_you_mean("voiceId", ["text", "voice_id"]), Some("voice_id"));
/// assert_eq!(did_you_mean("colour", ["text", "voice_id"]), None);
/// ```
#[must_use]
pub fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = plain(word);
    let most = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&word, &plain(known)), known))
        .filter(|(distance, known)| *distance <= most && *distance < known.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_similar_words_are_suggested() {
        let known = ["audio", "video", "voice_id", "voice_speed", "AOT"];
        for (word, expected) in [
            ("audoi", Some("audio")),
            ("Video", Some("video")),
            ("voice-speed", Some("voice_speed")),
            ("voiceSpeed", Some("voice_speed")),
            ("vidio", Some("video")),
            ("aot", Some("AOT")),
            ("soundtrack", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(did_you_mean(word, known), expected, "{word}");
        }
    }
}
