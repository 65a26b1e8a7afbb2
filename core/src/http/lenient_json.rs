//! A JSON reader that tolerates the faults of real responses: lone surrogates, bytes that are
//! not UTF-8, `NaN`, control characters in strings, and a body that ends early. What a strict reader
//! rejects would hide the id of a paid job.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 100;

/// A value, and whether the text contained all of it.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    pub(super) value: Value,
    /// `false` if the text ended early or continued with something that is not JSON; then `value`
    /// contains only the members that were complete.
    pub(super) complete: bool,
}

/// Reads JSON, strictly if possible; `None` if the text is not an object or an array at all.
pub(super) fn parse(bytes: &[u8]) -> Option<Parsed> {
    // Some proxies put a byte order mark before JSON.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(Parsed { value, complete: true });
    }
    let text = decode(bytes);
    let text = without_prefix(&text);
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut reader = Reader { rest: text, complete: true };
    let value = reader.value(0)?;
    let complete = reader.complete && reader.rest.trim().is_empty();
    Some(Parsed { value, complete })
}

/// What gateways put before JSON: guards against its use as a script, and the field name of an event
/// stream.
const PREFIXES: [&str; 4] = [")]}',", ")]}'", "for(;;);", "data:"];

fn without_prefix(text: &str) -> &str {
    let text = text.trim_start();
    let rest = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    rest.map_or(text, str::trim_start)
}

/// Returns the bytes as text: UTF-16 if they start with its byte order mark, otherwise UTF-8.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return String::from_utf8_lossy(bytes),
    };
    let pairs = bytes.as_chunks::<2>().0.iter().skip(1);
    let units: Vec<u16> = pairs.map(|pair| unit(*pair)).collect();
    Cow::Owned(String::from_utf16_lossy(&units))
}

struct Reader<'a> {
    rest: &'a str,
    complete: bool,
}

impl Reader<'_> {
    /// Reads a value. `None` if there is none, or if it ends early and is no container.
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.rest = self.rest.trim_start();
        if depth > MAX_DEPTH {
            self.complete = false;
            return None;
        }
        let value = match self.rest.chars().next() {
            Some('{') => Some(self.object(depth)),
            Some('[') => Some(self.array(depth)),
            Some('"') => self.string().map(Value::String),
            _ => self.literal(),
        };
        self.complete &= value.is_some();
        value
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut fields = Map::new();
        self.skip(1);
        loop {
            if self.take('}') {
                return Value::Object(fields);
            }
            self.rest = self.rest.trim_start();
            let name = if self.rest.starts_with('"') { self.string() } else { None };
            let Some(name) = name.filter(|_| self.take(':')) else { break };
            if let Some(value) = self.value(depth + 1) {
                fields.insert(name, value);
            }
            if !self.complete || !(self.take(',') || self.rest.trim_start().starts_with('}')) {
                break;
            }
        }
        self.complete = false;
        Value::Object(fields)
    }

    fn array(&mut self, depth: usize) -> Value {
        let mut items = Vec::new();
        self.skip(1);
        loop {
            if self.take(']') {
                return Value::Array(items);
            }
            items.extend(self.value(depth + 1));
            if !self.complete || !(self.take(',') || self.rest.trim_start().starts_with(']')) {
                self.complete = false;
                return Value::Array(items);
            }
        }
    }

    /// Reads a string; a surrogate without its pair becomes U+FFFD. `None` if it does not end.
    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        self.skip(1);
        loop {
            match self.next_char()? {
                '"' => return Some(text),
                '\\' => match self.next_char()? {
                    'u' => text.push(self.escaped_char()?),
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'b' => text.push('\u{8}'),
                    'f' => text.push('\u{c}'),
                    other => text.push(other),
                },
                other => text.push(other),
            }
        }
    }

    fn escaped_char(&mut self) -> Option<char> {
        let first = self.hex()?;
        if let Some(character) = char::from_u32(first) {
            return Some(character);
        }
        let before = self.rest;
        if first < 0xdc00
            && let Some(rest) = self.rest.strip_prefix("\\u")
        {
            self.rest = rest;
            match self.hex() {
                Some(second @ 0xdc00..=0xdfff) => {
                    return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
                }
                _ => self.rest = before,
            }
        }
        Some(char::REPLACEMENT_CHARACTER)
    }

    /// Reads four hexadecimal digits.
    fn hex(&mut self) -> Option<u32> {
        let number = u32::from_str_radix(self.rest.get(..4)?, 16).ok()?;
        self.skip(4);
        Some(number)
    }

    /// Reads a number or a word; words that are not JSON, such as `NaN`, are null.
    fn literal(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| ",:]}\"".contains(c) || c.is_whitespace())?;
        let word = self.rest.get(..end)?;
        self.rest = self.rest.get(end..)?;
        match word {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" | "undefined" | "None" => Some(Value::Null),
            _ => Some(match word.parse::<Number>() {
                Ok(number) => Value::Number(number),
                // `NaN`, `Infinity`, `-Infinity`, `1e999`.
                Err(_) if word.parse::<f64>().is_ok() => Value::Null,
                Err(_) => return None,
            }),
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.trim_start().strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next_char(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.skip(next.len_utf8());
        Some(next)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn damaged_json_keeps_what_is_readable() {
        let job = json!({"data": {"id": "j"}});
        for (text, value, complete) in [
            (&br#"{"data":{"id":"j"}}"#[..], job.clone(), true),
            (b"\xef\xbb\xbf{\"data\":{\"id\":\"j\"}}", job.clone(), true),
            (br#"{"a":"x\ud83d"}"#, json!({"a": "x\u{fffd}"}), true),
            (br#"{"a":"\ud83d\ude00\ude00"}"#, json!({"a": "\u{1f600}\u{fffd}"}), true),
            (br#"{"a":"\ud83d\u0041"}"#, json!({"a": "\u{fffd}A"}), true),
            (
                br#"{"a":NaN,"b":-Infinity,"c":1e999,"d":-1.5}"#,
                json!({"a": null, "b": null, "c": null, "d": -1.5}),
                true,
            ),
            (b"{\"a\":\"caf\xe9\"}", json!({"a": "caf\u{fffd}"}), true),
            (b"{\"a\":\"x\ny\"}", json!({"a": "x\ny"}), true),
            (
                br#"{"a":[1,NaN,true,null,],"b":{},}"#,
                json!({"a": [1, null, true, null], "b": {}}),
                true,
            ),
            (b")]}',\n{\"data\":{\"id\":\"j\"}}", job.clone(), true),
            (b"for(;;);{\"data\":{\"id\":\"j\"}}", job.clone(), true),
            (b"data: {\"data\":{\"id\":\"j\"}}\n\n", job.clone(), true),
            (b"\xff\xfe{\0\"\0a\0\"\0:\x001\0}\0", json!({"a": 1}), true),
            (b"\xfe\xff\0{\0\"\0a\0\"\0:\x001\0}", json!({"a": 1}), true),
            (br#"{"data":{"id":"j"}} trailing"#, job.clone(), false),
            (br#"{"data":{"id":"j","status":"cre"#, job.clone(), false),
            (
                br#"{"data":{"id":"j","outputs":["https://x.exa"#,
                json!({"data": {"id": "j", "outputs": []}}),
                false,
            ),
            (br#"{"data":{"id":"#, json!({"data": {}}), false),
            (br#"{"data":{"id":12"#, json!({"data": {}}), false),
            (br#"{"data":{"id":"j" oops}}"#, job, false),
        ] {
            let text_of = String::from_utf8_lossy(text);
            assert_eq!(parse(text), Some(Parsed { value, complete }), "{text_of}");
        }
        for text in
            ["", "<html>", "data: none", "<p>{\"data\":{\"id\":\"j\"}}", "no", "\"x\ny\"", "NaN"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert!(!parse("[".repeat(100_000).as_bytes()).unwrap().complete);
    }

    proptest! {
        #[test]
        fn whatever_is_cut_keeps_no_half_value(
            text in "[a-z\\\\\"é😀]{0,8}", number in any::<i32>(), cut in 0..100_usize,
        ) {
            let whole = json!({"a": text, "b": [number, {"c": text}], "d": text}).to_string();
            let cut = cut.min(whole.len());
            if let Some(Parsed { value, .. }) = parse(&whole.as_bytes()[..cut]) {
                for name in ["a", "d"] {
                    if let Some(found) = value.get(name) {
                        // Lossy decoding may change the last character of what is cut.
                        prop_assert_eq!(found, &Value::String(text.clone()));
                    }
                }
            }
            prop_assert!(parse(whole.as_bytes()).unwrap().complete);
        }
    }
}
