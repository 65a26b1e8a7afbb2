//! The reference of the Kotlin module: Dokka reads the code.

use std::path::Path;

use anyhow::Result;

use crate::mobile::kotlin;
use crate::site::files::copy_folder;
use crate::site::nav::REFERENCE;
use crate::site::pages::{Entry, Pages, write};

const PAGE: &str = "# Kotlin\n\nThe documentation that Dokka generates from the code: \
                    [package `dev.viseme`](kotlin/doc/index.html).\n\n\
                    [Mobile apps](../mobile.md) describes how to use it.\n";

pub(super) fn stage(pages: &mut Pages, folder: &Path) -> Result<()> {
    copy_folder(&kotlin::reference()?, &folder.join("reference/kotlin/doc"))?;
    write(&folder.join("reference/kotlin.md"), PAGE)?;
    pages.add(REFERENCE, Entry::page("Kotlin API", "reference/kotlin.md"))
}
