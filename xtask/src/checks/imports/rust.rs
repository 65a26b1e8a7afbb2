//! The imports of a Rust crate: `use` declarations and paths in code, macros included. Code that is
//! built for tests alone is left out.

use std::path::Path;

use anyhow::{Context as _, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, Item, ItemMod, ItemUse, Macro, UseTree};

use super::{Import, Module, ModulePath, Place, Tree, files, text};

pub(super) fn read(root: &Path, folder: &str) -> Result<Tree> {
    let mut tree = Tree { files: files(root, folder, &[".rs"])?.len(), ..Tree::default() };
    // A program in the package of a library uses the library under the crate's name.
    let file = ["lib.rs", "main.rs"].map(|name| format!("{folder}/{name}"));
    let file = file.iter().find(|file| root.join(file).is_file());
    let file = file.with_context(|| format!("{folder} has neither lib.rs nor main.rs"))?;
    let mut next: Vec<(ModulePath, String)> = vec![(Vec::new(), file.clone())];
    while let Some((module, file)) = next.pop() {
        for child in read_file(root, &file, module, &mut tree)? {
            let path = format!("{folder}/{}", child.join("/"));
            let places = [format!("{path}.rs"), format!("{path}/mod.rs")];
            let file = places.iter().find(|file| root.join(file).is_file());
            let file = file.with_context(|| format!("there is no file for module {path}"))?;
            next.push((child, file.clone()));
        }
    }
    Ok(tree)
}

/// Reads the modules of one file and returns those that have files of their own.
fn read_file(
    root: &Path,
    file: &str,
    module: ModulePath,
    tree: &mut Tree,
) -> Result<Vec<ModulePath>> {
    let parsed = syn::parse_file(&text(root, file)?).with_context(|| format!("in {file}"))?;
    let mut reader = Reader { file, module, found: Module::default(), tree, in_files: Vec::new() };
    for item in &parsed.items {
        reader.visit_item(item);
    }
    let Reader { module, found, in_files, tree, .. } = reader;
    tree.modules.insert(module, found);
    Ok(in_files)
}

struct Reader<'a> {
    file: &'a str,
    module: ModulePath,
    found: Module,
    tree: &'a mut Tree,
    /// The modules below that have files of their own.
    in_files: Vec<ModulePath>,
}

impl Reader<'_> {
    fn import(&mut self, segments: Vec<String>, line: usize) {
        let place = Place { file: self.file.to_owned(), line };
        self.found.imports.push(Import { segments, place });
    }

    fn use_tree(&mut self, tree: &UseTree, before: &[String]) {
        let path = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(it) => self.use_tree(&it.tree, &path(&it.ident)),
            UseTree::Group(group) => group.items.iter().for_each(|it| self.use_tree(it, before)),
            UseTree::Glob(star) => {
                self.import(before.to_vec(), star.star_token.spans[0].start().line);
                self.found.globs.push(before.to_vec());
            }
            UseTree::Name(it) if it.ident == "self" => {
                self.name(before.last().cloned(), before.to_vec(), it.ident.span().start().line);
            }
            UseTree::Name(it) => {
                let line = it.ident.span().start().line;
                self.name(Some(it.ident.to_string()), path(&it.ident), line);
            }
            UseTree::Rename(it) => {
                let segments = if it.ident == "self" { before.to_vec() } else { path(&it.ident) };
                let line = it.ident.span().start().line;
                self.name(Some(it.rename.to_string()), segments, line);
            }
        }
    }

    fn name(&mut self, name: Option<String>, segments: Vec<String>, line: usize) {
        self.import(segments.clone(), line);
        if let Some(name) = name {
            self.found.names.entry(name).or_insert(segments);
        }
    }

    /// Paths of two or more segments among tokens that are not parsed.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in &tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(ident) if colons == 2 && !path.is_empty() => {
                    path.push(ident.to_string());
                }
                TokenTree::Ident(ident) => {
                    self.token_path(&mut path, line);
                    // What begins with two colons is another crate's.
                    if colons != 2 {
                        path.push(ident.to_string());
                        line = ident.span().start().line;
                    }
                }
                TokenTree::Group(group) => {
                    self.token_path(&mut path, line);
                    // `{}` with a format is a literal; this is code.
                    if group.delimiter() != Delimiter::None || !group.stream().is_empty() {
                        self.tokens(group.stream());
                    }
                }
                _ => self.token_path(&mut path, line),
            }
            colons = 0;
        }
        self.token_path(&mut path, line);
    }

    fn token_path(&mut self, path: &mut Vec<String>, line: usize) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.import(path, line);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        if name == "tests" {
            return;
        }
        let mut child = self.module.clone();
        child.push(name);
        let Some((_, items)) = &item.content else {
            self.in_files.push(child);
            return;
        };
        let outer = std::mem::replace(&mut self.module, child);
        let imports = std::mem::take(&mut self.found);
        items.iter().for_each(|item| self.visit_item(item));
        let child = std::mem::replace(&mut self.module, outer);
        let found = std::mem::replace(&mut self.found, imports);
        self.tree.modules.insert(child, found);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.use_tree(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            let line = path.segments.first().map_or(0, |first| first.ident.span().start().line);
            self.import(segments.collect(), line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, it: &'ast Macro) {
        self.visit_path(&it.path);
        self.tokens(it.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }
}

/// Whether one of the attributes is `#[cfg(test)]`, alone or among other conditions.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        attribute.path().is_ident("cfg") && wants_test(list.tokens.clone())
    })
}

fn wants_test(tokens: TokenStream) -> bool {
    let mut negated = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == "test" => return true,
            TokenTree::Ident(ident) => negated = ident == "not" || ident == "any",
            TokenTree::Group(group) if !negated && wants_test(group.stream()) => return true,
            _ => {}
        }
    }
    false
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}
