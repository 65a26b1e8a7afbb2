//! Replaces texts within JSON and leaves every other byte as it is.

use std::borrow::Cow;

/// Calls `replace` with the path of each text of a JSON document: the names of the fields around it, from
/// the outside. Texts for which it returns another are replaced. Names of fields are not changed.
///
/// Returns the document as it is if it is not JSON.
pub(crate) fn replace_texts(
    document: &str,
    mut replace: impl FnMut(&[Cow<'_, str>], &str) -> Option<String>,
) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(document).ok()?;
    let mut scanner = Scanner { document, at: 0, path: Vec::new(), containers: Vec::new() };
    let mut result = String::new();
    let mut copied = 0;
    while let Some((start, end)) = scanner.next_text() {
        let Some(literal) = document.get(start..end) else { break };
        let Ok(text) = serde_json::from_str::<Cow<'_, str>>(literal) else { continue };
        let Some(new) = replace(&scanner.path, &text) else { continue };
        let Ok(new) = serde_json::to_string(&new) else { continue };
        result.push_str(document.get(copied..start).unwrap_or_default());
        result.push_str(&new);
        copied = end;
    }
    result.push_str(document.get(copied..).unwrap_or_default());
    Some(result)
}

/// Finds the texts of a document that is known to be JSON.
struct Scanner<'d> {
    document: &'d str,
    at: usize,
    /// The names of the fields around the current place.
    path: Vec<Cow<'d, str>>,
    /// Whether the containers around the current place are objects, and whether a name comes next.
    containers: Vec<Container>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    List,
    /// An object in which a name comes next.
    Name,
    /// An object in which a value comes next.
    Value,
}

impl<'d> Scanner<'d> {
    /// Returns where the next text that is not a name begins and ends, with its quotes.
    fn next_text(&mut self) -> Option<(usize, usize)> {
        let bytes = self.document.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'{' => self.containers.push(Container::Name),
                b'[' => self.containers.push(Container::List),
                b'}' | b']' => self.leave(),
                b',' => {
                    if let Some(container @ Container::Value) = self.containers.last_mut() {
                        *container = Container::Name;
                        self.path.pop();
                    }
                }
                b'"' => {
                    let (start, end) = (self.at, self.end_of_text());
                    self.at = end;
                    match self.containers.last_mut() {
                        Some(container @ Container::Name) => {
                            *container = Container::Value;
                            self.path.push(self.name(start, end));
                        }
                        _ => return Some((start, end)),
                    }
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        None
    }

    /// Leaves the innermost container.
    fn leave(&mut self) {
        if self.containers.pop() == Some(Container::Value) {
            self.path.pop();
        }
    }

    fn name(&self, start: usize, end: usize) -> Cow<'d, str> {
        let literal = self.document.get(start..end).unwrap_or_default();
        serde_json::from_str::<String>(literal).map_or(Cow::Borrowed(""), Cow::Owned)
    }

    /// Returns the place after the text that begins here.
    fn end_of_text(&self) -> usize {
        let bytes = self.document.as_bytes();
        let mut at = self.at + 1;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => return at + 1,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn texts_are_replaced_by_their_paths_and_nothing_else_changes() {
        let document = "{ \"a\" : [\"x\", {\"b\\u0063\":\"x\"}, 1e400],\n\"d\":{},\"e\":\"\\\"x\",\"f\":\"x\"}";
        let mut paths = Vec::new();
        let changed = replace_texts(document, |path, text| {
            paths.push(format!("{}={text}", path.join(".")));
            (path != ["f"]).then(|| format!("{text}é\""))
        });
        assert_eq!(paths, ["a=x", "a.bc=x", "e=\"x", "f=x"]);
        let expected = "{ \"a\" : [\"xé\\\"\", {\"b\\u0063\":\"xé\\\"\"}, 1e400],\n\"d\":{},\
                        \"e\":\"\\\"xé\\\"\",\"f\":\"x\"}";
        assert_eq!(changed.as_deref(), Some(expected));
    }

    #[test]
    fn other_text_is_not_json() {
        for text in ["", "<html>", "{\"a\":", "{} {}", "'a'"] {
            assert_eq!(replace_texts(text, |_, _| Some(String::new())), None, "{text}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map("[a-c\"\\\\{,]{0,3}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn mapped(value: &Value, path: &mut Vec<String>) -> Value {
        match value {
            Value::String(text) => Value::from(format!("{}/{text}", path.join("."))),
            Value::Array(items) => items.iter().map(|item| mapped(item, path)).collect(),
            Value::Object(fields) => {
                let mut field = |(name, value): (&String, &Value)| {
                    path.push(name.clone());
                    let value = mapped(value, path);
                    path.pop();
                    (name.clone(), value)
                };
                Value::Object(fields.iter().map(&mut field).collect())
            }
            other => other.clone(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_does_what_a_walk_over_the_parsed_document_does(value in any_json(), pretty: bool) {
            let document = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            prop_assert_eq!(replace_texts(&document, |_, _| None).unwrap(), document.as_str());
            let changed =
                replace_texts(&document, |path, text| Some(format!("{}/{text}", path.join("."))));
            let changed: Value = serde_json::from_str(&changed.unwrap()).unwrap();
            prop_assert_eq!(changed, mapped(&value, &mut Vec::new()));
        }
    }
}
