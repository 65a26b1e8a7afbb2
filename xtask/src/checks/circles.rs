//! No circles: within each part of the project, no two sibling modules import each other, directly
//! or through others.

use std::path::Path;

use anyhow::{Result, bail};

use super::imports::{Circle, Language, read};
use crate::process::root;

/// The folders whose imports are checked.
const PARTS: &[(&str, Language)] = &[
    ("spec/src", Language::Rust),
    ("core/src", Language::Rust),
    ("dubbing/src", Language::Rust),
    ("ledger/src", Language::Rust),
    ("batch/src", Language::Rust),
    ("dub/src", Language::Rust),
    ("mock-server/src", Language::Rust),
    ("conformance/src", Language::Rust),
    ("bindings-common/src", Language::Rust),
    ("bindings-python/src", Language::Rust),
    ("bindings-python/python/viseme", Language::Python),
    ("bindings-node/src", Language::Rust),
    ("bindings-node/ts", Language::TypeScript),
    ("bindings-mobile/src", Language::Rust),
    ("cli/src", Language::Rust),
    ("benchmarks/src", Language::Rust),
    ("xtask/src", Language::Rust),
];

/// What the check found: the faults that make it fail, and a note for the summary.
pub(super) struct Findings {
    pub(super) faults: Vec<String>,
    pub(super) note: String,
}

pub(super) fn find() -> Result<Findings> {
    let mut faults = Vec::new();
    let mut files = 0;
    for (folder, language) in PARTS {
        let tree = read(*language, &root(), folder)?;
        let circles = tree.circles();
        files += tree.files();
        faults.extend(circles.iter().map(|circle| describe(folder, circle)));
    }
    let note = format!("no circles in {files} files");
    Ok(Findings { faults, note })
}

/// `cargo xtask layers`: prints the circles of every part, here or in another checkout.
pub(crate) fn report(checkout: Option<&Path>) -> Result<()> {
    let root = checkout.map_or_else(root, Path::to_path_buf);
    let mut total = 0;
    for (folder, language) in PARTS {
        if !root.join(folder).is_dir() {
            println!("{folder}: not there");
            continue;
        }
        let tree = read(*language, &root, folder)?;
        let circles = tree.circles();
        let members: usize = circles.iter().map(|circle| circle.members.len()).sum();
        let (files, count) = (tree.files(), circles.len());
        println!("{folder}: {files} files, {count} circles of {members} modules");
        for circle in &circles {
            println!("  {}", describe(folder, circle));
        }
        total += count;
    }
    match total {
        0 => Ok(()),
        some => bail!("{some} circles found"),
    }
}

/// `core/src: http, dns import each other: …`, one line an edge.
fn describe(folder: &str, circle: &Circle) -> String {
    let mut text = format!("{folder}: circle of {}", circle.members.join(", "));
    for (from, to, place) in &circle.edges {
        text += &format!("\n    {from} imports {to} at {place}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_described_with_one_place_an_edge() {
        let edge =
            |from: &str, to: &str, place: &str| (from.to_owned(), to.to_owned(), place.to_owned());
        let circle = Circle {
            members: vec!["a".to_owned(), "b".to_owned()],
            edges: vec![edge("a", "b", "core/src/a.rs:3"), edge("b", "a", "core/src/b.rs:1")],
        };
        let expected = "core/src: circle of a, b\n    a imports b at core/src/a.rs:3\n    \
                        b imports a at core/src/b.rs:1";
        assert_eq!(describe("core/src", &circle), expected);
    }
}
