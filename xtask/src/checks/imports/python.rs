//! The imports of a Python package: every `import` statement, those for types alone and those
//! inside functions too.

use std::path::Path;

use anyhow::Result;

use super::{Import, Module, Place, Tree, files, text};

pub(super) fn read(root: &Path, folder: &str) -> Result<Tree> {
    let files = files(root, folder, &[".py", ".pyi"])?;
    let package = folder.rsplit('/').next().unwrap_or(folder);
    let mut tree = Tree { files: files.len(), ..Tree::default() };
    for file in &files {
        let name = file.strip_prefix(folder).unwrap_or(file).trim_start_matches('/');
        let name = name.trim_end_matches('i').trim_end_matches(".py");
        let is_package = name == "__init__" || name.ends_with("/__init__");
        let mut path: Vec<String> = name.split('/').map(str::to_owned).collect();
        if is_package {
            path.pop();
        }
        let module = tree.modules.entry(path.clone()).or_default();
        // What `from .` starts at.
        let parent = if is_package { path.len() } else { path.len().saturating_sub(1) };
        let parent = path.get(..parent).unwrap_or_default();
        for statement in statements(&text(root, file)?) {
            let place = Place { file: file.clone(), line: statement.line };
            imports(&statement.text, package, parent, &place, module);
        }
    }
    Ok(tree)
}

fn imports(statement: &str, package: &str, parent: &[String], place: &Place, module: &mut Module) {
    let Module { imports, names, globs } = module;
    let mut import = |segments: Vec<String>| {
        imports.push(Import { segments, place: place.clone() });
    };
    if let Some(list) = statement.strip_prefix("import ") {
        let paths = list.split(',').map(|name| alias(name).0);
        paths.filter_map(|path| absolute(path, package, parent)).for_each(import);
        return;
    }
    let Some((path, list)) =
        statement.strip_prefix("from ").and_then(|rest| rest.split_once(" import "))
    else {
        return;
    };
    let Some(source) = absolute(path.trim(), package, parent) else { return };
    for name in list.split(',') {
        let (name, known_as) = alias(name);
        if name == "*" {
            import(source.clone());
            globs.push(source.clone());
        } else if !name.is_empty() {
            let segments = [source.as_slice(), &[name.to_owned()]].concat();
            import(segments.clone());
            names.entry(known_as.to_owned()).or_insert(segments);
        }
    }
}

/// The name that is imported, and the name it gets.
fn alias(text: &str) -> (&str, &str) {
    let (name, known_as) = text.split_once(" as ").unwrap_or((text, text));
    (name.trim(), known_as.trim())
}

/// The path from the root of the package; `None` for another package.
fn absolute(path: &str, package: &str, parent: &[String]) -> Option<Vec<String>> {
    let mut segments = vec!["crate".to_owned()];
    let names = path.trim_start_matches('.');
    let dots = path.len() - names.len();
    let names = names.split('.').filter(|name| !name.is_empty()).map(str::to_owned);
    if dots == 0 {
        let mut names = names.peekable();
        if names.next()? != package {
            return None;
        }
        segments.extend(names);
    } else {
        segments.extend_from_slice(parent.get(..parent.len().checked_sub(dots - 1)?)?);
        segments.extend(names);
    }
    Some(segments)
}

/// A statement without comments, line breaks, brackets and what strings contain.
struct Statement {
    text: String,
    line: usize,
}

fn statements(code: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut current = Statement { text: String::new(), line: 1 };
    let mut brackets = 0_usize;
    let mut line = 1;
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let mut skip = c.len_utf8();
        match c {
            '#' => skip = rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => skip = string_length(rest, c),
            '\\' if rest.starts_with("\\\n") => skip = 2,
            '(' | '[' | '{' => brackets += 1,
            ')' | ']' | '}' => brackets = brackets.saturating_sub(1),
            '\n' | ';' if brackets == 0 => {
                let text = std::mem::take(&mut current.text).trim().to_owned();
                if !text.is_empty() {
                    found.push(Statement { text, line: current.line });
                }
            }
            c if c.is_whitespace() => current.text.push(' '),
            c => {
                if current.text.trim().is_empty() {
                    current.line = line;
                }
                current.text.push(c);
            }
        }
        let (skipped, after) = rest.split_at(skip.min(rest.len()));
        line += skipped.matches('\n').count();
        rest = after;
    }
    let text = current.text.trim().to_owned();
    if !text.is_empty() {
        found.push(Statement { text, line: current.line });
    }
    found
}

/// The bytes of the string that the text starts with, its quotes included.
fn string_length(text: &str, quote: char) -> usize {
    let long = quote.to_string().repeat(3);
    let end = if text.starts_with(&long) { long.as_str() } else { &long[..1] };
    let mut at = end.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(end) {
            return at + end.len();
        }
        if end.len() == 1 && rest.starts_with('\n') {
            return at;
        }
        let escaped = usize::from(rest.starts_with('\\'));
        at += rest.chars().take(1 + escaped).map(char::len_utf8).sum::<usize>();
    }
    text.len()
}
