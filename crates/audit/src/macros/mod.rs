//! Arguments of macros, as expressions that can be followed like any others.

pub mod rules;
mod transcription;

use std::collections::HashMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Item, Macro};

use crate::items::{Index, ModuleId, Owner};
use crate::modules::{Place, Reader};
use crate::names::segments;
use rules::Book;

/// A macro call in a body.
pub struct Parsed {
    /// Last name of its path.
    pub name: String,
    /// Pairs of `key => value` are tuples; `name = value` is an assignment.
    pub arguments: Vec<Expr>,
    /// What it expands to, when it is a macro of the project.
    pub expansion: Option<Block>,
    /// Names called like methods without arguments in what could not be parsed, with their lines.
    pub unread: Vec<(String, usize)>,
}

/// How deep macros are expanded in macros.
const DEEPEST: usize = 24;

struct Walker<'a> {
    rules: &'a Book,
    /// The crate whose code is walked.
    krate: usize,
    found: HashMap<usize, Parsed>,
    depth: usize,
}

/// Where the arguments of a macro are filed.
pub fn address(mac: &Macro) -> usize {
    std::ptr::from_ref(mac).addr()
}

/// Parses the arguments of all macros in all bodies.
pub fn read_all(index: &mut Index, rules: &Book) {
    let mut walker = Walker { rules, krate: 0, found: HashMap::new(), depth: 0 };
    for function in &index.functions {
        walker.krate = index.modules[function.module.0].krate.0;
        if let Some(body) = &function.body {
            walker.visit_block(body);
        }
    }
    for constant in &index.constants {
        walker.krate = index.modules[constant.module.0].krate.0;
        if let Some(value) = &constant.value {
            walker.visit_expr(value);
        }
    }
    index.macros = walker.found;
}

impl<'ast> Visit<'ast> for Walker<'_> {
    fn visit_macro(&mut self, node: &'ast Macro) {
        if self.depth > DEEPEST {
            return;
        }
        let parsed = self.parse(node);
        self.depth += 1;
        for argument in &parsed.arguments {
            visit::visit_expr(self, argument);
        }
        if let Some(block) = &parsed.expansion {
            visit::visit_block(self, block);
        }
        self.depth -= 1;
        self.found.insert(address(node), parsed);
    }
}

impl Walker<'_> {
    fn parse(&self, node: &Macro) -> Parsed {
        let name =
            node.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let mut parsed =
            Parsed { name, arguments: Vec::new(), expansion: None, unread: Vec::new() };
        if let Some(made) = self.rules.expand(self.krate, &segments(&node.path), &node.tokens)
            && let Ok(stmts) = Block::parse_within.parse2(made)
        {
            parsed.expansion = Some(Block { brace_token: syn::token::Brace::default(), stmts });
            return parsed;
        }
        arguments(node.tokens.clone(), &mut parsed, 0);
        parsed
    }
}

/// Reads what looks like expressions, however a macro separates them.
fn arguments(tokens: TokenStream, parsed: &mut Parsed, depth: usize) {
    if depth > DEEPEST {
        unread(tokens, &mut parsed.unread);
        return;
    }
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    if tokens.iter().any(|token| is(token, ';')) {
        let all: TokenStream = tokens.iter().cloned().collect();
        if let Ok(stmts) = Block::parse_within.parse2(all) {
            parsed.arguments.push(Expr::Block(syn::ExprBlock {
                attrs: Vec::new(),
                label: None,
                block: Block { brace_token: syn::token::Brace::default(), stmts },
            }));
            return;
        }
    }
    for part in tokens.split(|token| is(token, ',') || is(token, ';')) {
        argument(part, parsed, depth);
    }
}

fn argument(part: &[TokenTree], parsed: &mut Parsed, depth: usize) {
    let Some(first) = part.first() else { return };
    if let Some(found) = expression(part) {
        parsed.arguments.push(found);
        return;
    }
    if is(first, '%') || is(first, '?') {
        return argument(&part[1..], parsed, depth);
    }
    // `key => value`, `pattern = future => body`, `name: value`.
    if let Some(at) = arrow(part) {
        let (left, right) = (&part[..at], &part[at + 2..]);
        if let (Some(key), Some(value)) = (expression(left), expression(right)) {
            let elems = [key, value].into_iter().collect();
            parsed.arguments.push(Expr::Tuple(syn::ExprTuple {
                attrs: Vec::new(),
                paren_token: syn::token::Paren::default(),
                elems,
            }));
            return;
        }
        argument(left, parsed, depth + 1);
        // The body of a branch may be followed by the next branch without a comma.
        let ends = right
            .iter()
            .position(|token| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace));
        if let Some(end) = ends {
            argument(&right[..=end], parsed, depth + 1);
            argument(&right[end + 1..], parsed, depth + 1);
        } else {
            unread(right.iter().cloned().collect(), &mut parsed.unread);
        }
        return;
    }
    if let Some(at) = part.iter().position(|token| is(token, '=') || is(token, ':'))
        && at > 0
        && at + 1 < part.len()
    {
        let skipped =
            part[at..].iter().take_while(|token| is(token, '=') || is(token, ':')).count();
        return argument(&part[at + skipped..], parsed, depth + 1);
    }
    if let [TokenTree::Group(group)] = part {
        return arguments(group.stream(), parsed, depth + 1);
    }
    unread(part.iter().cloned().collect(), &mut parsed.unread);
}

fn expression(part: &[TokenTree]) -> Option<Expr> {
    syn::parse2(part.iter().cloned().collect()).ok()
}

fn arrow(part: &[TokenTree]) -> Option<usize> {
    part.windows(2).position(|pair| is(&pair[0], '=') && is(&pair[1], '>'))
}

fn is(token: &TokenTree, expected: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == expected)
}

/// Notes `.name()` in tokens that no rule reads.
pub fn unread(tokens: TokenStream, found: &mut Vec<(String, usize)>) {
    let mut waiting = vec![tokens];
    while let Some(tokens) = waiting.pop() {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for window in tokens.windows(3) {
            if let [dot, TokenTree::Ident(name), TokenTree::Group(group)] = window
                && is(dot, '.')
                && group.delimiter() == Delimiter::Parenthesis
                && group.stream().is_empty()
            {
                found.push((name.to_string(), name.span().start().line));
            }
        }
        waiting.extend(tokens.into_iter().filter_map(|token| match token {
            TokenTree::Group(group) => Some(group.stream()),
            _ => None,
        }));
    }
}

impl Reader<'_> {
    /// A macro among the items of a module.
    pub fn item_macro(&mut self, module: ModuleId, item: &syn::ItemMacro, place: &Place) {
        let path = segments(&item.mac.path);
        let Some(name) = path.last().cloned() else { return };
        if name == "macro_rules" {
            if let Some(defined) = &item.ident {
                let (krate, library) = (self.krate().0, self.library());
                self.rules.add(defined.to_string(), krate, &library, item.mac.tokens.clone());
            }
            return;
        }
        if self.expanding < DEEPEST
            && let Some(made) = self.rules.expand(self.krate().0, &path, &item.mac.tokens)
            && let Ok(file) = syn::parse2::<syn::File>(made)
        {
            self.expanding += 1;
            self.items(module, file.items, place);
            self.expanding -= 1;
            return;
        }
        if self.statics(module, item.mac.tokens.clone(), place) {
            return;
        }
        if let Ok(file) = syn::parse2::<syn::File>(item.mac.tokens.clone())
            && !file.items.is_empty()
        {
            self.items(module, file.items, place);
            return;
        }
        self.foreign_macro(module, &name, &item.mac, place);
    }

    /// `lazy_static!`, `thread_local!` and their like: `static [ref] NAME: TYPE = VALUE;`.
    fn statics(&mut self, module: ModuleId, tokens: TokenStream, place: &Place) -> bool {
        let mut found = Vec::new();
        let mut kept = Vec::new();
        let mut after_static = false;
        for token in tokens {
            let skip = after_static && matches!(&token, TokenTree::Ident(name) if name == "ref");
            after_static = matches!(&token, TokenTree::Ident(name) if name == "static");
            if !skip {
                kept.push(token);
            }
        }
        if !matches!(kept.last(), Some(token) if is(token, ';')) {
            kept.push(TokenTree::Punct(proc_macro2::Punct::new(';', proc_macro2::Spacing::Alone)));
        }
        let Ok(file) = syn::parse2::<syn::File>(kept.into_iter().collect()) else {
            return false;
        };
        for item in file.items {
            let Item::Static(item) = item else { return false };
            found.push(item);
        }
        let any = !found.is_empty();
        for item in found {
            let name = item.ident.to_string();
            let id = self.constant(module, place, Owner::Nothing, Some(*item.ty), Some(item.expr));
            self.named_constant(module, name, id);
        }
        any
    }

    /// A macro of another crate: the functions that its arguments declare exist, and it may make `main`.
    fn foreign_macro(&mut self, module: ModuleId, name: &str, mac: &Macro, place: &Place) {
        let line = mac.path.segments.last().map_or(1, |segment| segment.ident.span().start().line);
        let tokens: Vec<TokenTree> = mac.tokens.clone().into_iter().collect();
        for (at, window) in tokens.windows(4).enumerate() {
            let [TokenTree::Ident(_), TokenTree::Group(group), dash, angle] = window else {
                continue;
            };
            if group.delimiter() != Delimiter::Parenthesis || !is(dash, '-') || !is(angle, '>') {
                continue;
            }
            let rest =
                tokens[at..].iter().take_while(|token| !is(token, ',') && !is(token, ';')).cloned();
            let declared: TokenStream =
                "fn".parse::<TokenStream>().unwrap_or_default().into_iter().chain(rest).collect();
            if let Ok(signature) = syn::parse2::<syn::Signature>(declared) {
                let name = signature.ident.to_string();
                let id = self.function(module, place, Owner::Nothing, signature, None, false);
                self.named_function(module, name, id);
            }
        }
        if self.is_root(module) {
            let krate = self.krate();
            let name = format!("{} {}", name, segments(&mac.path).join("::"));
            self.index.made_mains.entry(krate).or_insert((name, line));
        }
    }
}
