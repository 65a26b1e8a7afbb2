//! The reference of the Rust crates: what rustdoc wrote.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::process::{program, run, target};
use crate::site::files::copy_folder;
use crate::site::nav::REFERENCE;
use crate::site::pages::{Entry, Pages, write};

/// The crates for users, and what each is for.
const CRATES: &[(&str, &str)] = &[
    ("viseme", "the client"),
    ("viseme_ledger", "the durable record of paid submits"),
    ("viseme_batch", "many rows of a table, resumable, with a limit of cost"),
    ("viseme_dub", "media made acceptable, and clips of any length"),
    ("viseme_mock", "the mock server"),
    ("viseme_spec", "the API as data: models, limits, error codes"),
];

pub(super) fn stage(pages: &mut Pages, folder: &Path) -> Result<()> {
    // As the step `doc` does, which Cargo then need not do again.
    let mut doc = program("cargo", &["doc", "--locked", "--no-deps", "--all-features", "--lib"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    run(doc)?;
    copy_folder(&target().join("doc"), &folder.join("reference/rust/doc"))?;
    let mut text = "# Rust\n\nThe documentation that rustdoc generates from the crates.\n\n\
                    | crate | purpose |\n|---|---|\n"
        .to_owned();
    for (name, purpose) in CRATES {
        let index = folder.join("reference/rust/doc").join(name).join("index.html");
        ensure!(index.is_file(), "rustdoc wrote nothing of {name}");
        text += &format!("| [`{name}`](rust/doc/{name}/index.html) | {purpose} |\n");
    }
    write(&folder.join("reference/rust.md"), &text).context("cannot write the page of Rust")?;
    pages.add(REFERENCE, Entry::page("Rust API", "reference/rust.md"))
}
