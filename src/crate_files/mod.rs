//! The files of the handler that cargo compiles, and of these what it compiles for Lambda.
//!
//! Only `mod` makes a file a part of a crate: whatever else lies in its folder is not read. Items that a `cfg` leaves out
//! are blanked, so that all lines stay where they are.

mod roots;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use engine::error::{Error, Result};
use package::cfg;
use verify::source;

use crate::files;
use roots::Roots;

/// The compiled files of a crate with their texts, in the order of their paths.
pub fn read(crate_directory: &Path) -> Result<Vec<(PathBuf, String)>> {
    let roots = Roots::of(crate_directory)?;
    if roots.files.is_empty() {
        return Err(Error::usage(format!(
            "`{}` has no program: there is no `src/main.rs`",
            crate_directory.display()
        )));
    }
    let mut reading = Reading { features: roots.features, seen: BTreeSet::new(), files: vec![] };
    for root in roots.files {
        let folder = parent(&root);
        reading.file(root, folder)?;
    }
    reading.files.sort();
    Ok(reading.files)
}

struct Reading {
    features: BTreeSet<String>,
    /// The files themselves, by whatever path they were reached: a loop of links ends.
    seen: BTreeSet<PathBuf>,
    files: Vec<(PathBuf, String)>,
}

impl Reading {
    /// Reads a file, and those of its modules. `folder` is where these lie.
    #[allow(clippy::needless_pass_by_value, reason = "the caller has no use for them")]
    fn file(&mut self, path: PathBuf, folder: PathBuf) -> Result<()> {
        if !self.seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            return Ok(());
        }
        let mut text = without_first_mark(&files::read_text(&path)?);
        let mut modules = vec![];
        // The compiler says better than we what is wrong with a text that is no Rust.
        if let Ok(parsed) = source::parse(&text) {
            let beside = parent(&path);
            let place = Place { beside: beside.clone(), below: folder };
            let mut walk =
                Walk { features: &self.features, place, beside, modules: vec![], out: vec![] };
            if walk.is_out(&parsed.attrs) {
                walk.out.push(0..text.len());
            } else {
                walk.visit_file(&parsed);
            }
            blank(&mut text, &walk.out);
            modules = walk.modules;
        }
        self.files.push((path.clone(), text));
        for module in modules {
            self.module(&path, module)?;
        }
        Ok(())
    }

    #[allow(clippy::needless_pass_by_value, reason = "a module is read once")]
    fn module(&mut self, from: &Path, module: Module) -> Result<()> {
        let found = module.paths.iter().find(|(path, _)| path.is_file()).cloned();
        match found {
            Some((path, folder)) => self.file(path, folder),
            None if module.is_certain => {
                let from = from.display();
                let expected = module.paths.first().map(|(path, _)| path.display().to_string());
                Err(Error::usage(format!(
                    "`{from}` has a module without a file: `{}`",
                    module.name
                ))
                .hint(format!("the file is `{}`", expected.unwrap_or_default())))
            }
            None => Ok(()),
        }
    }
}

/// Where the modules of a file, or of a module within it, have their files.
#[derive(Clone)]
struct Place {
    /// What `#[path]` counts from.
    beside: PathBuf,
    below: PathBuf,
}

/// A `mod` with the files that it may mean, each with the folder of its own modules.
struct Module {
    name: String,
    paths: Vec<(PathBuf, PathBuf)>,
    /// Cargo would not compile the crate without it.
    is_certain: bool,
}

/// <https://doc.rust-lang.org/reference/items/modules.html>
struct Walk<'a> {
    features: &'a BTreeSet<String>,
    place: Place,
    /// The folder of the file, which `include!` counts from.
    beside: PathBuf,
    modules: Vec<Module>,
    /// The bytes of what is not compiled.
    out: Vec<Range<usize>>,
}

impl Walk<'_> {
    /// Whether some `cfg` certainly leaves out what has these attributes.
    fn is_out(&self, attributes: &[Attribute]) -> bool {
        attributes.iter().any(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("cfg") => {
                self.hold(list.tokens.clone()) == Some(false)
            }
            Meta::Path(path) => path.is_ident("test"),
            _ => false,
        })
    }

    fn hold(&self, conditions: TokenStream) -> Option<bool> {
        cfg::all_hold(conditions, &|name, value| on_lambda(self.features, name, value))
    }

    /// Whether to go on with what has these attributes; else its bytes are not compiled.
    fn enters(&mut self, attributes: &[Attribute], spanned: &impl Spanned) -> bool {
        let is_out = self.is_out(attributes);
        if is_out {
            self.out.push(spanned.span().byte_range());
        }
        !is_out
    }

    fn declared(&mut self, name: &str, attributes: &[Attribute], is_certain: bool) {
        let name = name.trim_start_matches("r#");
        let paths = self.explicit(attributes);
        let known = |attribute: &Attribute| {
            ["path", "doc", "allow", "expect", "warn", "deny", "deprecated", "macro_use"]
                .iter()
                .any(|known| attribute.path().is_ident(known))
        };
        let is_certain = is_certain && attributes.iter().all(known);
        let below = self.place.below.join(name);
        let paths = match paths.is_empty() {
            false => paths,
            true => vec![
                (below.with_file_name(format!("{name}.rs")), below.clone()),
                (below.join("mod.rs"), below),
            ],
        };
        self.modules.push(Module { name: name.to_owned(), paths, is_certain });
    }

    /// The file of `#[path = "…"]`, also within `cfg_attr`: its modules lie beside it.
    fn explicit(&self, attributes: &[Attribute]) -> Vec<(PathBuf, PathBuf)> {
        let paths = attributes.iter().filter_map(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("cfg_attr") => self.given(list.tokens.clone()),
            meta => path_of(meta),
        });
        paths
            .map(|path| self.place.beside.join(path))
            .map(|path| (path.clone(), parent(&path)))
            .collect()
    }

    /// The path in `cfg_attr(condition, path = "…")`, unless the condition certainly does not hold.
    fn given(&self, tokens: TokenStream) -> Option<String> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
        let comma = tokens.iter().position(is_comma)?;
        let condition = tokens[..comma].iter().cloned().collect();
        let attribute: TokenStream = tokens[comma + 1..].iter().cloned().collect();
        let held = self.hold(condition) != Some(false);
        path_of(&syn::parse2(attribute).ok()?).filter(|_| held)
    }

    /// `mod name;` in what a macro is given, such as `cfg_if!`: whether it is compiled, the macro decides.
    fn in_macro(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut is_out = false;
        for (at, token) in tokens.iter().enumerate() {
            match (token, tokens.get(at + 1), tokens.get(at + 2)) {
                (TokenTree::Punct(mark), Some(TokenTree::Group(group)), _)
                    if mark.as_char() == '#' =>
                {
                    is_out |= self.is_out(&attributes(token, group));
                }
                (
                    TokenTree::Ident(word),
                    Some(TokenTree::Ident(name)),
                    Some(TokenTree::Punct(end)),
                ) if word == "mod" && end.as_char() == ';' && !std::mem::take(&mut is_out) => {
                    self.declared(&name.to_string(), &[], false);
                }
                (TokenTree::Group(group), ..)
                    if group.delimiter() == Delimiter::Brace && !std::mem::take(&mut is_out) =>
                {
                    self.in_macro(group.stream());
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if self.enters(attributes_of(item), item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Const(item) => &item.attrs,
            syn::ImplItem::Fn(item) => &item.attrs,
            syn::ImplItem::Type(item) => &item.attrs,
            syn::ImplItem::Macro(item) => &item.attrs,
            _ => return,
        };
        if self.enters(attributes, item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        let attributes = match statement {
            syn::Stmt::Local(local) => local.attrs.as_slice(),
            syn::Stmt::Macro(invocation) => &invocation.attrs,
            syn::Stmt::Expr(Expr::Block(block), _) => &block.attrs,
            _ => &[],
        };
        if self.enters(attributes, statement) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if self.enters(&arm.attrs, arm) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        if item.content.is_none() {
            return self.declared(&name, &item.attrs, true);
        }
        let explicit = self.explicit(&item.attrs).into_iter().next();
        let below = self.place.below.join(name.trim_start_matches("r#"));
        let inside = explicit.map_or(below, |(path, _)| path);
        let inside = Place { beside: inside.clone(), below: inside };
        let outside = std::mem::replace(&mut self.place, inside);
        visit::visit_item_mod(self, item);
        self.place = outside;
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        let name = invocation.path.segments.last().map(|segment| segment.ident.to_string());
        match (name.as_deref(), syn::parse2::<syn::LitStr>(invocation.tokens.clone())) {
            (Some("include"), Ok(file)) => {
                let path = self.beside.join(file.value());
                let paths = vec![(path.clone(), parent(&path))];
                self.modules.push(Module { name: file.value(), paths, is_certain: false });
            }
            (Some("macro_rules"), _) => {}
            _ => self.in_macro(invocation.tokens.clone()),
        }
    }
}

/// A release build for Lambda's Linux. What a build may set by itself is not known.
fn on_lambda(features: &BTreeSet<String>, name: &str, value: Option<&str>) -> Option<bool> {
    match (name, value) {
        ("test" | "doctest" | "doc" | "miri" | "windows" | "proc_macro", None) => Some(false),
        ("unix", None) => Some(true),
        ("feature", Some(feature)) => Some(features.contains(feature)),
        ("target_os", Some(system)) => Some(system == "linux"),
        ("target_family", Some(family)) => Some(family == "unix"),
        ("target_env", Some(library)) => Some(library == "gnu"),
        ("target_vendor", Some(vendor)) => Some(vendor == "unknown"),
        ("target_endian", Some(order)) => Some(order == "little"),
        ("target_pointer_width", Some(width)) => Some(width == "64"),
        ("target_arch", Some(machine)) if !["x86_64", "aarch64"].contains(&machine) => Some(false),
        _ => None,
    }
}

fn path_of(meta: &Meta) -> Option<String> {
    match meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    }
}

fn attributes(mark: &TokenTree, group: &proc_macro2::Group) -> Vec<Attribute> {
    let tokens: TokenStream = [mark.clone(), TokenTree::Group(group.clone())].into_iter().collect();
    syn::parse::Parser::parse2(Attribute::parse_outer, tokens).unwrap_or_default()
}

fn attributes_of(item: &syn::Item) -> &[Attribute] {
    use syn::Item;
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Without the byte order mark and the line for a shell, which rustc takes off, too.
fn without_first_mark(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => format!("//{rest}"),
        _ => text.to_owned(),
    }
}

/// Puts spaces in place of these bytes, and keeps the lines.
fn blank(text: &mut String, out: &[Range<usize>]) {
    for range in out {
        let Some(left_out) = text.get(range.clone()) else {
            continue;
        };
        let kept = |character: char| {
            if character == '\n' { "\n".into() } else { " ".repeat(character.len_utf8()) }
        };
        let spaces: String = left_out.chars().map(kept).collect();
        text.replace_range(range.clone(), &spaces);
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

#[cfg(test)]
mod tests;
