//! The reference of the npm package: TypeDoc writes Markdown from the TypeScript code.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::node::install_in;
use crate::process::{output, program, root};
use crate::site::nav::REFERENCE;
use crate::site::pages::{Entry, Pages, write};
use crate::tools::ensure_node;

/// Where the pages are in the site.
const PLACE: &str = "reference/node";

pub(super) fn install() -> Result<()> {
    ensure_node()?;
    install_in(&tools())
}

pub(super) fn stage(pages: &mut Pages, folder: &Path) -> Result<()> {
    let code = root().join("bindings-node");
    let config = json!({
        "entryPoints": [code.join("ts/index.ts")],
        "tsconfig": code.join("tsconfig.json"),
        // The types of Node.js, which the package's own folder of dependencies need not have.
        "compilerOptions": { "types": ["node"], "typeRoots": [tools().join("node_modules/@types")] },
        "plugin": ["typedoc-plugin-markdown"],
        "out": folder.join(PLACE),
        "name": "Node.js API",
        "entryFileName": "index",
        "readme": "none",
        "disableSources": true,
        "excludeInternal": true,
        "excludePrivate": true,
        // A type may have helpers that are not exported.
        "validation": { "notExported": false },
        "treatWarningsAsErrors": true,
        "hidePageHeader": true,
        "hideBreadcrumbs": true,
        "useCodeBlocks": true,
        "parametersFormat": "table",
        "interfacePropertiesFormat": "table",
        "classPropertiesFormat": "table",
        "typeDeclarationFormat": "table",
    });
    // Plugins are found from the folder of this file's generator.
    let path = folder.with_file_name("typedoc.json");
    write(&path, &serde_json::to_string_pretty(&config)?)?;
    let arguments = ["node_modules/typedoc/bin/typedoc", "--options", &path.display().to_string()];
    let mut typedoc = program("node", &arguments);
    typedoc.current_dir(tools());
    output(typedoc)?;
    let mut entries = vec![Entry::page("Overview", format!("{PLACE}/index.md"))];
    for (title, kind) in [
        ("Classes", "classes"),
        ("Functions", "functions"),
        ("Interfaces", "interfaces"),
        ("Types", "type-aliases"),
    ] {
        entries.push(Entry::group(title, members(folder, kind)?));
    }
    pages.add(REFERENCE, Entry::group("Node.js API", entries))
}

/// The pages of one kind, by name.
fn members(folder: &Path, kind: &str) -> Result<Vec<Entry>> {
    let place = folder.join(PLACE).join(kind);
    let files = fs::read_dir(&place).with_context(|| format!("no {kind} in the reference"))?;
    let mut names = Vec::new();
    for file in files {
        names.push(file?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let entry =
        |name: &String| Entry::page(name.trim_end_matches(".md"), format!("{PLACE}/{kind}/{name}"));
    Ok(names.iter().map(entry).collect())
}

fn tools() -> PathBuf {
    root().join("site")
}
