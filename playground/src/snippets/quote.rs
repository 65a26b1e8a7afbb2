//! Texts as literals of each language.

use std::fmt::Write as _;

/// Returns a word for a POSIX shell.
pub(super) fn shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Returns a literal of Python.
pub(super) fn python(text: &str) -> String {
    literal(text, '"', "\\", |code| format!("\\x{code:02x}"))
}

/// Returns a literal of JavaScript.
pub(super) fn javascript(text: &str) -> String {
    literal(text, '\'', "\\", |code| format!("\\x{code:02x}"))
}

/// Returns a literal of Rust and of Swift.
pub(super) fn braced(text: &str) -> String {
    literal(text, '"', "\\", |code| format!("\\u{{{code:x}}}"))
}

/// Returns a literal of Kotlin, in which `$` begins a template.
pub(super) fn kotlin(text: &str) -> String {
    literal(text, '"', "\\$", |code| format!("\\u{code:04x}"))
}

/// Puts a text between two `quote`. These and the `special` characters get a backslash, and `control`
/// writes a control character.
fn literal(text: &str, quote: char, special: &str, control: impl Fn(u32) -> String) -> String {
    let mut quoted = String::from(quote);
    for c in text.chars() {
        // A String takes every text.
        let _ = match c {
            '\n' => write!(quoted, "\\n"),
            '\r' => write!(quoted, "\\r"),
            '\t' => write!(quoted, "\\t"),
            c if c == quote || special.contains(c) => write!(quoted, "\\{c}"),
            c if c.is_control() => write!(quoted, "{}", control(u32::from(c))),
            c => write!(quoted, "{c}"),
        };
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_quotes() {
        assert_eq!(shell("face.mp4"), "face.mp4");
        assert_eq!(shell("it's $(rm -r ~)"), r"'it'\''s $(rm -r ~)'");
        assert_eq!(shell("-x"), "'-x'");
        assert_eq!(python("a\"b\\c\n\u{1}é"), r#""a\"b\\c\n\x01é""#);
        assert_eq!(javascript("a\"b'c\\\u{1}é"), r#"'a"b\'c\\\x01é'"#);
        assert_eq!(braced("\"\\\u{1}"), r#""\"\\\u{1}""#);
        assert_eq!(kotlin("$x ${y}\u{1}"), r#""\$x \${y}\u0001""#);
    }
}
