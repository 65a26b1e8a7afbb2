//! The imports of a folder of TypeScript files: `import` and `export … from`, those of types too,
//! `import(…)` and `require(…)`.

use std::path::Path;

use anyhow::Result;

use super::{Import, Module, Place, Tree, files, text};

const ENDINGS: [&str; 3] = [".ts", ".mts", ".cts"];

pub(super) fn read(root: &Path, folder: &str) -> Result<Tree> {
    let files = files(root, folder, &ENDINGS)?;
    let mut tree = Tree { files: files.len(), ..Tree::default() };
    for file in &files {
        let name = file.strip_prefix(folder).unwrap_or(file).trim_start_matches('/');
        let path: Vec<String> = without_ending(name).split('/').map(str::to_owned).collect();
        let parent = path.get(..path.len().saturating_sub(1)).unwrap_or_default().to_vec();
        let mut module = Module::default();
        for (specifier, line) in specifiers(&text(root, file)?) {
            if let Some(segments) = absolute(&specifier, &parent) {
                let place = Place { file: file.clone(), line };
                module.imports.push(Import { segments, place });
            }
        }
        // Two files of one name, such as index.ts and index.mts, count as one module.
        tree.modules.entry(path).or_default().imports.append(&mut module.imports);
    }
    Ok(tree)
}

fn without_ending(name: &str) -> &str {
    let endings = [".d.ts", ".d.mts", ".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// The path from the folder's root; `None` for packages and for files outside of it.
fn absolute(specifier: &str, parent: &[String]) -> Option<Vec<String>> {
    if !specifier.starts_with('.') {
        return None;
    }
    let mut path = parent.to_vec();
    for part in without_ending(specifier).split('/') {
        match part {
            "" | "." => {}
            ".." => drop(path.pop()?),
            name => path.push(name.to_owned()),
        }
    }
    path.insert(0, "crate".to_owned());
    Some(path)
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// The paths that are imported, and their lines.
fn specifiers(code: &str) -> Vec<(String, usize)> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    for (at, (token, line)) in tokens.iter().enumerate() {
        let Token::Text(text) = token else { continue };
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        let is_word = |back: usize, words: &[&str]| matches!(before(back), Some((Token::Word(word), _)) if words.contains(&word.as_str()));
        let is_call = matches!(before(1), Some((Token::Sign('('), _)));
        if is_word(1, &["from", "import"]) || is_call && is_word(2, &["import", "require"]) {
            found.push((text.clone(), *line));
        }
    }
    found
}

fn tokens(code: &str) -> Vec<(Token, usize)> {
    let mut found: Vec<(Token, usize)> = Vec::new();
    let mut line = 1;
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' | '\'' | '`' => {
                let length = quoted_length(rest, c);
                let text = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
                // A template is not a fixed path.
                let token = if c == '`' { Token::Sign(c) } else { Token::Text(text.to_owned()) };
                found.push((token, line));
                length
            }
            '/' if starts_expression(found.last()) => quoted_length(rest, '/'),
            c if is_part_of_word(c) => {
                let end = rest.find(|c| !is_part_of_word(c)).unwrap_or(rest.len());
                found.push((Token::Word(rest.get(..end).unwrap_or_default().to_owned()), line));
                end
            }
            c => {
                if !c.is_whitespace() {
                    found.push((Token::Sign(c), line));
                }
                c.len_utf8()
            }
        };
        let (skipped, after) = rest.split_at(length.min(rest.len()));
        line += skipped.matches('\n').count();
        rest = after;
    }
    found
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Whether a `/` after this token starts a regular expression and does not divide.
fn starts_expression(before: Option<&(Token, usize)>) -> bool {
    match before {
        None => true,
        Some((Token::Sign(sign), _)) => !matches!(sign, ')' | ']' | '}' | '`'),
        Some((Token::Word(word), _)) => word == "return" || word == "typeof",
        Some((Token::Text(_), _)) => false,
    }
}

/// The bytes of what is between quotes of this kind, both quotes included.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return at + 1;
        }
        if quote == '`' && rest.starts_with("${") {
            at += 2 + inner_length(rest.get(2..).unwrap_or_default());
            continue;
        }
        if quote != '`' && rest.starts_with('\n') {
            return at;
        }
        let escaped = usize::from(rest.starts_with('\\'));
        at += rest.chars().take(1 + escaped).map(char::len_utf8).sum::<usize>();
    }
    text.len()
}

/// The bytes of the code of a template's `${…}`, its closing brace included.
fn inner_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match c {
            '"' | '\'' | '`' => {
                at += quoted_length(text.get(at..).unwrap_or_default(), c);
                continue;
            }
            '{' => depth += 1,
            '}' if depth == 0 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
        at += c.len_utf8();
    }
    text.len()
}
