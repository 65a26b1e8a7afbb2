//! The symbol graph that the Swift compiler writes of a module.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// A public declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Symbol {
    /// Such as `swift.class`.
    pub(super) kind: String,
    /// Its name after those of the types around it: `["Client", "run(_:options:)"]`.
    pub(super) path: Vec<String>,
    /// As in the source, on one line.
    pub(super) declaration: String,
    /// The documentation comment.
    pub(super) comment: String,
    /// The line in its file, which orders the members of a type.
    pub(super) line: u64,
}

/// Kinds that have a page of their own.
const TYPES: &[&str] =
    &["swift.class", "swift.struct", "swift.enum", "swift.protocol", "swift.actor"];

impl Symbol {
    pub(super) fn is_type(&self) -> bool {
        TYPES.contains(&self.kind.as_str())
    }

    pub(super) fn name(&self) -> &str {
        self.path.last().map(String::as_str).unwrap_or_default()
    }
}

/// Reads the symbols of a module, in the order of their types' names and of the source.
pub(super) fn read(text: &str) -> Result<Vec<Symbol>> {
    let graph: Value = serde_json::from_str(text).context("the symbol graph is not JSON")?;
    let list = graph.get("symbols").and_then(Value::as_array).context("no symbols")?;
    let mut symbols = Vec::new();
    for entry in list {
        // What a conformance adds, such as `!=`, is documented by Swift itself.
        let id = text_at(entry, "/identifier/precise").context("a symbol without an id")?;
        if id.contains("::SYNTHESIZED::") {
            continue;
        }
        symbols.push(symbol(entry).with_context(|| format!("{id} has another form"))?);
    }
    ensure!(!symbols.is_empty(), "the module has no public symbols");
    symbols.sort_by(|a, b| {
        let of = |it: &Symbol| (it.path.first().cloned(), it.path.len(), it.line);
        of(a).cmp(&of(b)).then_with(|| a.path.cmp(&b.path))
    });
    Ok(symbols)
}

fn symbol(entry: &Value) -> Option<Symbol> {
    let path = entry.get("pathComponents")?.as_array()?;
    let path = path.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    let fragments = entry.get("declarationFragments")?.as_array()?;
    let spelling = |fragment: &Value| fragment.get("spelling")?.as_str().map(str::to_owned);
    let declaration = fragments.iter().map(spelling).collect::<Option<String>>()?;
    let lines = entry.pointer("/docComment/lines").and_then(Value::as_array);
    let lines = lines.into_iter().flatten().filter_map(|line| line.get("text")?.as_str());
    Some(Symbol {
        kind: text_at(entry, "/kind/identifier")?.to_owned(),
        path,
        declaration: declaration.split_whitespace().collect::<Vec<_>>().join(" "),
        comment: lines.collect::<Vec<_>>().join("\n"),
        line: entry.pointer("/location/position/line").and_then(Value::as_u64).unwrap_or(u64::MAX),
    })
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn symbols_are_read_in_the_order_of_the_source() {
        let entry = |id: &str, kind: &str, path: &[&str], line: u64| {
            json!({
                "kind": {"identifier": kind}, "identifier": {"precise": id}, "pathComponents": path,
                "declarationFragments": [{"spelling": "func"}, {"spelling": " "}, {"spelling": "f()"}],
                "docComment": {"lines": [{"text": "One."}, {"text": ""}]},
                "location": {"position": {"line": line}},
            })
        };
        let graph = json!({"symbols": [
            entry("s:b", "swift.method", &["B", "z()"], 7),
            entry("s:c", "swift.method", &["B", "a()"], 9),
            entry("s:a", "swift.class", &["B"], 3),
            entry("s:d::SYNTHESIZED::s:a", "swift.method", &["B", "!=(_:_:)"], 1),
        ]});
        let symbols = read(&graph.to_string()).expect("a graph");
        let names: Vec<_> = symbols.iter().map(Symbol::name).collect();
        assert_eq!(names, ["B", "z()", "a()"]);
        let first = symbols.first().expect("a class");
        assert!(first.is_type());
        assert_eq!((first.declaration.as_str(), first.comment.as_str()), ("func f()", "One.\n"));
        read(r#"{"symbols": [{"identifier": {"precise": "s:a"}}]}"#).expect_err("another form");
    }
}
