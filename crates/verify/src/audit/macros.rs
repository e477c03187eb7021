//! What macros hide. Their arguments are read as expressions where they are some; a name of an operation that stands
//! alone in them, or in a definition, is a call that only the compiler can see.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{Block, Expr, Ident, Token};

use super::Candidates;
use super::walk::Walk;
use crate::operations::Operation;

/// The macros of the handler's manifest, which is read elsewhere.
const MANIFEST: [&str; 2] = ["operations", "routes"];
/// Macros that make nothing of their arguments but expressions.
const PLAIN: [&str; 31] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "concat",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "eprint",
    "eprintln",
    "error",
    "format",
    "format_args",
    "info",
    "join",
    "json",
    "matches",
    "panic",
    "pin",
    "print",
    "println",
    "ready",
    "todo",
    "trace",
    "try_join",
    "unimplemented",
    "unreachable",
    "vec",
    "warn",
    "write",
    "writeln",
];

/// A name of an operation in a stream of tokens.
struct Mention {
    name: Ident,
    operation: &'static Operation,
    /// It is called: `.get_item()`.
    called: bool,
}

impl Walk<'_> {
    /// A macro that calls an operation by itself may be invoked anywhere.
    pub fn macro_definition(&mut self, name: &Ident, tokens: &TokenStream) {
        if !MANIFEST.contains(&name.to_string().as_str()) {
            self.hidden(name, &mentions(tokens), |_| true);
        }
    }

    pub fn macro_use(&mut self, invocation: &syn::Macro) {
        let Some(name) = invocation.path.segments.last().map(|segment| &segment.ident) else {
            return;
        };
        let text = name.to_string();
        if MANIFEST.contains(&text.as_str()) {
            return;
        }
        let own = self.index.macros.contains(&text);
        let read = self.visit_arguments(&invocation.tokens);
        let plain = !own && PLAIN.contains(&text.as_str());
        let mentions = mentions(&invocation.tokens);
        match (read, plain) {
            (true, true) => {}
            // Calls among the arguments were read; a bare name may become a call.
            (true, false) => self.hidden(name, &mentions, |mention| !mention.called),
            (false, true) => self.hidden(name, &mentions, |mention| mention.called),
            (false, false) => self.hidden(name, &mentions, |_| true),
        }
    }

    fn visit_arguments(&mut self, tokens: &TokenStream) -> bool {
        let expressions = Punctuated::<Expr, Token![,]>::parse_terminated;
        if let Ok(arguments) = expressions.parse2(tokens.clone()) {
            arguments.iter().for_each(|argument| self.visit_expr(argument));
            return true;
        }
        match Block::parse_within.parse2(tokens.clone()) {
            Ok(statements) => {
                for statement in &statements {
                    self.visit_stmt(statement);
                }
                true
            }
            Err(_) => false,
        }
    }

    fn hidden(&mut self, name: &Ident, mentions: &[Mention], keep: impl Fn(&Mention) -> bool) {
        let hidden: BTreeSet<&str> = mentions
            .iter()
            .filter(|mention| keep(mention))
            .map(|mention| mention.operation.name)
            .collect();
        let Some(first) = mentions.iter().find(|mention| keep(mention)) else { return };
        let names: Vec<&str> = hidden.iter().copied().collect();
        let message = format!("the macro `{name}!` may call {}", names.join(", "));
        self.doubt("macro", message, &first.name, Candidates::of(names));
    }
}

/// All names of operations, as methods (`get_item`) or as types (`GetItem`).
fn mentions(tokens: &TokenStream) -> Vec<Mention> {
    let mut found = vec![];
    let mut after_dot = false;
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        if let TokenTree::Ident(name) = &token {
            let text = name.to_string();
            let operation = Operation::of_method(&text).or_else(|| Operation::named(&text));
            let called = after_dot && matches!(tokens.peek(), Some(TokenTree::Group(_)));
            found.extend(operation.map(|operation| Mention {
                name: name.clone(),
                operation,
                called,
            }));
        }
        if let TokenTree::Group(group) = &token {
            found.extend(mentions(&group.stream()));
        }
        after_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    found
}
