//! Collects the pages of the site: copies of the repository's documents, whose links lead to each
//! other, and a page for every other file that they link to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::nav::{GUIDES, HOME, PROJECT, SECTIONS};
use super::{markdown, source};
use crate::checks::project_files;
use crate::process::root;

/// The folder of the pages of files that are no documents.
const SOURCE: &str = "source";

/// The pages, and where the navigation shows them.
pub(super) struct Pages {
    /// By path in the repository: the path in the site.
    staged: BTreeMap<String, String>,
    /// Titles of sections with their pages: titles and paths in the site.
    sections: Vec<(String, Vec<Entry>)>,
}

/// An entry of the navigation.
pub(super) struct Entry {
    title: String,
    to: Destination,
}

enum Destination {
    /// The path of a page in the site.
    Page(String),
    Group(Vec<Entry>),
}

impl Entry {
    /// A page by its path in the site.
    pub(super) fn page(title: impl Into<String>, path: impl Into<String>) -> Self {
        Self { title: title.into(), to: Destination::Page(path.into()) }
    }

    /// Entries below a common title.
    pub(super) fn group(title: impl Into<String>, entries: Vec<Self>) -> Self {
        Self { title: title.into(), to: Destination::Group(entries) }
    }

    fn nav(&self) -> Value {
        match &self.to {
            Destination::Page(path) => json!({ &self.title: path }),
            Destination::Group(entries) => {
                json!({ &self.title: entries.iter().map(Self::nav).collect::<Vec<_>>() })
            }
        }
    }
}

impl Pages {
    /// Writes all pages into a folder.
    pub(super) fn stage(folder: &Path) -> Result<Self> {
        let files = project_files()?;
        let mut pages = Self { staged: BTreeMap::new(), sections: Vec::new() };
        let mut queue = VecDeque::new();
        for section in SECTIONS {
            pages.sections.push((section.title.to_owned(), Vec::new()));
            for page in section.pages {
                ensure!(files.iter().any(|file| file == page.file), "there is no {}", page.file);
                queue.push_back((
                    page.file.to_owned(),
                    section.title,
                    page.title.map(str::to_owned),
                ));
            }
            if section.title == GUIDES {
                let more = files.iter().filter(|file| is_unlisted_guide(file));
                queue.extend(more.map(|file| (file.clone(), GUIDES, None)));
            }
        }
        let mut seen: BTreeSet<String> = queue.iter().map(|(file, ..)| file.clone()).collect();
        while let Some((file, section, title)) = queue.pop_front() {
            let mut links = BTreeSet::new();
            let (text, found) = pages.convert(&file, &files, &mut links)?;
            let path = staged(&file);
            write(&folder.join(&path), &text)?;
            pages.staged.insert(file.clone(), path.clone());
            if !path.starts_with(SOURCE) {
                let title = title.unwrap_or(found);
                let list = pages.sections.iter_mut().find(|(name, _)| name == section);
                list.context("no such section")?.1.push(Entry::page(title, path));
            }
            for link in links {
                if seen.insert(link.clone()) {
                    queue.push_back((link, PROJECT, None));
                }
            }
        }
        Ok(pages)
    }

    /// The text of the page of a file, and its title. Collects the files that it links to.
    fn convert(
        &self,
        file: &str,
        files: &[String],
        links: &mut BTreeSet<String>,
    ) -> Result<(String, String)> {
        let path = root().join(file);
        if path.is_dir() {
            return source::folder(file, files, links);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        let text = match path.extension().and_then(|it| it.to_str()) {
            Some("md") => text,
            Some("ipynb") => source::notebook(&text)?,
            _ => return Ok(source::file(file, &text)),
        };
        let text = source::insert_examples(&text)?;
        let title = markdown::title(&text).unwrap_or(file).replace('`', "");
        let page = markdown::convert(&text, |link| {
            let (to, heading) = link.split_once('#').unwrap_or((link, ""));
            let to = resolve(file, to).with_context(|| format!("{file}: {link}"))?;
            // The page of a folder is its README, if it has one.
            let readme =
                if to.is_empty() { "README.md".to_owned() } else { format!("{to}/README.md") };
            let to = if files.contains(&readme) { readme } else { to };
            ensure!(root().join(&to).exists(), "{file}: {link}: there is no {to}");
            links.insert(to.clone());
            let heading = if heading.is_empty() { String::new() } else { format!("#{heading}") };
            Ok(relative(&staged(file), &staged(&to)) + &heading)
        });
        Ok((page.with_context(|| format!("cannot convert {file}"))?, title))
    }

    /// Adds an entry to a section.
    pub(super) fn add(&mut self, section: &str, entry: Entry) -> Result<()> {
        let list = self.sections.iter_mut().find(|(name, _)| name == section);
        list.context("no such section")?.1.push(entry);
        Ok(())
    }

    /// The navigation as MkDocs reads it.
    pub(super) fn nav(&self) -> Value {
        let section = |(title, entries): &(String, Vec<Entry>)| json!({ title: entries.iter().map(Entry::nav).collect::<Vec<_>>() });
        self.sections.iter().map(section).collect()
    }
}

/// Whether a document is a guide that no section names.
fn is_unlisted_guide(file: &str) -> bool {
    file.starts_with("docs/")
        && file.ends_with(".md")
        && !SECTIONS.iter().flat_map(|section| section.pages).any(|page| page.file == file)
}

/// Where the page of a file is in the site.
fn staged(file: &str) -> String {
    if file == HOME {
        return "index.md".to_owned();
    }
    let name = file.strip_prefix("docs/").or_else(|| file.strip_prefix("site/")).unwrap_or(file);
    if let Some(stem) = name.strip_suffix(".ipynb") {
        return format!("{stem}.md");
    }
    if !name.ends_with(".md") {
        return format!("{SOURCE}/{file}.md");
    }
    match name {
        "README.md" => "overview.md".to_owned(),
        "CHANGELOG.md" => "changes.md".to_owned(),
        "CONTRIBUTING.md" => "contributing.md".to_owned(),
        _ => name.strip_suffix("/README.md").map_or(name.to_owned(), |it| format!("{it}.md")),
    }
}

/// The path in the repository of a link of a file.
fn resolve(file: &str, link: &str) -> Result<String> {
    let mut path = PathBuf::from(file);
    path.pop();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => ensure!(path.pop(), "leads out of the repository"),
            Component::CurDir => {}
            Component::Normal(name) => path.push(name),
            Component::RootDir | Component::Prefix(_) => anyhow::bail!("must be relative"),
        }
    }
    Ok(path.to_string_lossy().replace('\\', "/"))
}

/// The link from a page of the site to another.
fn relative(from: &str, to: &str) -> String {
    let ups = from.matches('/').count();
    "../".repeat(ups) + to
}

pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("a file without a folder")?;
    fs::create_dir_all(folder)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_resolve_within_the_repository() {
        assert_eq!(resolve("docs/a.md", "../README.md").expect("inside"), "README.md");
        assert_eq!(resolve("docs/a.md", "b/c.md").expect("inside"), "docs/b/c.md");
        assert_eq!(resolve("README.md", ".").expect("inside"), "");
        resolve("README.md", "../x").expect_err("outside");
    }

    #[test]
    fn every_file_has_a_place_in_the_site() {
        for (file, page) in [
            ("site/index.md", "index.md"),
            ("README.md", "overview.md"),
            ("docs/start/python.md", "start/python.md"),
            ("integrations/celery/README.md", "integrations/celery.md"),
            ("docs/notebooks/batch.ipynb", "notebooks/batch.md"),
            ("core/examples/hook.rs", "source/core/examples/hook.rs.md"),
            ("LICENSE-MIT", "source/LICENSE-MIT.md"),
        ] {
            assert_eq!(staged(file), page);
        }
        assert_eq!(relative("start/python.md", "errors.md"), "../errors.md");
    }

    #[test]
    fn guides_that_no_section_names_are_added() {
        assert!(is_unlisted_guide("docs/no-such-guide.md"));
        assert!(!is_unlisted_guide("docs/errors.md"));
        assert!(!is_unlisted_guide("README.md"));
    }
}
