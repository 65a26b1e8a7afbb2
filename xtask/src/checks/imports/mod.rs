//! The imports between the modules of one part of the project, and the circles among them.
//!
//! A circle is a group of sibling modules that import each other, directly or through other
//! siblings. A module and its own children may import each other.

mod python;
mod rust;
mod typescript;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::{Context as _, Result};

/// How many re-exports are followed before a name counts as unknown.
const MAX_HOPS: usize = 16;

/// A module's path from the root of its part; the root itself is empty.
type ModulePath = Vec<String>;

/// All modules of one part.
#[derive(Debug, Default)]
pub(super) struct Tree {
    modules: BTreeMap<ModulePath, Module>,
    files: usize,
}

/// What a module imports, as written: the first segment may be `crate`, `self` or `super`.
#[derive(Debug, Default)]
struct Module {
    imports: Vec<Import>,
    /// The names that imports bring into scope, and their paths.
    names: BTreeMap<String, Vec<String>>,
    /// The modules whose names are all imported.
    globs: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Import {
    segments: Vec<String>,
    place: Place,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: String,
    line: usize,
}

/// Siblings that import each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Circle {
    /// Every module of the circle, by its path.
    pub(super) members: Vec<String>,
    /// The shortest way round: importing module, imported module, `file:line`.
    pub(super) edges: Vec<(String, String, String)>,
}

/// The languages whose imports can be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Language {
    Rust,
    Python,
    TypeScript,
}

/// The imports within a folder of source files; file names in messages start at `root`.
pub(super) fn read(language: Language, root: &Path, folder: &str) -> Result<Tree> {
    match language {
        Language::Rust => rust::read(root, folder),
        Language::Python => python::read(root, folder),
        Language::TypeScript => typescript::read(root, folder),
    }
}

impl Tree {
    /// The number of files that were read.
    pub(super) fn files(&self) -> usize {
        self.files
    }

    /// Every circle, those of the outer modules first.
    pub(super) fn circles(&self) -> Vec<Circle> {
        let by_parent = self.sibling_imports();
        by_parent.iter().flat_map(|(parent, imports)| circles_among(parent, imports)).collect()
    }

    /// For each parent, the imports among its children, each with its first place.
    fn sibling_imports(&self) -> BTreeMap<ModulePath, Siblings> {
        let mut by_parent: BTreeMap<ModulePath, Siblings> = BTreeMap::new();
        for (from, module) in &self.modules {
            for import in &module.imports {
                for to in self.resolve(from, &import.segments, MAX_HOPS) {
                    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                    // Otherwise one of the two contains the other.
                    if let (Some(source), Some(target)) = (from.get(shared), to.get(shared)) {
                        let parent = from.get(..shared).unwrap_or_default().to_vec();
                        let edges = by_parent.entry(parent).or_default();
                        let targets = edges.entry(source.clone()).or_default();
                        targets.entry(target.clone()).or_insert_with(|| import.place.clone());
                    }
                }
            }
        }
        by_parent
    }

    /// The modules that a path leads to: the one that holds the name, and those that a re-export
    /// takes it from. Empty for what is not part of this tree.
    fn resolve(&self, from: &[String], segments: &[String], hops: usize) -> Vec<ModulePath> {
        let Some(first) = segments.first().filter(|_| hops > 0) else { return Vec::new() };
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), segments.get(1..).unwrap_or_default()),
            "self" => (from.to_vec(), segments.get(1..).unwrap_or_default()),
            "super" => {
                let ups = segments.iter().take_while(|segment| *segment == "super").count();
                let at = from.get(..from.len().saturating_sub(ups)).unwrap_or_default();
                (at.to_vec(), segments.get(ups..).unwrap_or_default())
            }
            _ if self.has(from, first) => (from.to_vec(), segments),
            _ => return self.resolve_name(from, segments, hops),
        };
        while let Some((segment, after)) = rest.split_first() {
            if !self.has(&at, segment) {
                let mut found = self.resolve_name(&at, rest, hops);
                found.insert(0, at);
                return found;
            }
            at.push(segment.clone());
            rest = after;
        }
        vec![at]
    }

    /// What a name leads to that a module has imported.
    fn resolve_name(&self, at: &[String], segments: &[String], hops: usize) -> Vec<ModulePath> {
        let Some((module, (name, after))) = self.modules.get(at).zip(segments.split_first()) else {
            return Vec::new();
        };
        if let Some(target) = module.names.get(name) {
            return self.resolve(at, &[target.as_slice(), after].concat(), hops - 1);
        }
        for glob in &module.globs {
            let source = self.resolve(at, glob, hops - 1);
            let Some(source) = source.last() else { continue };
            let named = self.modules.get(source).is_some_and(|it| it.names.contains_key(name));
            if named || self.has(source, name) {
                return self.resolve(source, &[&["self".to_owned()], segments].concat(), hops - 1);
            }
        }
        Vec::new()
    }

    fn has(&self, parent: &[String], name: &str) -> bool {
        let mut path = parent.to_vec();
        path.push(name.to_owned());
        self.modules.contains_key(&path)
    }
}

/// Importing sibling, imported sibling, the place of the first such import.
type Siblings = BTreeMap<String, BTreeMap<String, Place>>;

fn circles_among(parent: &[String], imports: &Siblings) -> Vec<Circle> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut circles = Vec::new();
    for start in imports.keys().map(String::as_str) {
        if done.contains(start) {
            continue;
        }
        let Some(way) = shortest_way_round(imports, start) else { continue };
        let reached = reachable(imports, start);
        let members: BTreeSet<&str> = reached
            .into_iter()
            .filter(|member| reachable(imports, member).contains(start))
            .collect();
        done.extend(&members);
        let name = |sibling: &str| {
            parent.iter().map(String::as_str).chain([sibling]).collect::<Vec<_>>().join("/")
        };
        let edges = way.iter().zip(way.iter().skip(1)).filter_map(|(from, to)| {
            let place = imports.get(*from)?.get(*to)?;
            Some((name(from), name(to), format!("{}:{}", place.file, place.line)))
        });
        circles.push(Circle {
            edges: edges.collect(),
            members: members.into_iter().map(name).collect(),
        });
    }
    circles
}

/// Everything that a module imports, directly or through its siblings.
fn reachable<'a>(imports: &'a Siblings, start: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&str> = vec![start];
    while let Some(module) = next.pop() {
        for target in imports.get(module).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(target.as_str()) {
                next.push(target);
            }
        }
    }
    found
}

/// The shortest way from a module back to itself, both ends included.
fn shortest_way_round<'a>(imports: &'a Siblings, start: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(module) = queue.pop_front() {
        for target in imports.get(module).into_iter().flat_map(BTreeMap::keys) {
            if target == start {
                let mut way = vec![start, module];
                while let Some(previous) = way.last().and_then(|last| before.get(last)) {
                    way.push(previous);
                }
                // A module of its own circle alone is found twice.
                way.dedup();
                way.reverse();
                return Some(way).filter(|way| way.len() > 2);
            }
            if !before.contains_key(target.as_str()) {
                before.insert(target, module);
                queue.push_back(target);
            }
        }
    }
    None
}

/// Every file below a folder with one of these endings, as paths from `root`, sorted.
fn files(root: &Path, folder: &str, endings: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let entries = path.read_dir().with_context(|| format!("there is no folder {folder}"))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{folder}/{name}");
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn text(root: &Path, file: &str) -> Result<String> {
    std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the files to a folder and reads their imports.
    fn tree(language: Language, files: &[(&str, &str)]) -> Tree {
        let root = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = root.path().join("src").join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
        read(language, root.path(), "src").expect("readable")
    }

    fn circles(language: Language, files: &[(&str, &str)]) -> Vec<String> {
        let found = tree(language, files).circles();
        let line = |(from, to, place): &(String, String, String)| format!("{from}>{to}@{place}");
        found
            .iter()
            .map(|circle| circle.edges.iter().map(line).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn rust_siblings_that_import_each_other_are_a_circle() {
        let red = [
            ("lib.rs", "mod a;\nmod b;\nmod c;\n"),
            ("a.rs", "use crate::{b::B, c};\npub struct A;\n"),
            ("b.rs", "pub struct B;\nfn f() -> super::a::A { todo() }\n"),
            ("c/mod.rs", "mod d;\n"),
            ("c/d.rs", "//! Uses nothing.\n"),
        ];
        assert_eq!(circles(Language::Rust, &red), ["a>b@src/a.rs:1 b>a@src/b.rs:2"]);
        let green = [red[0], red[1], ("b.rs", "pub struct B;\n"), red[3], red[4]];
        assert!(circles(Language::Rust, &green).is_empty());
        assert_eq!(tree(Language::Rust, &red).files(), 5);
    }

    #[test]
    fn rust_parents_and_children_may_import_each_other() {
        let files = [
            ("lib.rs", "mod a;\nuse a::A;\nstruct Root;\n"),
            ("a/mod.rs", "mod inner;\nuse inner::I;\npub struct A;\n"),
            ("a/inner.rs", "use super::A;\nuse crate::Root;\npub struct I;\n"),
        ];
        assert!(circles(Language::Rust, &files).is_empty());
    }

    #[test]
    fn rust_reexports_aliases_macros_and_globs_are_followed() {
        let lib = "mod a;\nmod b;\npub use b::{B as Renamed};\n";
        let importers = [
            "use crate::Renamed;\n",
            "fn f() {\n    crate::Renamed::new();\n}\n",
            "fn f() { println!(\"{}\", crate::b::x()); }\n",
            "use super::*;\nfn f() { Renamed::new(); }\n",
            "fn f() { use crate::b as other; other::x(); }\n",
            "impl crate::b::Trait for u8 {}\n",
        ];
        for importer in importers {
            let files = [("lib.rs", lib), ("a.rs", importer), ("b.rs", "use crate::a;\n")];
            let found = circles(Language::Rust, &files);
            assert_eq!(found.len(), 1, "{importer}");
        }
        // A crate or a local name of the same name is not the module.
        for other in ["use ::b::B;\n", "// crate::b\n", "const T: &str = \"crate::b\";\n"] {
            let files = [("lib.rs", lib), ("a.rs", other), ("b.rs", "use crate::a;\n")];
            assert!(circles(Language::Rust, &files).is_empty(), "{other}");
        }
    }

    #[test]
    fn rust_tests_may_import_anything() {
        let files = [
            ("lib.rs", "mod a;\nmod b;\n"),
            ("a.rs", "#[cfg(test)]\nmod tests {\n    use crate::b;\n}\n"),
            ("b.rs", "use crate::a;\n#[cfg(test)]\nmod tests;\n"),
            ("b/tests.rs", "use crate::a;\n"),
        ];
        assert!(circles(Language::Rust, &files).is_empty());
    }

    #[test]
    fn a_circle_of_three_folders_is_named_by_its_shortest_way() {
        let files = [
            ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\n"),
            ("a.rs", "use crate::b;\n"),
            ("b/mod.rs", "mod deep;\n"),
            ("b/deep.rs", "\n\nuse crate::c;\n"),
            ("c.rs", "use crate::a;\nuse crate::d;\n"),
            ("d.rs", "use crate::a;\n"),
        ];
        let found = tree(Language::Rust, &files).circles();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].members, ["a", "b", "c", "d"]);
        let edges =
            [("a", "b", "src/a.rs:1"), ("b", "c", "src/b/deep.rs:3"), ("c", "a", "src/c.rs:1")];
        let edges = edges.map(|(a, b, place)| (a.to_owned(), b.to_owned(), place.to_owned()));
        assert_eq!(found[0].edges, edges);
    }

    #[test]
    fn python_imports_for_types_alone_close_a_circle_too() {
        let red = [
            ("__init__.py", "from ._a import A\nfrom ._b import B\n"),
            (
                "_a.py",
                "\"\"\"\nfrom ._c import no\n\"\"\"\nfrom typing import (\n    Any,\n)\nfrom ._b import (\n    B,\n)\n",
            ),
            ("_b.py", "if TYPE_CHECKING:\n    from . import A\n"),
            ("_c.py", "# from ._a import A\n"),
        ];
        assert_eq!(circles(Language::Python, &red), ["_a>_b@src/_a.py:7 _b>_a@src/_b.py:2"]);
        let green = [red[0], red[1], ("_b.py", "import os; from . import __version__\n"), red[3]];
        assert!(circles(Language::Python, &green).is_empty());
    }

    #[test]
    fn typescript_imports_of_types_close_a_circle_too() {
        let red = [
            ("a.ts", "import { x } from 'fs';\nimport {\n  B,\n} from './b.js';\n"),
            ("b.ts", "export type { A } from \"./a.js\";\n// import './c.js'\n"),
            ("c.ts", "const s = `import './a.js'`;\nconst r = /'/;\nlet p: import('./d.js').D;\n"),
            ("d.ts", "const c = await import('./c.js');\n"),
        ];
        let expected = ["a>b@src/a.ts:4 b>a@src/b.ts:1", "c>d@src/c.ts:3 d>c@src/d.ts:1"];
        assert_eq!(circles(Language::TypeScript, &red), expected);
        let green = [red[0], ("b.ts", "export const from = './a.js';\n"), red[2]];
        assert!(circles(Language::TypeScript, &green).is_empty());
    }
}
