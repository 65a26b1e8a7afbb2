//! The reference of the Swift package: pages from the symbol graph that the compiler writes, and the overview of
//! its documentation catalogue.

mod comment;
mod graph;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::mobile::swift;
use crate::process::root;
use crate::site::markdown;
use crate::site::nav::REFERENCE;
use crate::site::pages::{Entry, Pages, write};
use graph::Symbol;

/// Where the pages are in the site.
const PLACE: &str = "reference/swift";

/// The page about the whole package, which Xcode shows too.
const OVERVIEW: &str = "bindings-mobile/swift/Sources/Viseme/Viseme.docc/Viseme.md";

/// The parts of a page with the kinds in each, and the parts of the navigation.
const MEMBERS: &[(&str, &[&str])] = &[
    ("Cases", &["swift.enum.case"]),
    ("Initializers", &["swift.init"]),
    ("Type properties", &["swift.type.property"]),
    ("Properties", &["swift.property", "swift.subscript"]),
    ("Type methods", &["swift.type.method"]),
    ("Methods", &["swift.method", "swift.func.op"]),
    ("Associated types", &["swift.associatedtype", "swift.typealias"]),
];
const TYPES: &[(&str, &[&str])] = &[
    ("Classes", &["swift.class", "swift.actor"]),
    ("Structures", &["swift.struct"]),
    ("Enumerations", &["swift.enum"]),
    ("Protocols", &["swift.protocol"]),
];

/// Longer declarations get a line for each parameter.
const WIDTH: usize = 80;

pub(super) fn stage(pages: &mut Pages, folder: &Path) -> Result<()> {
    let graph = fs::read_to_string(swift::symbol_graph()?).context("no symbol graph of Swift")?;
    let reference = Reference::new(graph::read(&graph)?)?;
    let text = fs::read_to_string(root().join(OVERVIEW)).context("no overview of Swift")?;
    let place = folder.join(PLACE);
    write(&place.join("index.md"), &reference.overview(&text)?)?;
    let mut entries = vec![Entry::page("Overview", format!("{PLACE}/index.md"))];
    for (title, kinds) in TYPES {
        let mut group = Vec::new();
        for symbol in reference.types().filter(|it| kinds.contains(&it.kind.as_str())) {
            let name = symbol.path.join(".");
            write(&place.join(format!("{name}.md")), &reference.page(symbol)?)?;
            group.push(Entry::page(&name, format!("{PLACE}/{name}.md")));
        }
        if !group.is_empty() {
            entries.push(Entry::group(*title, group));
        }
    }
    pages.add(REFERENCE, Entry::group("Swift API", entries))
}

/// All symbols, and where each is described.
struct Reference {
    symbols: Vec<Symbol>,
    /// By path, such as `Client/run(_:)`: the page and the anchor.
    places: BTreeMap<String, String>,
}

impl Reference {
    fn new(symbols: Vec<Symbol>) -> Result<Self> {
        let mut places = BTreeMap::new();
        for symbol in &symbols {
            let place = if symbol.is_type() {
                format!("{}.md", symbol.path.join("."))
            } else {
                let (_, around) = symbol.path.split_last().context("a symbol without a name")?;
                ensure!(
                    !around.is_empty(),
                    "`{}` is declared outside of a type, for which the reference has no page",
                    symbol.name()
                );
                format!("{}.md#{}", around.join("."), anchor(symbol.name()))
            };
            // Links lead to the first of several methods of one name.
            places.entry(symbol.path.join("/")).or_insert(place);
        }
        Ok(Self { symbols, places })
    }

    fn types(&self) -> impl Iterator<Item = &Symbol> {
        self.symbols.iter().filter(|symbol| symbol.is_type())
    }

    /// The place of a symbol that the comment of another names.
    fn place(&self, name: &str, from: &[String]) -> Result<String> {
        let inside = (0..=from.len()).rev().map(|levels| {
            from.iter().take(levels).map(|it| format!("{it}/")).collect::<String>() + name
        });
        let mut found = inside.filter_map(|path| self.places.get(&path));
        found.next().cloned().with_context(|| {
            format!("the comment of {} names ``{name}``, which does not exist", from.join("/"))
        })
    }

    /// A comment as Markdown.
    fn text(&self, comment: &str, from: &[String]) -> Result<String> {
        let linked = comment::link(&comment::titled(comment), |name| self.place(name, from))?;
        markdown::convert(&linked, |link| Ok(link.to_owned()))
    }

    /// The page of a type with its members.
    fn page(&self, of: &Symbol) -> Result<String> {
        let mut page = format!("# {}\n\n", of.path.join("."));
        self.describe(&mut page, of)?;
        let is_member = |it: &&Symbol| {
            !it.is_type() && it.path.split_last().is_some_and(|(_, around)| around == of.path)
        };
        let members: Vec<_> = self.symbols.iter().filter(is_member).collect();
        let mut described = 0;
        let mut anchors: BTreeMap<String, usize> = BTreeMap::new();
        for (title, kinds) in MEMBERS {
            let group = members.iter().filter(|it| kinds.contains(&it.kind.as_str()));
            for (number, member) in group.enumerate() {
                if number == 0 {
                    write!(page, "## {title}\n\n")?;
                }
                let name = member.name();
                let mut anchor = anchor(name);
                let same = anchors.entry(anchor.clone()).or_default();
                *same += 1;
                if *same > 1 {
                    write!(anchor, "-{same}")?;
                }
                write!(page, "### `{name}` {{ #{anchor} }}\n\n")?;
                self.describe(&mut page, member)?;
                described += 1;
            }
        }
        let of = of.name();
        ensure!(
            described == members.len(),
            "{of} has a member of a kind that no part of a page has"
        );
        Ok(page)
    }

    fn describe(&self, page: &mut String, symbol: &Symbol) -> Result<()> {
        let text = self.text(&symbol.comment, &symbol.path)?;
        write!(page, "```swift\n{}\n```\n\n{text}\n\n", broken(&symbol.declaration))?;
        Ok(())
    }

    /// The page about the package: its topics are links with the first sentence of each type.
    fn overview(&self, text: &str) -> Result<String> {
        let text = text.split_once('\n').map(|(_, rest)| rest).unwrap_or_default();
        let mut page = "# Swift API\n".to_owned();
        let mut listed = Vec::new();
        for line in text.lines() {
            match line.strip_prefix("- ``").and_then(|rest| rest.strip_suffix("``")) {
                Some(name) => {
                    listed.push(name);
                    page += &self.entry(name)?;
                }
                None => writeln!(page, "{line}")?,
            }
        }
        page += "\n### More types\n\n";
        for symbol in self.types().filter(|it| !listed.contains(&it.path.join("/").as_str())) {
            page += &self.entry(&symbol.path.join("/"))?;
        }
        let linked = comment::link(&page, |name| self.place(name, &[]))?;
        markdown::convert(&linked, |link| Ok(link.to_owned()))
    }

    fn entry(&self, name: &str) -> Result<String> {
        let symbol = self.types().find(|it| it.path.join("/") == name);
        let symbol = symbol.with_context(|| format!("{OVERVIEW}: there is no {name}"))?;
        let first = symbol.comment.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        let first = comment::link(&first, |name| self.place(name, &symbol.path))?;
        let (shown, page) = (symbol.path.join("."), self.place(name, &[])?);
        Ok(format!("- [`{shown}`]({page}): {first}\n"))
    }
}

/// The name of a member in links.
fn anchor(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let words = parts.collect::<Vec<_>>().join("-").to_lowercase();
    // A name without letters, such as that of an operator.
    if words.is_empty() { format!("op-{}", name.len()) } else { words }
}

/// A declaration with a line for each parameter, if it is long.
fn broken(declaration: &str) -> String {
    let whole = || declaration.to_owned();
    if declaration.len() <= WIDTH {
        return whole();
    }
    let Some(start) = declaration.find('(') else { return whole() };
    let (head, rest) = declaration.split_at(start + 1);
    let mut lines = vec![head.to_owned(), "    ".to_owned()];
    let mut depth = 0_usize;
    let mut characters = rest.chars();
    for c in characters.by_ref() {
        match c {
            ')' if depth == 0 => break,
            '(' | '[' | '<' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            // Not the arrow of a function.
            '>' if !lines.last().is_some_and(|line| line.ends_with('-')) => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        match lines.last_mut() {
            Some(line) if c == ' ' && depth == 0 && line.ends_with(',') => {
                lines.push("    ".to_owned());
            }
            Some(line) => line.push(c),
            None => {}
        }
    }
    format!("{}\n){}", lines.join("\n"), characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(kind: &str, path: &[&str], comment: &str) -> Symbol {
        Symbol {
            kind: kind.to_owned(),
            path: path.iter().map(|&name| name.to_owned()).collect(),
            declaration: format!("let {}", path.join(".")),
            comment: comment.to_owned(),
            ..Symbol::default()
        }
    }

    #[test]
    fn a_type_has_a_page_with_its_members_and_links() {
        let reference = Reference::new(vec![
            symbol("swift.class", &["Client"], "A client.\nSee ``run(_:)`` and ``Job/id``."),
            symbol("swift.method", &["Client", "run(_:)"], "Runs it.\n- Returns: a ``Job``"),
            symbol("swift.struct", &["Job"], "A job. It has an id."),
            symbol("swift.property", &["Job", "id"], "Its id."),
            symbol("swift.method", &["Job", "wait()"], "One."),
            symbol("swift.method", &["Job", "wait()"], "Another."),
        ]);
        let reference = reference.expect("symbols in types");
        let page = reference.page(&reference.symbols[0]).expect("known symbols");
        assert_eq!(
            page,
            "# Client\n\n```swift\nlet Client\n```\n\nA client.\nSee [`run(_:)`](Client.md#run) and \
             [`id`](Job.md#id).\n\n## Methods\n\n### `run(_:)` { #run }\n\n```swift\nlet Client.run(_:)\n```\n\n\
             Runs it.\n\n**Returns**: a [`Job`](Job.md)\n\n"
        );
        let page = reference.page(&reference.symbols[2]).expect("known symbols");
        assert!(
            page.contains("### `wait()` { #wait }\n")
                && page.contains("### `wait()` { #wait-2 }\n")
        );
        let overview =
            reference.overview("# ``Viseme``\n\nText.\n\n- ``Client``\n").expect("known");
        assert!(
            overview.contains("- [`Client`](Client.md): A client. See [`run(_:)`]"),
            "{overview}"
        );
        assert!(overview.ends_with("### More types\n\n- [`Job`](Job.md): A job. It has an id.\n"));
        reference.overview("# ``Viseme``\n\n- ``None``\n").expect_err("unknown");
    }

    #[test]
    fn a_member_of_an_unknown_kind_is_an_error() {
        let reference = Reference::new(vec![
            symbol("swift.class", &["Client"], ""),
            symbol("swift.riddle", &["Client", "x"], ""),
        ]);
        let reference = reference.expect("symbols in types");
        reference.page(&reference.symbols[0]).expect_err("no part has it");
        assert!(Reference::new(vec![symbol("swift.func", &["f()"], "")]).is_err());
    }

    #[test]
    fn long_declarations_have_a_line_for_each_parameter() {
        let long = "func run(_ input: Input, options: Options = Options(), on: (Progress, Int) throws -> Void = { _ in }) async throws -> Prediction";
        assert_eq!(
            broken(long),
            "func run(\n    _ input: Input,\n    options: Options = Options(),\n    \
             on: (Progress, Int) throws -> Void = { _ in }\n) async throws -> Prediction"
        );
        assert_eq!(broken("func a(b: C, d: E)"), "func a(b: C, d: E)");
    }

    #[test]
    fn anchors_are_words() {
        assert_eq!(anchor("run(_:options:)"), "run-options");
        assert_eq!(anchor("init(_:)"), "init");
        assert_eq!(anchor("==(_:_:)"), "op-8");
    }
}
