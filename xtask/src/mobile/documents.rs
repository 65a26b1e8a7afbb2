//! The Swift and Kotlin code of the documents as source files, which the tests of these languages compile.
//!
//! The blocks of a document are one function, in their order, as later blocks use names of earlier ones. A
//! block of declarations stands beside that function. `Reader.swift` and `Reader.kt` declare what the documents
//! leave to their reader.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::checks::documents::{CodeBlock, blocks_in};

/// How a language writes a file with a function.
struct Syntax {
    /// The name in the fences, and the ending of the files.
    language: &'static str,
    ending: &'static str,
    /// Before everything else.
    head: &'static str,
    /// Before the statements; `NAME` stands for the name of the function.
    open: &'static str,
    /// The beginnings of blocks of declarations.
    declarations: &'static [&'static str],
}

const SWIFT: Syntax = Syntax {
    language: "swift",
    ending: "swift",
    head: "import Foundation\nimport Viseme\n",
    open: "@MainActor func NAME() async throws {\n",
    declarations: &["func "],
};

const KOTLIN: Syntax = Syntax {
    language: "kotlin",
    ending: "kt",
    head: "package dev.viseme.documents\n\nimport dev.viseme.*\n",
    open: "suspend fun NAME() {\n",
    declarations: &["suspend fun ", "fun "],
};

/// Writes the code of the Swift blocks into an emptied folder; returns the files.
pub(super) fn write_swift(folder: &Path) -> Result<Vec<PathBuf>> {
    write_all(&SWIFT, folder)
}

/// Writes the code of the Kotlin blocks into an emptied folder.
pub(super) fn write_kotlin(folder: &Path) -> Result<()> {
    write_all(&KOTLIN, folder).map(drop)
}

fn write_all(syntax: &Syntax, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut documents: BTreeMap<String, Vec<CodeBlock>> = BTreeMap::new();
    for block in blocks_in(syntax.language)? {
        documents.entry(block.document.clone()).or_default().push(block);
    }
    ensure!(!documents.is_empty(), "no document has code in {}", syntax.language);
    if folder.exists() {
        fs::remove_dir_all(folder).context("cannot remove the old code of the documents")?;
    }
    fs::create_dir_all(folder).context("cannot create the folder of the documents' code")?;
    let mut files = Vec::new();
    for (document, blocks) in documents {
        let name = function_name(&document);
        let file = folder.join(format!("{name}.{}", syntax.ending));
        fs::write(&file, source(syntax, &name, &blocks))
            .with_context(|| format!("cannot write {}", file.display()))?;
        files.push(file);
    }
    Ok(files)
}

/// The source file of the blocks of a document.
fn source(syntax: &Syntax, name: &str, blocks: &[CodeBlock]) -> String {
    let (mut imports, mut declarations, mut statements) =
        (syntax.head.to_owned(), String::new(), String::new());
    for block in blocks {
        let is_import = |line: &&str| line.starts_with("import ");
        for import in block.code.lines().filter(is_import) {
            if !imports.lines().any(|line| line == import) {
                imports += &format!("{import}\n");
            }
        }
        let code: Vec<&str> = block.code.lines().filter(|line| !is_import(line)).collect();
        let code = format!("// {}:{}\n{}\n", block.document, block.line, code.join("\n").trim());
        let is_declaration = code
            .lines()
            .nth(1)
            .is_some_and(|line| syntax.declarations.iter().any(|start| line.starts_with(start)));
        if is_declaration {
            declarations += &code;
        } else {
            statements += &code;
        }
    }
    if !statements.is_empty() {
        statements = format!("{}{statements}}}\n", syntax.open.replace("NAME", name));
    }
    format!("{imports}\n{declarations}{statements}")
}

/// `docs_start_swift` for `docs/start/swift.md`.
fn function_name(document: &str) -> String {
    let stem = document.strip_suffix(".md").unwrap_or(document);
    stem.replace(|c: char| !c.is_alphanumeric(), "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::documents::read as parse;
    use crate::process::root;

    #[test]
    fn the_guide_names_the_dependencies_of_the_module() {
        let guide = fs::read_to_string(root().join("docs/mobile.md")).expect("can be read");
        let folder = root().join("bindings-mobile/kotlin");
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("can be read");
        let poms = read("pom.xml") + &read("viseme/pom.xml");
        let coroutines = text_in(&poms, "<coroutines.version>");
        for (dependency, version) in [
            (
                "net.java.dev.jna:jna",
                text_in(&poms, "<artifactId>jna</artifactId>\n      <version>"),
            ),
            ("org.jetbrains.kotlinx:kotlinx-coroutines-core", coroutines),
            (
                "org.jetbrains.kotlinx:kotlinx-serialization-json",
                text_in(&poms, "kotlinx-serialization-json</artifactId>\n        <version>"),
            ),
        ] {
            let line = format!("implementation(\"{dependency}:{version}");
            assert!(guide.contains(&line), "{line}");
        }
    }

    /// Returns what stands between this text and the next tag.
    fn text_in<'t>(text: &'t str, before: &str) -> &'t str {
        let (_, rest) = text.split_once(before).expect("stands there");
        rest.split('<').next().unwrap_or_default()
    }

    #[test]
    fn blocks_become_a_function_and_declarations_stand_beside_it() {
        let text = "```kotlin\nimport a.B\n\nval x = 1\n```\n\n- item:\n  ```kotlin\n  use(x)\n  ```\n\n\
                    ```kotlin\nsuspend fun f() = 1\n```\n";
        let document = parse("docs/a-b.md", text);
        assert_eq!(
            source(&KOTLIN, &function_name("docs/a-b.md"), &document.blocks),
            "package dev.viseme.documents\n\nimport dev.viseme.*\nimport a.B\n\n\
             // docs/a-b.md:12\nsuspend fun f() = 1\n\
             suspend fun docs_a_b() {\n// docs/a-b.md:1\nval x = 1\n// docs/a-b.md:8\nuse(x)\n}\n"
        );
    }
}
