//! `viseme man`.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::failure::{Failure, Outcome, Result};
use crate::options::Options;
use crate::output::print_line;

#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// The folder for the pages, such as /usr/local/share/man/man1. It is created if it does not exist,
    /// and older pages in it are replaced.
    #[arg(long, short, value_name = "FOLDER")]
    out: PathBuf,
}

/// Writes a page for each command of `grammar`, and prints their paths.
pub(crate) fn man(options: &Options, args: &Man, grammar: clap::Command) -> Result<Outcome> {
    let folder = &args.out;
    let failed = |error| Failure::local(format!("write pages to {}", folder.display()), &error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut grammar = grammar.disable_help_subcommand(true);
    // Sets the full names of the subcommands, such as `viseme-batch-run`.
    grammar.build();
    let mut pages = Vec::new();
    write_pages(&grammar, folder, &mut pages).map_err(failed)?;
    if options.json {
        let pages: Vec<_> = pages.iter().map(|page| page.to_string_lossy()).collect();
        print_line(json!({"files": pages}))?;
    } else {
        pages.iter().try_for_each(|page| print_line(page.display()))?;
    }
    Ok(Outcome::Done)
}

fn write_pages(
    command: &clap::Command,
    folder: &Path,
    pages: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    pages.push(clap_mangen::Man::new(command.clone()).manual("Viseme").generate_to(folder)?);
    let mut visible = command.get_subcommands().filter(|command| !command.is_hide_set());
    visible.try_for_each(|command| write_pages(command, folder, pages))
}
