//! Parses Rust source, if it is simple enough that reading it cannot exhaust the stack.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

/// Groups within groups, deeper than anyone writes.
const DEEPEST: usize = 64;
/// Tokens in one expression: a chain of calls is a tree as deep as it is long.
const LONGEST: usize = 1_500;

pub fn parse(text: &str) -> syn::Result<syn::File> {
    let tokens: TokenStream = audit::lexable(text).parse().map_err(syn::Error::from)?;
    if !is_simple(tokens.clone(), 0) {
        return Err(syn::Error::new(
            Span::call_site(),
            "an expression is too long or too deep to be read",
        ));
    }
    syn::parse2(tokens)
}

/// How often each identifier is written.
pub fn mentions(text: &str, seen: &mut impl FnMut(&str)) {
    fn visit(tokens: TokenStream, seen: &mut impl FnMut(&str)) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => visit(group.stream(), seen),
                TokenTree::Ident(name) => seen(&name.to_string()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
    if let Ok(tokens) = audit::lexable(text).parse::<TokenStream>()
        && is_simple(tokens.clone(), 0)
    {
        visit(tokens, seen);
    }
}

fn is_simple(tokens: TokenStream, depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    let mut length = 0;
    let mut after_block = false;
    for token in tokens {
        // A new item or statement begins after a block, unless what follows continues its expression.
        let begins = match &token {
            TokenTree::Ident(name) => *name != "else",
            TokenTree::Punct(punct) => punct.as_char() == '#',
            _ => false,
        };
        length = if after_block && begins { 1 } else { length + 1 };
        after_block =
            matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        match token {
            TokenTree::Punct(punct) if [';', ','].contains(&punct.as_char()) => length = 0,
            TokenTree::Group(group) if !is_simple(group.stream(), depth + 1) => return false,
            _ if length > LONGEST => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rustc_reads_before_the_first_item_is_read() {
        for text in [
            "#!/usr/bin/env rust-script\nmod a;",
            "\u{feff}mod a;",
            "#![no_std]\nmod a;",
            "#! [no_std]\nmod a;",
        ] {
            assert_eq!(parse(text).map(|file| file.items.len()).ok(), Some(1), "{text}");
        }
    }
}
