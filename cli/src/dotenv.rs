//! Notices a `.env` file, which this program does not read.

use std::path::Path;

/// The variable that users look for there.
const KEY: &str = "WAVESPEED_API_KEY";

/// Says that the `.env` file in the current folder has an API key but is not read. `None` if there is no
/// such file.
pub(crate) fn note() -> Option<&'static str> {
    is_key_in(Path::new(".env")).then_some(
        "The .env file in this folder sets WAVESPEED_API_KEY, but viseme does not read such files. Load it \
         into your shell first: set -a; . ./.env; set +a",
    )
}

fn is_key_in(path: &Path) -> bool {
    // Such a file is small; another one is not what the user means.
    let is_small = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() < 1 << 20);
    is_small && std::fs::read_to_string(path).is_ok_and(|text| text.lines().any(sets_key))
}

fn sets_key(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    line.strip_prefix(KEY).is_some_and(|rest| rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_sets_the_key_is_found() {
        for (line, expected) in [
            ("WAVESPEED_API_KEY=abc", true),
            ("  export WAVESPEED_API_KEY = abc", true),
            ("# WAVESPEED_API_KEY=abc", false),
            ("WAVESPEED_API_KEY_OLD=abc", false),
            ("OTHER=1", false),
        ] {
            assert_eq!(sets_key(line), expected, "{line}");
        }
    }
}
